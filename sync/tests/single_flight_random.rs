//! Random calls from many tasks, some of which give up, fail or panic.

#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "common/executors.rs"]
mod executors;
#[path = "common/give_up.rs"]
mod give_up;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use canter_executor::yield_now;
use canter_sync::SingleFlight;
use drops::{Drops, Guard};
use executors::{Task, under_each};
use futures::FutureExt;
use give_up::give_up_after;
use seed::random;

const KEYS: usize = 3;

/// What a computation gives: which key it was for, and which one of that key it was.
#[derive(Clone)]
struct Value {
    key: usize,
    number: usize,
    _guard: Arc<Guard>,
}

#[derive(Default)]
struct Key {
    computing: AtomicUsize,
    begun: AtomicUsize,
    made: AtomicUsize,
}

/// One computation, which is the only one of its key.
struct Computing<'a>(&'a Key);

impl Computing<'_> {
    fn begin(key: &Key) -> Computing<'_> {
        assert_eq!(key.computing.fetch_add(1, SeqCst), 0, "one computes at a time");
        key.begun.fetch_add(1, SeqCst);
        Computing(key)
    }
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.computing.fetch_sub(1, SeqCst);
    }
}

struct Shared {
    flights: SingleFlight<usize, Value>,
    keys: [Key; KEYS],
    drops: Drops,
    finished: AtomicUsize,
}

impl Shared {
    /// One caller, which may give up or panic.
    async fn call(&self, random: &mut fastrand::Rng, gives_up: bool) {
        let at = random.usize(..KEYS);
        let key = &self.keys[at];
        let (yields, panics, polls) = (
            random.usize(..4),
            gives_up && random.u32(..8) == 0,
            random.usize(..8),
        );
        let before = key.made.load(SeqCst);
        let compute = async || {
            let _computing = Computing::begin(key);
            for _ in 0..yields {
                yield_now().await;
            }
            if panics {
                resume_unwind(Box::new("a computation of this test panics"));
            }
            Value {
                key: at,
                number: key.made.fetch_add(1, SeqCst),
                _guard: Arc::new(self.drops.guard()),
            }
        };
        let run = self.flights.run(at, compute);
        let flight = if gives_up {
            let run = AssertUnwindSafe(give_up_after(polls, run)).catch_unwind();
            run.await.ok().flatten()
        } else {
            Some(run.await)
        };
        if let Some(flight) = flight {
            assert_eq!(flight.value.key, at);
            // The last one that was made before may have been about to end its call.
            assert!(
                flight.value.number + 1 >= before,
                "a result of a call that had ended before"
            );
            self.finished.fetch_add(1, SeqCst);
        }
    }
}

#[test]
fn each_call_is_computed_by_one_and_nothing_is_left_whoever_gives_up() {
    const CALLS: usize = 30;
    let mut random = random("each_call_is_computed_by_one_and_nothing_is_left_whoever_gives_up");
    for _ in 0..5 {
        let seeds: Vec<_> = (0..60).map(|_| random.u64(..)).collect();
        under_each(|run| {
            let shared = Arc::new(Shared {
                flights: SingleFlight::new(),
                keys: Default::default(),
                drops: Drops::default(),
                finished: AtomicUsize::new(0),
            });
            let tasks = seeds.iter().enumerate().map(|(at, &seed)| -> Task {
                let shared = shared.clone();
                let mut random = fastrand::Rng::with_seed(seed);
                Box::pin(async move {
                    for _ in 0..CALLS {
                        shared.call(&mut random, at % 3 != 0).await;
                        if random.bool() {
                            yield_now().await;
                        }
                    }
                })
            });
            run(tasks.collect());
            assert_eq!(shared.flights.len(), 0);
            let made: usize = shared.keys.iter().map(|key| key.made.load(SeqCst)).sum();
            let begun: usize = shared.keys.iter().map(|key| key.begun.load(SeqCst)).sum();
            let finished = shared.finished.load(SeqCst);
            assert!(finished >= 20 * CALLS, "those who don't give up end: {finished}");
            assert!(made <= begun);
            assert_eq!(
                shared.drops.count(),
                made,
                "no value is kept, and none is dropped twice"
            );
        });
    }
}

#[test]
fn calls_that_are_forgotten_at_random_leave_nothing() {
    let mut random = random("calls_that_are_forgotten_at_random_leave_nothing");
    let seeds: Vec<_> = (0..60).map(|_| random.u64(..)).collect();
    under_each(|run| {
        let flights = SingleFlight::<usize, usize>::new();
        let tasks = seeds.iter().enumerate().map(|(own, &seed)| -> Task {
            let flights = flights.clone();
            let mut random = fastrand::Rng::with_seed(seed);
            Box::pin(async move {
                for _ in 0..30 {
                    let (key, yields, polls) = (random.usize(..KEYS), random.usize(..4), random.usize(..8));
                    let run = flights.run(key, async || {
                        for _ in 0..yields {
                            yield_now().await;
                        }
                        own
                    });
                    match random.u32(..4) {
                        0 => {
                            let flight = run.await;
                            assert!(flight.shared || flight.value == own);
                        }
                        1 => flights.forget(&key),
                        _ => _ = give_up_after(polls, run).await,
                    }
                }
            })
        });
        run(tasks.collect());
        assert!(flights.is_empty());
    });
}

#[test]
fn callers_of_one_key_who_come_together_compute_once() {
    under_each(|run| {
        let flights = SingleFlight::<(), usize>::new();
        let (computed, came) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks = (0..50).map(|_| -> Task {
            let (flights, computed, came) = (flights.clone(), computed.clone(), came.clone());
            Box::pin(async move {
                let flight = flights.run((), async || {
                    while came.load(SeqCst) < 50 {
                        yield_now().await;
                    }
                    computed.fetch_add(1, SeqCst)
                });
                let mut flight = Box::pin(flight);
                let ended = futures::poll!(&mut flight);
                came.fetch_add(1, SeqCst);
                let flight = match ended {
                    std::task::Poll::Ready(flight) => flight,
                    std::task::Poll::Pending => flight.await,
                };
                assert_eq!(flight.value, 0);
            })
        });
        run(tasks.collect());
        assert_eq!(computed.load(SeqCst), 1);
        assert!(flights.is_empty());
    });
}
