//! Concurrency is not parallelism: the same work on one worker and on two.
//!
//! ```go
//! func main() {
//!     for _, procs := range []int{1, 2} {
//!         runtime.GOMAXPROCS(procs)
//!         begun := time.Now()
//!         var group sync.WaitGroup
//!         for part := 0; part < 8; part++ {
//!             group.Go(func() { countPrimes(part) })
//!         }
//!         group.Wait()
//!         fmt.Println(procs, "worker:", time.Since(begun))
//!     }
//! }
//! ```
//!
//! The program is the same each time: eight tasks that could run in any order. With one worker they take turns, with two, and two cores to
//! run them on, they take about half as long. What only waits gains nothing from a second worker: a hundred sleeps of 50 ms take 50 ms on one.
//!
//! ```text
//! 1 worker: 9592 primes below 100,000 in [..]
//! 2 workers: 9592 primes below 100,000 in [..]
//! 1 worker: 100 sleeps of 50 ms in [..]
//! ```

use std::time::{Duration, Instant};

use canter::runtime::Builder;
use canter::time::sleep;

const BELOW: u32 = 100_000;
const PARTS: u32 = 8;

/// By trial division, which is what keeps a processor busy.
fn count_primes(numbers: impl Iterator<Item = u32>) -> usize {
    let is_prime = |number: u32| number > 1 && (2..).take_while(|d| d * d <= number).all(|d| number % d != 0);
    numbers.filter(|number| is_prime(*number)).count()
}

async fn count_in_parts() -> usize {
    let parts: Vec<_> = (0..PARTS)
        .map(|part| canter::spawn(async move { count_primes((part..BELOW).step_by(PARTS as usize)) }))
        .collect();
    let mut primes = 0;
    for part in parts {
        primes += part.await.expect("it does not panic");
    }
    primes
}

pub fn main() {
    for workers in [1, 2] {
        let runtime = Builder::new()
            .workers(workers)
            .build()
            .expect("a runtime can be started");
        let begun = Instant::now();
        let primes =
            runtime.block_on(async { canter::spawn(count_in_parts()).await.expect("it does not panic") });
        let noun = if workers == 1 { "worker" } else { "workers" };
        println!(
            "{workers} {noun}: {primes} primes below 100,000 in {:.0?}",
            begun.elapsed()
        );
    }
    let runtime = Builder::new()
        .workers(1)
        .build()
        .expect("a runtime can be started");
    let begun = Instant::now();
    runtime.block_on(async {
        let sleeps: Vec<_> = (0..100)
            .map(|_| canter::spawn(sleep(Duration::from_millis(50))))
            .collect();
        for sleep in sleeps {
            sleep.await.expect("it does not panic");
        }
    });
    println!("1 worker: 100 sleeps of 50 ms in {:.0?}", begun.elapsed());
}
