//! Random programs at a mutex, step by step beside a model of what it promises: who gets it, who is woken, who is refused.

#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use canter_sync::mutex::Lock;
use canter_sync::{Mutex, OwnedMutexGuard};
use flag::{Flag, poll};
use seed::random;

type Future = Pin<Box<Lock<Arc<Mutex<u32>>, u32>>>;

const PATIENCE: usize = 64;

/// The mutex as it should be. Waiters are numbers.
#[derive(Default)]
struct Model {
    is_locked: bool,
    line: Vec<usize>,
    /// The first in line was woken and has not looked since.
    is_called: bool,
    /// How often the first in line was passed by; a look in vain counts as half of its patience.
    passed_by: usize,
    handed_to: Option<usize>,
    woken: Option<usize>,
}

impl Model {
    fn try_lock(&mut self) -> bool {
        !mem::replace(&mut self.is_locked, true)
    }

    fn unlock(&mut self) {
        let Some(&first) = self.line.first() else {
            self.is_locked = false;
            return;
        };
        if self.passed_by >= PATIENCE {
            if !self.is_called {
                self.woken = Some(first);
            }
            self.handed_to = Some(first);
            self.leave(0);
        } else {
            self.call();
            self.passed_by += 1;
            self.is_locked = false;
        }
    }

    fn call(&mut self) {
        if !mem::replace(&mut self.is_called, true) {
            self.woken = Some(self.line[0]);
        }
    }

    fn leave(&mut self, at: usize) {
        self.line.remove(at);
        if at == 0 {
            self.is_called = false;
            self.passed_by = 0;
        }
    }

    /// Whether a waiter gets it that is polled again.
    fn poll(&mut self, waiter: usize) -> bool {
        if self.handed_to == Some(waiter) {
            self.handed_to = None;
            return true;
        }
        let at = self.line.iter().position(|other| *other == waiter).unwrap();
        if self.try_lock() {
            self.leave(at);
            return true;
        }
        if at == 0 && mem::take(&mut self.is_called) {
            self.passed_by += PATIENCE / 2;
        }
        false
    }

    fn drop_waiter(&mut self, waiter: usize) {
        if self.handed_to == Some(waiter) {
            self.handed_to = None;
            return self.unlock();
        }
        let at = self.line.iter().position(|other| *other == waiter).unwrap();
        self.leave(at);
        if at == 0 && !self.is_locked && !self.line.is_empty() {
            self.call();
        }
    }
}

/// The mutex as it is.
struct Real {
    mutex: Arc<Mutex<u32>>,
    held: Option<OwnedMutexGuard<u32>>,
    waiting: Vec<(usize, Future, Arc<Flag>)>,
    last: usize,
}

impl Real {
    /// One more that wants it: whether it gets it at once.
    fn lock(&mut self) -> bool {
        let mut future = Box::pin(self.mutex.lock_owned());
        let flag = Flag::new();
        match poll(&mut future, &flag) {
            Poll::Ready(guard) => {
                assert!(self.held.replace(guard).is_none());
                true
            }
            Poll::Pending => {
                self.waiting.push((self.last, future, flag));
                false
            }
        }
    }

    fn poll(&mut self, at: usize) -> bool {
        let (_, future, flag) = &mut self.waiting[at];
        let Poll::Ready(guard) = poll(future, flag) else {
            return false;
        };
        assert!(self.held.replace(guard).is_none());
        drop(self.waiting.remove(at));
        true
    }
}

#[test]
fn a_mutex_does_at_each_step_what_the_model_says() {
    let mut random = random("a_mutex_does_at_each_step_what_the_model_says");
    let mut handed_over = 0;
    for _ in 0..300 {
        let mut model = Model::default();
        let mut real = Real {
            mutex: Arc::default(),
            held: None,
            waiting: Vec::new(),
            last: 0,
        };
        // Programs of many barging newcomers run patience out, those of many polls and drops do the rest.
        let often = [
            random.usize(1..20),
            random.usize(1..6),
            random.usize(0..4),
            random.usize(0..4),
        ];
        let actions: Vec<_> = (0..4).flat_map(|action| vec![action; often[action]]).collect();
        for _ in 0..random.usize(..1000) {
            let waiters = real.waiting.len();
            match *random.choice(&actions).unwrap() {
                0 if real.held.is_some() => {
                    model.unlock();
                    real.held = None;
                }
                0 => {
                    real.held = real.mutex.try_lock_owned();
                    assert_eq!(real.held.is_some(), model.try_lock());
                }
                1 if waiters < 8 => {
                    real.last += 1;
                    let expected = model.try_lock();
                    if !expected {
                        model.line.push(real.last);
                    }
                    assert_eq!(real.lock(), expected);
                }
                2 if waiters > 0 => {
                    let at = random.usize(..waiters);
                    let expected = model.poll(real.waiting[at].0);
                    assert_eq!(real.poll(at), expected);
                }
                3 if waiters > 0 => {
                    let (waiter, future, flag) = real.waiting.remove(random.usize(..waiters));
                    model.drop_waiter(waiter);
                    drop(future);
                    assert!(!flag.take(), "it is not there any more");
                }
                _ => {}
            }
            handed_over += usize::from(model.handed_to.is_some());
            let expected = model.woken.take();
            for (waiter, _, flag) in &real.waiting {
                assert_eq!(flag.take(), expected == Some(*waiter), "waiter {waiter}");
            }
            assert_eq!(real.mutex.is_locked(), model.is_locked);
        }
        // Whoever was woken comes now, until all have had it.
        while let Some(&(waiter, ..)) = real.waiting.iter().min_by_key(|(waiter, ..)| *waiter) {
            drop(real.held.take());
            let at = real
                .waiting
                .iter()
                .position(|(other, ..)| *other == waiter)
                .unwrap();
            assert!(real.poll(at), "it is the turn of the first in line");
        }
        drop(real.held.take());
        assert!(!real.mutex.is_locked());
    }
    assert!(handed_over > 0, "no program ran out of patience");
}
