//! Models of the proof of a deadlock: workers, a thread that waits for one of their tasks, and whoever looks whether all sleep for good.
//!
//! As in `canter_coop`'s model there is a *token* for each thing that may still happen, counted where loom does not see it: a task until it
//! has run, a message until it was taken, and the thread until it waits. Where the look proves a deadlock there must be none.

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex as Unmodelled};
use std::task::Waker;

use canter_coop::{Signal, census};
use loom::sync::atomic::Ordering::*;
use loom::sync::{Arc as Modelled, Mutex};
use loom::thread::{self, JoinHandle};

use super::{Idle, Orders, Search, World};

/// What the real queues order at least.
const QUEUES: Orders = Orders {
    push: Release,
    take: AcqRel,
    look: Acquire,
};

/// Where the thread waits.
#[derive(Default)]
struct Mail {
    messages: usize,
    closed: bool,
    receiver: Option<Waker>,
}

struct Program {
    world: Modelled<World>,
    /// What the kernel counts.
    threads: Mutex<u32>,
    mail: Mutex<Mail>,
    tokens: AtomicUsize,
}

impl Program {
    /// A program whose main thread has begun.
    fn new(workers: usize) -> Arc<Program> {
        Arc::new(Program {
            world: World::with(QUEUES, workers),
            threads: Mutex::new(1),
            mail: Mutex::default(),
            tokens: AtomicUsize::new(0),
        })
    }

    fn start(self: &Arc<Program>, run: impl FnOnce(&Program) + 'static) -> JoinHandle<()> {
        *self.threads.lock().unwrap() += 1;
        let program = self.clone();
        thread::spawn(move || {
            run(&program);
            *program.threads.lock().unwrap() -= 1;
        })
    }

    /// Starts a worker; `task` is what each task does.
    fn start_worker(self: &Arc<Program>, seat: usize, task: impl Fn(&Program) + 'static) -> JoinHandle<()> {
        self.start(move |program| {
            program.world.work(seat, |_| {
                task(program);
                program.tokens.fetch_sub(1, Relaxed);
            });
        })
    }

    /// Starts a thread that is no worker.
    fn start_thread(self: &Arc<Program>, run: impl FnOnce(&Program) + 'static) -> JoinHandle<()> {
        self.tokens.fetch_add(1, Relaxed);
        self.start(move |program| {
            run(program);
            program.tokens.fetch_sub(1, Relaxed);
        })
    }

    fn push(&self) {
        self.tokens.fetch_add(1, Relaxed);
        self.world.push();
    }

    fn send(&self) {
        self.tokens.fetch_add(1, Relaxed);
        let mut mail = self.mail.lock().unwrap();
        mail.messages += 1;
        let receiver = mail.receiver.take();
        drop(mail);
        receiver.map(Waker::wake);
    }

    /// Waits for a message; false if none is to come any more.
    fn receive(&self) -> bool {
        self.tokens.fetch_sub(1, Relaxed);
        Signal::with(|signal, waker| {
            loop {
                let mut mail = self.mail.lock().unwrap();
                if mail.messages > 0 {
                    mail.messages -= 1;
                    return true; // with the message's token
                }
                if mail.closed {
                    self.tokens.fetch_add(1, Relaxed);
                    return false;
                }
                mail.receiver = Some(waker.clone());
                drop(mail);
                signal.wait(|| {});
            }
        })
    }

    /// The look of the monitor, which is counted itself: the reads that make the proof in `diagnostics/deadlock.rs`, in their order. It does
    /// without the question whether all workers are listed as sleeping, which is there to save the rest.
    fn look(&self) -> bool {
        let census = census::read();
        let threads = *self.threads.lock().unwrap();
        let has_work = self.world.has_work();
        let proven = !has_work && threads == census.asleep() && census::read() == census;
        let tokens = self.tokens.load(Relaxed);
        assert!(!proven || tokens == 0, "{tokens} tokens are left, and all sleep?");
        proven
    }

    /// What no thread of the program does: ends all.
    fn end(&self) {
        self.world.stop();
        let mut mail = self.mail.lock().unwrap();
        mail.closed = true;
        let receiver = mail.receiver.take();
        drop(mail);
        receiver.map(Waker::wake);
    }
}

/// Watches a program in all its executions; `start` starts its threads.
fn watch(
    preemptions: usize,
    workers: usize,
    start: impl Fn(&Arc<Program>) -> Vec<JoinHandle<()>> + Sync + Send + 'static,
) {
    let seen = Arc::new(Unmodelled::new((HashSet::new(), 0)));
    let sees = seen.clone();
    super::check(preemptions, move || {
        let program = Program::new(workers);
        let counted = census::Counted::here();
        let threads = start(&program);
        let proven = program.look();
        let mut seen = sees.lock().unwrap();
        seen.0.insert(proven);
        seen.1 += 1;
        drop(seen);
        program.end();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        drop(counted);
        assert_eq!(census::read().asleep(), 0, "a thread is still counted");
    });
    let (proven, executions) = &*seen.lock().unwrap();
    assert_eq!(proven.len(), 2, "the look always came to the same: {proven:?}");
    println!("holds in {executions} executions");
}

/// Race: a thread pushes a task and waits for it, the worker gets up, wakes the thread in turn and sleeps again.
#[test]
fn a_thread_and_a_worker_that_wake_each_other_are_not_taken_for_a_deadlock() {
    watch(2, 1, |program| {
        vec![
            program.start_worker(0, Program::send),
            program.start_thread(|program| {
                program.push();
                while program.receive() {}
            }),
        ]
    });
}

/// Race: a thread pushes a task while the worker falls asleep, and ends.
#[test]
fn a_thread_that_ends_when_it_has_pushed_a_task_is_not_taken_for_a_deadlock() {
    watch(3, 1, |program| {
        vec![
            program.start_worker(0, |_| ()),
            program.start_thread(Program::push),
        ]
    });
}

/// Race: a task pushes another one, for which the other worker gets up.
#[test]
fn two_workers_that_wake_each_other_are_not_taken_for_a_deadlock() {
    watch(2, 2, |program| {
        let ran = Arc::new(AtomicUsize::new(0));
        let task = move |program: &Program| {
            if ran.fetch_add(1, Relaxed) == 0 {
                program.push();
            }
        };
        program.push();
        vec![
            program.start_worker(0, task.clone()),
            program.start_worker(1, task),
        ]
    });
}

/// No race, but the invariant, for each way off the list: whoever takes a seat off takes its thread out of the census in the same step.
///
/// For those who wake a worker by name this is more than the proof needs, so the models above hold without it. A worker that was woken and
/// has not got up has nothing that could still happen: it is to find its task in a queue, where the look sees it; and it leaves the census
/// before it takes one. But the invariant is one for all sleepers, and what it says of each holds.
#[test]
fn a_seat_is_counted_as_long_as_it_is_listed() {
    type Step = fn(&Idle);
    let by_name: [Step; 2] = [
        |idle| assert_eq!(idle.notify(), Some(0)),
        |idle| assert_eq!(idle.wake_one(|_| true), Some(0)),
    ];
    let by_itself: [Step; 2] = [|idle| assert_eq!(idle.wake(0), Search::No), |idle| idle.resume(0)];
    super::check(1, move || {
        let idle = Idle::new();
        let check = |step: Step| {
            idle.sleep(0, Search::No);
            assert_eq!((census::read().asleep(), idle.sleeping()), (1, 1));
            step(&idle);
            assert_eq!((census::read().asleep(), idle.sleeping()), (0, 0));
        };
        for wake in by_name {
            check(wake);
            assert_eq!(idle.wake(0), Search::Yes);
            assert_eq!(census::read().asleep(), 0, "it was taken out by whoever woke it");
            assert!(idle.stop_search());
        }
        by_itself.into_iter().for_each(check);
    });
}
