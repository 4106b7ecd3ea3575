//! Random programs at a read-write lock, step by step beside a model of what it promises: who is let in, who is woken, who is refused.

#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use canter_sync::{OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard, RwLock};
use fastrand::Rng;
use flag::{Flag, poll};
use seed::random;

/// Of so many places a reader takes one, a writer all, and an upgradable reader more than half.
const PLACES: usize = 1000;

/// The lock as it should be. Those who want it are numbers.
struct Model {
    free: usize,
    line: VecDeque<(usize, usize)>,
    let_in: Vec<usize>,
}

impl Model {
    fn try_enter(&mut self, places: usize) -> bool {
        let enters = self.line.is_empty() && self.free >= places;
        self.free -= if enters { places } else { 0 };
        enters
    }

    fn try_upgrade(&mut self) -> bool {
        let enters = self.free >= PLACES - PLACES / 2 - 1;
        self.free -= if enters { PLACES - PLACES / 2 - 1 } else { 0 };
        enters
    }

    fn leave(&mut self, places: usize) {
        self.free += places;
        while let Some(&(who, places)) = self.line.front() {
            if self.free < places {
                break;
            }
            self.free -= places;
            self.let_in.push(who);
            self.line.pop_front();
        }
    }

    /// Whether it stands in line still.
    fn forget(&mut self, who: usize) -> bool {
        let Some(at) = self.line.iter().position(|(other, _)| *other == who) else {
            return false;
        };
        self.line.remove(at);
        self.leave(0);
        true
    }
}

enum Guard {
    Read(#[expect(dead_code, reason = "it is held")] OwnedRwLockReadGuard<u32>),
    Upgradable(OwnedRwLockUpgradableReadGuard<u32>),
    Write(OwnedRwLockWriteGuard<u32>),
}

impl Guard {
    fn places(&self) -> usize {
        match self {
            Guard::Read(_) => 1,
            Guard::Upgradable(_) => PLACES / 2 + 1,
            Guard::Write(_) => PLACES,
        }
    }
}

type Future = Pin<Box<dyn std::future::Future<Output = Guard>>>;

struct Waiter {
    who: usize,
    future: Future,
    flag: Arc<Flag>,
    /// What it has already, and what it waits for.
    has: usize,
    wants: usize,
}

struct Test {
    lock: Arc<RwLock<u32>>,
    model: Model,
    held: Vec<Guard>,
    waiters: Vec<Waiter>,
    last: usize,
}

impl Test {
    fn future(&self, kind: u8) -> (Future, usize) {
        let (read, upgradable, write) = (
            self.lock.read_owned(),
            self.lock.upgradable_read_owned(),
            self.lock.write_owned(),
        );
        match kind {
            0 => (Box::pin(async { Guard::Read(read.await) }), 1),
            1 => (
                Box::pin(async { Guard::Upgradable(upgradable.await) }),
                PLACES / 2 + 1,
            ),
            _ => (Box::pin(async { Guard::Write(write.await) }), PLACES),
        }
    }

    /// Polls for the first time, and says whether it got in.
    fn enter(&mut self, mut future: Future, has: usize, wants: usize) -> bool {
        let flag = Flag::new();
        self.last += 1;
        match poll(&mut future, &flag) {
            Poll::Ready(guard) => {
                self.held.push(guard);
                true
            }
            Poll::Pending => {
                self.waiters.push(Waiter {
                    who: self.last,
                    future,
                    flag,
                    has,
                    wants,
                });
                false
            }
        }
    }

    fn access(&mut self, kind: u8) {
        let (future, wants) = self.future(kind);
        let expected = self.model.try_enter(wants);
        if !expected {
            self.model.line.push_back((self.last + 1, wants));
        }
        assert_eq!(self.enter(future, 0, wants), expected);
    }

    fn try_access(&mut self, kind: u8) {
        let (guard, wants) = match kind {
            0 => (self.lock.try_read_owned().map(Guard::Read), 1),
            1 => (
                self.lock.try_upgradable_read_owned().map(Guard::Upgradable),
                PLACES / 2 + 1,
            ),
            _ => (self.lock.try_write_owned().map(Guard::Write), PLACES),
        };
        assert_eq!(guard.is_some(), self.model.try_enter(wants));
        self.held.extend(guard);
    }

    fn change(&mut self, guard: Guard, choice: u8) {
        let before = guard.places();
        let after = match (guard, choice) {
            (Guard::Upgradable(guard), 0) => {
                let (has, wants) = (before, PLACES - before);
                let expected = self.model.try_upgrade();
                if !expected {
                    self.model.line.push_front((self.last + 1, wants));
                }
                let upgrade = OwnedRwLockUpgradableReadGuard::upgrade(guard);
                let future = Box::pin(async { Guard::Write(upgrade.await) });
                assert_eq!(self.enter(future, has, wants), expected);
                return;
            }
            (Guard::Upgradable(guard), 1) => {
                let expected = self.model.try_upgrade();
                let upgraded = OwnedRwLockUpgradableReadGuard::try_upgrade(guard);
                assert_eq!(upgraded.is_ok(), expected);
                self.held
                    .push(upgraded.map_or_else(Guard::Upgradable, Guard::Write));
                return;
            }
            (Guard::Upgradable(guard), _) => Guard::Read(OwnedRwLockUpgradableReadGuard::downgrade(guard)),
            (Guard::Write(guard), 0) => Guard::Read(OwnedRwLockWriteGuard::downgrade(guard)),
            (Guard::Write(guard), _) => {
                Guard::Upgradable(OwnedRwLockWriteGuard::downgrade_to_upgradable(guard))
            }
            (read, _) => read,
        };
        self.model.leave(before - after.places());
        self.held.push(after);
    }

    fn poll(&mut self, at: usize) {
        let waiter = &mut self.waiters[at];
        let stands = self.model.line.iter().any(|(who, _)| *who == waiter.who);
        match poll(&mut waiter.future, &waiter.flag) {
            Poll::Ready(guard) => {
                assert!(!stands, "{} has come too early", waiter.who);
                self.held.push(guard);
                drop(self.waiters.swap_remove(at));
            }
            Poll::Pending => assert!(stands, "{} should be in", waiter.who),
        }
    }

    fn forget(&mut self, at: usize) {
        let waiter = self.waiters.swap_remove(at);
        let stood = self.model.forget(waiter.who);
        self.model
            .leave(waiter.has + if stood { 0 } else { waiter.wants });
        drop(waiter.future);
        assert!(!waiter.flag.take());
    }

    fn step(&mut self, random: &mut Rng) {
        let kind = random.u8(..3);
        match random.u8(..6) {
            0 if self.waiters.len() < 10 => self.access(kind),
            1 => self.try_access(kind),
            2 | 3 if !self.held.is_empty() => {
                let guard = self.held.swap_remove(random.usize(..self.held.len()));
                if random.bool() {
                    self.change(guard, kind);
                } else {
                    self.model.leave(guard.places());
                    drop(guard);
                }
            }
            4 if !self.waiters.is_empty() => self.poll(random.usize(..self.waiters.len())),
            5 if random.bool() && !self.waiters.is_empty() => self.forget(random.usize(..self.waiters.len())),
            _ => {}
        }
        for Waiter { who, flag, .. } in &self.waiters {
            assert_eq!(flag.take(), self.model.let_in.contains(who), "waiter {who}");
        }
        self.model.let_in.clear();
    }
}

#[test]
fn a_read_write_lock_does_at_each_step_what_the_model_says() {
    let mut random = random("a_read_write_lock_does_at_each_step_what_the_model_says");
    for _ in 0..500 {
        let mut test = Test {
            lock: Arc::default(),
            model: Model {
                free: PLACES,
                line: VecDeque::new(),
                let_in: Vec::new(),
            },
            held: Vec::new(),
            waiters: Vec::new(),
            last: 0,
        };
        for _ in 0..random.usize(..300) {
            test.step(&mut random);
        }
        while !(test.held.is_empty() && test.waiters.is_empty()) {
            for guard in std::mem::take(&mut test.held) {
                test.model.leave(guard.places());
                drop(guard);
            }
            (0..test.waiters.len()).rev().for_each(|at| test.poll(at));
        }
        assert!(test.lock.try_write().is_some());
    }
}
