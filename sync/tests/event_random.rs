//! Random uses of an event: by hand beside a list of who has to be told, and by many tasks at once.

#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/give_up.rs"]
mod give_up;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use canter_sync::Event;
use canter_sync::event::Notified;
use executors::{Task, under_each};
use flag::{Flag, poll};
use give_up::give_up_after;
use seed::random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    NotPolled,
    InLine,
    ToldAlone,
    ToldWithAll,
    /// It was told with all before it was polled.
    Reached,
}

struct Waiter<'a> {
    future: Pin<Box<Notified<'a>>>,
    flag: Arc<Flag>,
    state: State,
}

/// What an event should do: those that wait in the order of arrival, and whether a notification is kept.
struct Model<'a> {
    /// In the order of their first polls, as far as they are in line.
    waiters: Vec<Waiter<'a>>,
    kept: bool,
}

impl Model<'_> {
    fn notify_one(&mut self) {
        let first = self
            .waiters
            .iter_mut()
            .find(|waiter| waiter.state == State::InLine);
        match first {
            Some(waiter) => {
                waiter.state = State::ToldAlone;
                assert!(waiter.flag.take(), "the first in line is woken");
            }
            None => self.kept = true,
        }
    }

    fn notify_all(&mut self) {
        for waiter in &mut self.waiters {
            match waiter.state {
                State::InLine => {
                    waiter.state = State::ToldWithAll;
                    assert!(waiter.flag.take(), "everybody in line is woken");
                }
                State::NotPolled => waiter.state = State::Reached,
                _ => {}
            }
        }
    }

    /// Looks at one waiter, which has to be as its state says. One that ends leaves.
    fn look(&mut self, at: usize, enables: bool) {
        let mut waiter = self.waiters.remove(at);
        let told = if enables {
            waiter.future.as_mut().enable()
        } else {
            poll(&mut waiter.future, &waiter.flag).is_ready()
        };
        let expected = match waiter.state {
            State::NotPolled => std::mem::take(&mut self.kept),
            State::InLine => false,
            State::ToldAlone | State::ToldWithAll | State::Reached => true,
        };
        assert_eq!(told, expected, "{:?}", waiter.state);
        match waiter.state {
            _ if told => {}
            State::NotPolled => {
                waiter.state = State::InLine;
                _ = poll(&mut waiter.future, &waiter.flag);
                self.waiters.push(waiter);
            }
            _ => {
                _ = poll(&mut waiter.future, &waiter.flag);
                self.waiters.insert(at, waiter);
            }
        }
    }
}

#[test]
fn it_tells_whom_a_list_of_waiters_would() {
    let mut random = random("it_tells_whom_a_list_of_waiters_would");
    for _ in 0..500 {
        let event = Event::new();
        let mut model = Model {
            waiters: Vec::new(),
            kept: false,
        };
        for _ in 0..150 {
            match random.u32(..20) {
                0..7 => model.waiters.push(Waiter {
                    future: Box::pin(event.wait()),
                    flag: Flag::new(),
                    state: State::NotPolled,
                }),
                7..13 if !model.waiters.is_empty() => {
                    model.look(random.usize(..model.waiters.len()), random.bool());
                }
                13..16 if !model.waiters.is_empty() => {
                    let waiter = model.waiters.remove(random.usize(..model.waiters.len()));
                    drop(waiter.future);
                    if waiter.state == State::ToldAlone {
                        model.notify_one();
                    }
                }
                16..19 => {
                    event.notify_one();
                    model.notify_one();
                }
                19 => {
                    event.notify_all();
                    model.notify_all();
                }
                _ => {}
            }
            assert!(
                !model.waiters.iter().any(|waiter| waiter.flag.take()),
                "nobody else is woken"
            );
        }
    }
}

/// As many notifications as there are wanted, one after the other: who waits for one must get it, whoever else gives up.
#[test]
fn those_who_give_up_at_random_pass_on_what_they_were_told() {
    const ROUNDS: usize = 100;
    let mut random = random("those_who_give_up_at_random_pass_on_what_they_were_told");
    let seeds: Vec<_> = (0..6).map(|_| random.u64(..)).collect();
    under_each(|run| {
        let event = Arc::new(Event::new());
        let taken = Arc::new(AtomicUsize::new(0));
        let stays: Task = {
            let (event, taken) = (event.clone(), taken.clone());
            Box::pin(async move {
                for _ in 0..ROUNDS {
                    event.wait().await;
                    taken.fetch_add(1, SeqCst);
                }
            })
        };
        let give_up = seeds.iter().map(|&seed| -> Task {
            let (event, taken) = (event.clone(), taken.clone());
            let mut random = fastrand::Rng::with_seed(seed);
            Box::pin(async move {
                while taken.load(SeqCst) < ROUNDS {
                    if give_up_after(random.usize(..4), event.wait()).await.is_some() {
                        event.notify_one(); // it was for somebody who stays
                    }
                    canter_executor::yield_now().await;
                }
            })
        });
        let tells: Task = {
            let (event, taken) = (event.clone(), taken.clone());
            Box::pin(async move {
                for round in 0..ROUNDS {
                    event.notify_one();
                    while taken.load(SeqCst) == round {
                        canter_executor::yield_now().await;
                    }
                }
            })
        };
        run(give_up.chain([stays, tells]).collect());
    });
}

#[test]
fn whoever_calls_wait_before_it_looks_misses_no_notification_of_all() {
    const ROUNDS: usize = 200;
    let mut random = random("whoever_calls_wait_before_it_looks_misses_no_notification_of_all");
    let seeds: Vec<_> = (0..8).map(|_| random.u64(..)).collect();
    under_each(|run| {
        let shared = Arc::new((Event::new(), AtomicUsize::new(0)));
        let listeners = seeds.iter().map(|&seed| -> Task {
            let shared = shared.clone();
            let mut random = fastrand::Rng::with_seed(seed);
            Box::pin(async move {
                let (changed, number) = &*shared;
                let mut seen = 0;
                while seen < ROUNDS {
                    let told = changed.wait();
                    let now = number.load(SeqCst);
                    if now != seen {
                        seen = now;
                    } else if random.bool() {
                        told.await;
                    } else {
                        _ = give_up_after(random.usize(..3), told).await;
                    }
                }
            })
        });
        let speaker: Task = {
            let shared = shared.clone();
            Box::pin(async move {
                for _ in 0..ROUNDS {
                    shared.1.fetch_add(1, SeqCst);
                    shared.0.notify_all();
                    canter_executor::yield_now().await;
                }
            })
        };
        run(listeners.chain([speaker]).collect());
    });
}
