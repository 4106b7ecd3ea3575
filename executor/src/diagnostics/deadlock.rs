//! A program that waits for itself.
//!
//! # The proof
//!
//! When a runtime has come to rest its monitor looks whether anything can still happen in this process. It is a **deadlock** if
//!
//! 1. a thread waits in a `block_on` of some runtime, so that there is something the program waits for;
//! 2. no runtime has a ready task in its injector or in a queue;
//! 3. no runtime has a timer in a wheel;
//! 4. no runtime has a source of I/O registered;
//! 5. no thread of a pool is idle: it would end by and by, and the program's thread-locals with it, whose destructors run the program's
//!    code. (Such threads are sent home at once, and the look repeated.)
//! 6. the program has no signal handler of its own (below);
//! 7. every thread of the process sleeps, in a place from which only another thread can wake it.
//!
//! **Why these hold in one moment.** The census of `canter_coop` counts the threads that sleep so: workers that are listed as sleeping,
//! threads that wait in a `block_on` or in the blocking form of an operation, and idle threads of the pools. Whoever wakes one of them
//! takes it out of the count before it can notice, and each change gives the census another number. Monitors and the thread that prints
//! dumps are counted all the time, this one included: where there is no work they wake nobody, and when they run code of the program's
//! own they leave the count. The look reads the census, then the number of threads from the kernel, then everything else, and then the
//! census again. If both reads are equal, then the same threads slept all the time between them. If they are as many as the kernel said,
//! then at that moment there was no other thread, and none of these was awake or had been woken. So from that moment on nothing could
//! change but by the kernel: by a signal, an event of I/O, or the clock. What was read afterwards, queues, timers and sources, was
//! therefore true together.
//!
//! **Why it stays so.** No thread is awake but those that wake nobody. The clock wakes a worker for a timer, of which there is none, and
//! a monitor. The kernel wakes the worker in the poller for a source, of which there is none. A worker that comes back from the kernel, or
//! from a sleep that was to end with a timer, leaves the census *before* it takes an event or a timer out (`Worker::sleep`), so one that
//! has taken something and not yet woken whom it concerns is not counted, and 7 fails. A handler of a signal might wake a thread; 6 says
//! that there is none.
//!
//! **Signals.** The kernel tells which signals have a handler. Three kinds are no handlers of the program: those of Rust's runtime and of
//! the C library, and that of `SIGQUIT` if it prints dumps and had none before. A handler may do very little: write to a descriptor, or
//! set a flag. So one that shares `SIGQUIT` with the dump and that we do not know of forbids nothing: if something comes of it, there is a
//! thread that reads the descriptor, which is awake, or a source that is registered.
//!
//! # Where there is no proof
//!
//! If 1 to 6 hold, and no closure runs on a pool, and yet there are other threads, one of these may wake a task. If the census has the
//! same number a second later, then this is a **suspicion**: a warning, once a runtime. The same where the kernel does not tell the number
//! of threads. If one of 3, 4 and 6 fails, or a closure runs, nothing is said.
//!
//! # When it looks
//!
//! Whenever a runtime comes to rest: no worker is awake, and since the last look one got up, a thread began to wait in a `block_on`, or
//! one of the pool came to rest. After a look that calls for no other one the monitor sleeps without limit. So a deadlock that a thread
//! beside canter completes, by ending or by waiting in its turn, is told by the suspicion alone, if that comes before.

use std::fmt;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use canter_coop::census::{self, Census, Counted};

use super::Dump;
use super::process::Process;
use super::trace;
use crate::report::report;
use crate::runtime::{Shared, with_running};

/// The code with which a program ends that waits for itself. Go's is the same.
const EXIT_CODE: i32 = 2;

/// How long all has to be quiet before a suspicion is told.
const QUIET: Duration = Duration::from_secs(1);

/// Until the next look, when threads were sent home.
const SOON: Duration = Duration::from_millis(5);

/// What happens when a program waits for itself: see [`Deadlock`].
#[derive(Clone, Default)]
pub enum OnDeadlock {
    /// The report goes to standard error, and the program ends with exit code 2. Where there is no proof it is a warning, once, and the
    /// program goes on.
    #[default]
    Exit,
    /// The report goes to standard error, once, and the program goes on.
    Warn,
    /// Nobody looks.
    Ignore,
    /// This is called with the report: once for a suspicion, and each time for what is proven. It runs on a thread of the runtime that
    /// runs no tasks; a panic in it is reported. What it wakes goes on.
    Call(Arc<dyn Fn(&Deadlock) + Send + Sync>),
}

impl OnDeadlock {
    /// [`Call`](OnDeadlock::Call) of a closure.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::diagnostics::OnDeadlock;
    /// use canter_executor::runtime::Builder;
    ///
    /// let on_deadlock = OnDeadlock::call(|deadlock| {
    ///     eprintln!("{deadlock}");
    ///     std::process::abort();
    /// });
    /// let runtime = Builder::new().on_deadlock(on_deadlock).build().unwrap();
    /// # drop(runtime);
    /// ```
    pub fn call(f: impl Fn(&Deadlock) + Send + Sync + 'static) -> OnDeadlock {
        OnDeadlock::Call(Arc::new(f))
    }
}

impl fmt::Debug for OnDeadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OnDeadlock::Exit => "Exit",
            OnDeadlock::Warn => "Warn",
            OnDeadlock::Ignore => "Ignore",
            OnDeadlock::Call(_) => "Call(..)",
        })
    }
}

/// The report of a program in which a `block_on` waits and all tasks of all runtimes wait too.
///
/// It is [proven](Deadlock::is_proven) if nothing in the process can ever wake one of them: every thread is canter's or waits in an
/// operation of canter, and there is no timer, no registered socket, no running closure of `spawn_blocking` and no signal handler of the
/// program's own. Otherwise another thread is there, which may wake one: then it is a suspicion, and told after a second without
/// any change. On other systems than Linux nothing is ever proven.
///
/// A program whose tasks wait for a plain thread, which reads from a terminal for example, gives that warning although nothing is wrong
/// with it: [`OnDeadlock::Ignore`] turns it off, and so does `spawn_blocking` in place of the thread.
///
/// Its `Display` is a headline and the [`Dump`] of each runtime.
#[derive(Debug, Clone)]
pub struct Deadlock {
    pub(super) proven: bool,
    pub(super) dumps: Vec<Dump>,
}

impl Deadlock {
    /// Whether nothing can ever wake a task. Otherwise another thread might.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// What the tasks wait for, first those of the runtime that was asked to tell, then those of the others.
    pub fn dumps(&self) -> &[Dump] {
        &self.dumps
    }
}

/// What a program was told of one runtime.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// A suspicion, or what `Warn` tells.
    warned: AtomicBool,
    /// The changes of the census up to the last proof that was told: while there are no more of them it is the same deadlock.
    at: Mutex<Option<u32>>,
}

/// What a look finds.
enum Finding {
    /// Something is still to come.
    Nothing,
    /// It has to be seen again after that time.
    Unsettled(Duration),
    Suspicion(Census),
    Proof(Census),
}

/// The suspicion of the last look, and when it began.
static SUSPECTED: Mutex<Option<(Census, Instant)>> = Mutex::new(None);

/// The monitor of a runtime that has come to rest: tells of a deadlock, if there is one. Gives the time after which it has to look again
/// even if nothing stirs.
pub(crate) fn look_for_deadlock(counted: &Counted) -> Option<Duration> {
    let (told, again) = with_running(counted, |running| {
        let mut suspected = match SUSPECTED.try_lock() {
            Ok(suspected) => suspected,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return (Vec::new(), Some(QUIET)), // another monitor looks
        };
        let previous = suspected.take();
        match find(running) {
            Finding::Nothing => (Vec::new(), None),
            Finding::Unsettled(again) => (Vec::new(), Some(again)),
            Finding::Proof(census) => (tell(running, true, census), None),
            Finding::Suspicion(census) => match previous {
                Some((before, since)) if before == census && since.elapsed() >= QUIET => {
                    (tell(running, false, census), None)
                }
                Some((before, since)) if before == census => {
                    *suspected = previous;
                    (Vec::new(), Some(QUIET.saturating_sub(since.elapsed())))
                }
                _ => {
                    *suspected = Some((census, Instant::now()));
                    (Vec::new(), Some(QUIET))
                }
            },
        }
    });
    for (on_deadlock, deadlock) in told {
        carry_out(on_deadlock, &deadlock, counted);
    }
    again
}

/// The order of the reads is that of the proof.
fn find(running: &[&Shared]) -> Finding {
    let something_goes_on =
        || !running.iter().any(|shared| cares(shared)) || running.iter().any(|shared| is_awake(shared));
    if something_goes_on() {
        return Finding::Nothing; // no need to ask the kernel
    }
    let census = census::read();
    let process = Process::look();
    let has_handlers = process.is_some_and(|process| process.catches_others_than(known_signals()));
    if has_handlers || something_goes_on() {
        return Finding::Nothing;
    }
    let all_sleep = process.is_some_and(|process| process.threads == census.asleep());
    let runs_closures = running.iter().any(|shared| shared.threads.are_busy());
    if !all_sleep && runs_closures {
        return Finding::Nothing;
    }
    if census::read() != census {
        return Finding::Unsettled(QUIET);
    }
    if !all_sleep {
        return Finding::Suspicion(census);
    }
    let sent_home = running
        .iter()
        .filter(|shared| shared.threads.dismiss_idle())
        .count();
    if sent_home > 0 {
        return Finding::Unsettled(SOON);
    }
    Finding::Proof(census)
}

/// Whether somebody waits for the runtime, and wants to know.
fn cares(shared: &Shared) -> bool {
    !shared.waiters.is_empty() && !matches!(shared.settings.on_deadlock, OnDeadlock::Ignore)
}

/// Whether there is something that a worker does, or will do when the clock or the kernel says so.
fn is_awake(shared: &Shared) -> bool {
    let scheduler = &shared.scheduler;
    !scheduler.is_quiet() || scheduler.has_visible_work() || scheduler.driver().has_something_to_wait_for()
}

#[cfg(unix)]
fn known_signals() -> impl Iterator<Item = u32> {
    super::quit::known_signals()
}

#[cfg(not(unix))]
fn known_signals() -> impl Iterator<Item = u32> {
    std::iter::empty()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reports that are news.
fn tell(running: &[&Shared], proven: bool, census: Census) -> Vec<(OnDeadlock, Deadlock)> {
    let is_news = |shared: &&&Shared| {
        let told = &shared.told;
        if !proven || matches!(shared.settings.on_deadlock, OnDeadlock::Warn) {
            !told.warned.swap(true, SeqCst)
        } else {
            lock(&told.at).is_none_or(|at| at != census.changes())
        }
    };
    let news: Vec<&Shared> = running
        .iter()
        .filter(|shared| cares(shared))
        .filter(is_news)
        .copied()
        .collect();
    if proven {
        let is_called = |shared: &&&Shared| matches!(shared.settings.on_deadlock, OnDeadlock::Call(_));
        // What is called leaves the census for that time, and comes back.
        let changes = 2 * news.iter().filter(is_called).count() as u32;
        for shared in &news {
            *lock(&shared.told.at) = Some(census.changes().wrapping_add(changes));
        }
    }
    news.into_iter()
        .map(|shared| {
            let others = running.iter().copied().filter(|other| !ptr::eq(*other, shared));
            let dumps = iter::once(shared).chain(others).map(Dump::of).collect();
            (shared.settings.on_deadlock.clone(), Deadlock { proven, dumps })
        })
        .collect()
}

fn carry_out(on_deadlock: OnDeadlock, deadlock: &Deadlock, counted: &Counted) {
    match on_deadlock {
        OnDeadlock::Exit => {
            report(format_args!("{deadlock}"));
            if deadlock.proven {
                trace::write_files();
                std::process::exit(EXIT_CODE);
            }
        }
        OnDeadlock::Warn => report(format_args!("{deadlock}")),
        OnDeadlock::Ignore => {}
        OnDeadlock::Call(f) => {
            // By value, so that it is dropped in there too.
            let called = counted.awake(move || catch_unwind(AssertUnwindSafe(move || f(deadlock))));
            if called.is_err() {
                report(format_args!("the function of `on_deadlock` panicked"));
            }
        }
    }
}
