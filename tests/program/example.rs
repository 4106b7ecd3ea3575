//! Where an example's program lies.

use std::path::PathBuf;

/// Cargo builds the examples before it runs any test of the package, but not when it is told to run this file alone.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
    let program = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is missing; build it with cargo build --examples",
        program.display()
    );
    program
}
