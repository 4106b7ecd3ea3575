//! The sieve of primes: a chain of tasks, each of which lets through what its prime does not divide.

use canter_channel::{Receiver, Sender, select, unbuffered};
use canter_executor::go;
use canter_executor::runtime::Runtime;

const PRIMES: usize = 100;

/// The last of the first hundred.
const LAST: u64 = 541;

async fn generate(to: Sender<u64>) {
    for number in 2.. {
        if to.send(number).await.is_err() {
            return;
        }
    }
}

async fn filter(prime: u64, from: Receiver<u64>, to: Sender<u64>) {
    while let Ok(number) = from.recv().await {
        if number % prime != 0 && to.send(number).await.is_err() {
            return;
        }
    }
}

/// Receives the next number while the last one waits for the filter behind.
async fn filter_ahead(prime: u64, from: Receiver<u64>, to: Sender<u64>) {
    let (mut first, mut second) = (None, None);
    loop {
        select! {
            sent = to.send(first.unwrap_or_default()), if first.is_some() => {
                if sent.is_err() {
                    return;
                }
                first = second.take();
            }
            number = from.recv(), if second.is_none() => {
                let Ok(number) = number else { return };
                if number % prime != 0 {
                    if first.is_none() { first = Some(number) } else { second = Some(number) }
                }
            }
        }
    }
}

/// The first primes, through a chain of as many filters.
fn sieve<F>(workers: usize, filter: impl Fn(u64, Receiver<u64>, Sender<u64>) -> F) -> Vec<u64>
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Runtime::builder().workers(workers).build().unwrap();
    runtime.block_on(async {
        let (to, mut from) = unbuffered();
        go(generate(to));
        let mut primes = Vec::new();
        while primes.len() < PRIMES {
            let prime = from.recv().await.unwrap();
            primes.push(prime);
            let (to, filtered) = unbuffered();
            go(filter(prime, from, to));
            from = filtered;
        }
        primes
    })
}

#[track_caller]
fn assert_primes(numbers: &[u64]) {
    let is_prime = |number: &u64| (2..*number).all(|divisor| number % divisor != 0);
    let primes: Vec<u64> = (2..=LAST).filter(is_prime).collect();
    assert_eq!(numbers, primes);
}

#[test]
fn a_chain_of_filters_finds_the_primes() {
    for workers in 1..=4 {
        assert_primes(&sieve(workers, filter));
    }
}

#[test]
fn a_chain_of_filters_that_select_finds_the_primes() {
    for workers in 1..=4 {
        assert_primes(&sieve(workers, filter_ahead));
    }
}
