//! Random programs at a condition variable, step by step beside a model of what it promises: who is told, and who is told instead.

#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::mem;
use std::pin::Pin;
use std::sync::Arc;

use canter_sync::condvar::WaitNotified;
use canter_sync::{Condvar, Mutex, MutexGuard};
use fastrand::Rng;
use flag::{Flag, poll};
use seed::random;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    NotYet,
    /// Which it passes on, unless it ends.
    One,
    All,
}

struct Waiter<'a> {
    future: Pin<Box<WaitNotified<'a, &'a Mutex<u32>, u32>>>,
    flag: Arc<Flag>,
    told: Told,
    /// It has not been polled since it was told, so its flag tells that.
    is_new: bool,
}

struct Test<'a> {
    mutex: &'a Mutex<u32>,
    condvar: &'a Condvar,
    held: Option<MutexGuard<'a, u32>>,
    /// In the order of arrival.
    waiters: Vec<Waiter<'a>>,
}

impl<'a> Test<'a> {
    fn wait(&mut self) {
        let Some(guard) = self.held.take().or_else(|| self.mutex.try_lock()) else {
            return; // one of those that lock again has it
        };
        let mut waiter = Waiter {
            future: Box::pin(self.condvar.wait(guard)),
            flag: Flag::new(),
            told: Told::NotYet,
            is_new: true,
        };
        assert!(poll(&mut waiter.future, &waiter.flag).is_pending());
        self.waiters.push(waiter);
    }

    /// What the model says of a notification for one.
    fn tell_one(&mut self) {
        let mut waiters = self.waiters.iter_mut();
        if let Some(first) = waiters.find(|waiter| waiter.told == Told::NotYet) {
            first.told = Told::One;
        }
    }

    fn tell_all(&mut self) {
        let waiting = self
            .waiters
            .iter_mut()
            .filter(|waiter| waiter.told == Told::NotYet);
        waiting.for_each(|waiter| waiter.told = Told::All);
    }

    fn poll(&mut self, at: usize) {
        let is_free = !self.mutex.is_locked();
        let waiter = &mut self.waiters[at];
        let polled = poll(&mut waiter.future, &waiter.flag);
        waiter.is_new &= waiter.told == Told::NotYet;
        if polled.is_ready() {
            assert!(waiter.told != Told::NotYet && self.held.is_none());
            drop(polled);
            drop(self.waiters.remove(at));
        } else {
            assert!(
                waiter.told == Told::NotYet || !is_free,
                "it was told, and the mutex was free"
            );
        }
    }

    fn forget(&mut self, at: usize) {
        let waiter = self.waiters.remove(at);
        if waiter.told == Told::One {
            self.tell_one();
        }
        drop(waiter.future);
    }

    fn step(&mut self, random: &mut Rng) {
        match random.u8(..8) {
            0 | 1 if self.waiters.len() < 12 => self.wait(),
            2 => {
                self.tell_one();
                self.condvar.notify_one();
            }
            3 if random.u8(..4) == 0 => {
                self.tell_all();
                self.condvar.notify_all();
            }
            4 => match mem::take(&mut self.held) {
                Some(guard) => drop(guard),
                None => self.held = self.mutex.try_lock(),
            },
            5 | 6 if !self.waiters.is_empty() => self.poll(random.usize(..self.waiters.len())),
            7 if !self.waiters.is_empty() => self.forget(random.usize(..self.waiters.len())),
            _ => {}
        }
        for (at, waiter) in self.waiters.iter_mut().enumerate() {
            let woken = waiter.is_new && waiter.flag.take();
            assert!(
                !woken || waiter.told != Told::NotYet,
                "the {at}th was woken too early"
            );
            assert!(
                !waiter.is_new || woken == (waiter.told != Told::NotYet),
                "the {at}th was not told"
            );
            waiter.is_new &= !woken;
        }
    }
}

#[test]
fn a_condvar_does_at_each_step_what_the_model_says() {
    let mut random = random("a_condvar_does_at_each_step_what_the_model_says");
    for _ in 0..500 {
        let (mutex, condvar) = (Mutex::new(0), Condvar::new());
        let mut test = Test {
            mutex: &mutex,
            condvar: &condvar,
            held: None,
            waiters: Vec::new(),
        };
        for _ in 0..random.usize(..300) {
            test.step(&mut random);
        }
        test.held = None;
        condvar.notify_all();
        test.tell_all();
        while !test.waiters.is_empty() {
            (0..test.waiters.len()).rev().for_each(|at| test.poll(at));
        }
        assert!(mutex.try_lock().is_some());
    }
}
