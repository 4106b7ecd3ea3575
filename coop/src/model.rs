//! The census under loom: the code of [`census`] and of [`Signal`] that ships, in threads that wait for each other, and a watcher.
//!
//! ```sh
//! RUSTFLAGS="--cfg canter_loom" cargo test -p canter-coop --release --lib --target-dir target/loom -- model
//! ```
//!
//! **What is shown.** Whatever may still happen is a *token*: a thread that has not come to wait yet has one, and so has each message until
//! it was taken, whose receiver then goes on with the message's token. They are counted beside the model, without anything that loom sees. A
//! watcher concludes as the deadlock report does, and at that moment there must be no token. A timer is one that nothing takes: the watcher
//! has to see it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex as Unmodelled};
use std::task::Waker;

use loom::sync::Mutex;
use loom::sync::atomic::AtomicUsize as ModelledUsize;
use loom::thread::{self, JoinHandle};

use crate::{Signal, census};

/// Where one thread of the program waits.
struct Mailbox(Mutex<Mail>);

#[derive(Default)]
struct Mail {
    messages: usize,
    closed: bool,
    receiver: Option<Waker>,
}

struct Program {
    /// What the kernel counts.
    threads: Mutex<u32>,
    mailboxes: Vec<Mailbox>,
    /// Written and read with nothing that would order it but the census.
    timers: ModelledUsize,
    tokens: AtomicUsize,
}

impl Program {
    /// A program whose main thread has begun.
    fn new(mailboxes: usize) -> Arc<Program> {
        Arc::new(Program {
            threads: Mutex::new(1),
            mailboxes: (0..mailboxes)
                .map(|_| Mailbox(Mutex::new(Mail::default())))
                .collect(),
            timers: ModelledUsize::new(0),
            tokens: AtomicUsize::new(0),
        })
    }

    /// Starts a thread.
    fn start(self: &Arc<Program>, run: impl FnOnce(&Arc<Program>) + 'static) -> JoinHandle<()> {
        self.tokens.fetch_add(1, Relaxed);
        *self.threads.lock().unwrap() += 1;
        let program = self.clone();
        thread::spawn(move || {
            run(&program);
            program.tokens.fetch_sub(1, Relaxed);
            *program.threads.lock().unwrap() -= 1;
        })
    }

    fn send(&self, to: usize) {
        self.tokens.fetch_add(1, Relaxed);
        let mut mail = self.mailboxes[to].0.lock().unwrap();
        mail.messages += 1;
        let receiver = mail.receiver.take();
        drop(mail);
        receiver.map(Waker::wake);
    }

    /// Waits for a message; false if none is to come any more.
    fn receive(&self, from: usize) -> bool {
        self.tokens.fetch_sub(1, Relaxed);
        Signal::with(|signal, waker| {
            loop {
                let mut mail = self.mailboxes[from].0.lock().unwrap();
                if mail.messages > 0 {
                    mail.messages -= 1;
                    return true;
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

    fn start_timer(&self) {
        self.tokens.fetch_add(1, Relaxed);
        self.timers.fetch_add(1, Relaxed);
    }

    /// The look of the watcher, which is counted itself: whether all threads sleep for good.
    fn look(&self) -> bool {
        let census = census::read();
        let threads = *self.threads.lock().unwrap();
        let timers = self.timers.load(Relaxed);
        let proven = timers == 0 && threads == census.asleep() && census::read() == census;
        let tokens = self.tokens.load(Relaxed);
        assert!(!proven || tokens == 0, "{tokens} tokens are left, and all sleep?");
        proven
    }

    /// What no thread of the program does: ends all waits.
    fn close(&self) {
        for mailbox in &self.mailboxes {
            let mut mail = mailbox.0.lock().unwrap();
            mail.closed = true;
            let receiver = mail.receiver.take();
            drop(mail);
            receiver.map(Waker::wake);
        }
    }
}

/// Watches a program in all its executions, and says whether it was proven in some of them that all sleep for good. `start` starts its
/// threads, of which each waits for ever in the end, or ends.
fn watch(
    preemptions: usize,
    mailboxes: usize,
    start: impl Fn(&Arc<Program>) -> Vec<JoinHandle<()>> + Sync + Send + 'static,
) -> bool {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    let seen = Arc::new(Unmodelled::new((HashSet::new(), 0)));
    let sees = seen.clone();
    builder.check(move || {
        let program = Program::new(mailboxes);
        let counted = census::Counted::here();
        let threads = start(&program);
        let proven = program.look();
        let mut seen = sees.lock().unwrap();
        seen.0.insert(proven);
        seen.1 += 1;
        drop(seen);
        program.close();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        drop(counted);
        assert_eq!(census::read().asleep(), 0, "a thread is still counted");
    });
    let (proven, executions) = &*seen.lock().unwrap();
    assert!(proven.contains(&false), "the watcher always came to the same");
    println!("holds in {executions} executions");
    proven.contains(&true)
}

/// Race: a thread wakes another one, and ends before the watcher asks the kernel how many there are.
#[test]
fn a_thread_that_ends_when_it_has_woken_another_one() {
    let proven = watch(3, 1, |program| {
        vec![
            program.start(|program| while program.receive(0) {}),
            program.start(|program| program.send(0)),
        ]
    });
    assert!(proven);
}

/// Race: a thread is woken, wakes another one in turn and sleeps again, while whoever woke it is still at it.
#[test]
fn two_threads_that_wake_each_other() {
    let proven = watch(3, 2, |program| {
        vec![
            program.start(|program| {
                while program.receive(0) {
                    program.send(1);
                }
            }),
            program.start(|program| {
                program.send(0);
                while program.receive(1) {}
            }),
        ]
    });
    assert!(proven);
}

/// Race: a thread starts another one and sleeps; that one wakes it and ends.
#[test]
fn a_thread_that_sleeps_while_the_one_that_it_has_started_wakes_it() {
    let proven = watch(3, 1, |program| {
        vec![program.start(|program| {
            let other = program.start(|program| program.send(0));
            while program.receive(0) {}
            other.join().unwrap();
        })]
    });
    assert!(proven);
}

/// Race: a thread is woken, starts a timer and sleeps again, beside the watcher's look at the timers.
#[test]
fn a_thread_that_starts_a_timer_before_it_sleeps_again() {
    let proven = watch(3, 1, |program| {
        vec![
            program.start(|program| {
                while program.receive(0) {
                    program.start_timer();
                }
            }),
            program.start(|program| program.send(0)),
        ]
    });
    assert!(!proven, "the timer was not seen");
}
