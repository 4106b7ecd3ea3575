//! Random uses of a semaphore: by hand beside the simplest one that there can be, and by many tasks at once.

#![expect(
    unsafe_code,
    reason = "numbers without protection, so that a race detector can see the order"
)]

#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/give_up.rs"]
mod give_up;
#[path = "common/plain.rs"]
mod plain;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use canter_sync::semaphore::Acquire;
use canter_sync::{Semaphore, SemaphorePermit};
use executors::{Task, under_each};
use flag::{Flag, poll};
use give_up::give_up_after;
use plain::Plain;
use seed::random;

/// What a semaphore should do.
#[derive(Default)]
struct Model {
    free: usize,
    /// Who waits, and for how many.
    line: VecDeque<(usize, usize)>,
    closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Waits,
    Has,
    Refused,
}

impl Model {
    fn arrive(&mut self, id: usize, permits: usize) -> Fate {
        if self.closed {
            return Fate::Refused;
        }
        if self.line.is_empty() && permits <= self.free {
            self.free -= permits;
            return Fate::Has;
        }
        self.line.push_back((id, permits));
        Fate::Waits
    }

    /// Serves the line, and tells who was served.
    fn give(&mut self, permits: usize) -> Vec<usize> {
        self.free += permits;
        let mut served = Vec::new();
        while let Some(&(id, permits)) = self.line.front() {
            if permits > self.free {
                break;
            }
            self.free -= permits;
            self.line.pop_front();
            served.push(id);
        }
        served
    }

    fn leave(&mut self, id: usize) -> Vec<usize> {
        self.line.retain(|&(other, _)| other != id);
        self.give(0)
    }
}

struct Waiter<'a> {
    id: usize,
    permits: usize,
    future: Pin<Box<Acquire<&'a Semaphore>>>,
    flag: Arc<Flag>,
    fate: Fate,
}

/// Those and no others were woken.
#[track_caller]
fn check(waiters: &mut [Waiter<'_>], told: Vec<usize>, fate: Fate) {
    for waiter in waiters {
        let is_told = told.contains(&waiter.id);
        assert_eq!(waiter.flag.take(), is_told, "{}", waiter.id);
        if is_told {
            assert_eq!(waiter.fate, Fate::Waits);
            waiter.fate = fate;
        }
    }
}

/// A look at a future that has to be as its fate says.
#[track_caller]
fn look<'a>(waiter: &mut Waiter<'a>) -> Option<SemaphorePermit<'a>> {
    match poll(&mut waiter.future, &waiter.flag) {
        Poll::Pending => {
            assert_eq!(waiter.fate, Fate::Waits);
            None
        }
        Poll::Ready(Err(_)) => {
            assert_eq!(waiter.fate, Fate::Refused);
            None
        }
        Poll::Ready(Ok(permit)) => {
            assert_eq!((waiter.fate, waiter.permits), (Fate::Has, permit.permits()));
            Some(permit)
        }
    }
}

#[test]
fn it_does_what_the_simplest_semaphore_does() {
    let mut random = random("it_does_what_the_simplest_semaphore_does");
    for _ in 0..500 {
        let mut model = Model {
            free: random.usize(..5),
            ..Model::default()
        };
        let semaphore = Semaphore::new(model.free);
        let (mut waiters, mut held) = (Vec::<Waiter<'_>>::new(), Vec::<SemaphorePermit<'_>>::new());
        for id in 0..150 {
            match random.u32(..100) {
                0..30 => {
                    let permits = random.usize(..6);
                    let mut waiter = Waiter {
                        id,
                        permits,
                        future: Box::pin(semaphore.acquire_many(permits)),
                        flag: Flag::new(),
                        fate: model.arrive(id, permits),
                    };
                    held.extend(look(&mut waiter));
                    if waiter.fate == Fate::Waits {
                        waiters.push(waiter);
                    }
                }
                30..40 => {
                    let permits = random.usize(..4);
                    let has = model.line.is_empty() && permits <= model.free && !model.closed;
                    let tried = semaphore.try_acquire_many(permits);
                    assert_eq!(tried.is_ok(), has);
                    if let Ok(permit) = tried {
                        model.free -= permits;
                        held.push(permit);
                    }
                }
                40..60 if !held.is_empty() => {
                    let mut permit = held.swap_remove(random.usize(..held.len()));
                    let part = permit.split(random.usize(..=permit.permits())).unwrap();
                    match (random.u32(..3), held.first_mut()) {
                        (0, Some(other)) => other.merge(permit),
                        (1, _) => permit.forget(),
                        _ => held.push(permit),
                    }
                    let told = model.give(part.permits());
                    drop(part);
                    check(&mut waiters, told, Fate::Has);
                }
                60..75 if !waiters.is_empty() => {
                    let at = random.usize(..waiters.len());
                    held.extend(look(&mut waiters[at]));
                    if waiters[at].fate != Fate::Waits {
                        waiters.swap_remove(at);
                    }
                }
                75..88 if !waiters.is_empty() => {
                    let waiter = waiters.swap_remove(random.usize(..waiters.len()));
                    let told = match waiter.fate {
                        Fate::Has => model.give(waiter.permits),
                        Fate::Waits => model.leave(waiter.id),
                        Fate::Refused => Vec::new(),
                    };
                    drop(waiter);
                    check(&mut waiters, told, Fate::Has);
                }
                88..94 => {
                    let permits = random.usize(..4);
                    semaphore.add_permits(permits);
                    check(&mut waiters, model.give(permits), Fate::Has);
                }
                94..98 => {
                    let permits = random.usize(..3);
                    let forgotten = permits.min(model.free);
                    assert_eq!(semaphore.forget_permits(permits), forgotten);
                    model.free -= forgotten;
                    check(&mut waiters, Vec::new(), Fate::Has);
                }
                98 if random.u32(..4) == 0 => {
                    semaphore.close();
                    model.closed = true;
                    let told = model.line.drain(..).map(|(id, _)| id).collect();
                    check(&mut waiters, told, Fate::Refused);
                }
                _ => {}
            }
            assert_eq!(semaphore.available_permits(), model.free);
            assert_eq!(semaphore.is_closed(), model.closed);
        }
        let out: usize = held.iter().map(SemaphorePermit::permits).sum();
        let promised = waiters.iter().filter(|waiter| waiter.fate == Fate::Has);
        let promised: usize = promised.map(|waiter| waiter.permits).sum();
        drop((waiters, held));
        assert_eq!(semaphore.available_permits(), model.free + out + promised);
    }
}

#[test]
fn those_who_give_up_at_random_lose_no_permit_and_leave_nobody_waiting() {
    const PERMITS: usize = 5;
    let mut random = random("those_who_give_up_at_random_lose_no_permit_and_leave_nobody_waiting");
    let seeds: Vec<_> = (0..200).map(|_| random.u64(..)).collect();
    under_each(|run| {
        let semaphore = Arc::new(Semaphore::new(PERMITS));
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks = seeds.iter().map(|&seed| -> Task {
            let (semaphore, inside) = (semaphore.clone(), inside.clone());
            let mut random = fastrand::Rng::with_seed(seed);
            Box::pin(async move {
                for _ in 0..20 {
                    let permits = random.usize(1..=PERMITS);
                    let permit = match random.u32(..4) {
                        0 => Some(semaphore.acquire_many(permits).await),
                        1 => semaphore.try_acquire_many(permits).ok().map(Ok),
                        _ => give_up_after(random.usize(..4), semaphore.acquire_many(permits)).await,
                    };
                    if let Some(permit) = permit {
                        let mut permit = permit.unwrap();
                        assert!(inside.fetch_add(permits, SeqCst) + permits <= PERMITS);
                        canter_executor::yield_now().await;
                        inside.fetch_sub(permits, SeqCst);
                        drop(permit.split(random.usize(..=permits)));
                    }
                }
            })
        });
        run(tasks.collect());
        assert_eq!(semaphore.available_permits(), PERMITS);
    });
}

#[test]
fn what_was_done_with_the_one_permit_is_visible_to_the_next() {
    let mut random = random("what_was_done_with_the_one_permit_is_visible_to_the_next");
    let seeds: Vec<_> = (0..16).map(|_| random.u64(..)).collect();
    under_each(|run| {
        let shared = Arc::new((Semaphore::new(1), Plain::default()));
        let tasks = seeds.iter().map(|&seed| -> Task {
            let shared = shared.clone();
            let mut random = fastrand::Rng::with_seed(seed);
            Box::pin(async move {
                let (semaphore, number) = &*shared;
                for _ in 0..200 {
                    while give_up_after(random.usize(..9), semaphore.acquire())
                        .await
                        .map(|permit| {
                            number.set(number.get() + 1);
                            drop(permit.unwrap());
                        })
                        .is_none()
                    {}
                }
            })
        });
        run(tasks.collect());
        assert_eq!(shared.1.get(), 16 * 200);
    });
}
