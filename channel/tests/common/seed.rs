//! Random tests that can be run again: the seed is printed, and `CANTER_SEED` sets it.

/// A generator for one test. A failing test shows the line with which it can be repeated.
pub fn random(test: &str) -> fastrand::Rng {
    let seed = match std::env::var("CANTER_SEED") {
        Ok(seed) => seed.parse().expect("CANTER_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    println!("{test}: CANTER_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}
