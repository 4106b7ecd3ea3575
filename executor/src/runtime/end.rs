//! The end of a runtime: its workers, its tasks, its descriptors and its threads, in that order.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use super::handle::{Handle, Shared};
use crate::report::report;
use crate::scheduler;
use crate::task::Registry;

/// Between two looks for tasks that came late, while threads are waited for.
const LATECOMERS: Duration = Duration::from_millis(5);

impl Shared {
    /// The registries of the tasks, without that of the closures.
    pub(crate) fn task_registries(&self) -> impl Iterator<Item = &Registry> {
        self.registries.iter().map(|registry| &***registry)
    }

    pub(crate) fn all_registries(&self) -> impl Iterator<Item = &Registry> {
        self.task_registries().chain([&*self.blocking])
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.scheduler.is_stopping()
    }

    /// From now on no task is taken, and each worker leaves its seat after the poll that it is in.
    pub(super) fn stop(&self) {
        self.all_registries().for_each(Registry::close);
        self.scheduler.stop();
    }

    /// Ends everything after `stop`: first the workers, then what tasks wait for, all tasks, and the other threads. A thread
    /// that blocks in the middle of a task may wait for something that ends with the tasks, so the threads come last. False
    /// if some are left behind because the time is over.
    pub(super) fn end(&self, handle: &Handle, deadline: Option<Instant>) -> bool {
        let _entered = handle.enter(); // for destructors that spawn
        let _ending = Ending::begin(handle); // for destructors that block
        scheduler::leave_seat(); // in case that this thread is another runtime's worker
        let vacated = self.scheduler.wait_vacated(deadline);
        self.scheduler.driver().close();
        self.drop_tasks();
        self.threads.close();
        self.drop_tasks();
        let joined = self.join_threads(deadline);
        while joined && self.all_registries().any(|registry| registry.len() > 0) {
            // One that is left is in the hands of a thread that is just waking it.
            self.drop_tasks();
            thread::yield_now();
        }
        if let Some(file) = &self.trace_file {
            file.finish();
        }
        vacated && joined
    }

    /// Waits until every thread has ended, or until `deadline`. True if all have.
    ///
    /// A task that runs, in a nested `block_on`, can't be dropped with the others: it may wait again afterwards, and another
    /// thread for it. Nobody tells this thread of such a latecomer, so it looks again and again.
    fn join_threads(&self, deadline: Option<Instant>) -> bool {
        loop {
            let next_look = Instant::now() + LATECOMERS;
            let until = deadline.map_or(next_look, |deadline| deadline.min(next_look));
            if self.threads.join(Some(until)) {
                return true;
            }
            self.drop_tasks();
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return false;
            }
        }
    }

    /// Drops every task that no thread polls.
    fn drop_tasks(&self) {
        for registry in self.all_registries() {
            // A task that waits is scheduled by this, and dropped out of the injector.
            registry.wakers().into_iter().for_each(|waker| waker.wake());
        }
        while let Some(runnable) = self.scheduler.take_any() {
            if catch_unwind(AssertUnwindSafe(|| drop(runnable))).is_err() {
                report(format_args!("a destructor panicked while its runtime ended"));
            }
        }
    }
}

thread_local! {
    /// The runtime whose tasks this thread drops.
    static ENDING: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// While a thread drops the tasks of a runtime.
pub(super) struct Ending {
    outer: Option<Handle>,
}

impl Ending {
    fn begin(handle: &Handle) -> Ending {
        let outer = ENDING.replace(Some(handle.clone()));
        Ending { outer }
    }

    /// Called where this thread is about to wait. If it does so in a destructor, while a runtime ends here, it may wait for
    /// another task: a thread of the pool goes on to drop those.
    pub(super) fn hand_over() {
        let ending = ENDING.try_with(|ending| ending.borrow().clone());
        let Ok(Some(handle)) = ending else { return };
        let drops = {
            let handle = handle.clone();
            move || {
                let _ending = Ending::begin(&handle);
                handle.shared().drop_tasks();
            }
        };
        if handle.shared().threads.start_worker(Box::new(drops)).is_err() {
            // No thread can be had: here, which does unless a destructor waits for one that is under way below it.
            handle.shared().drop_tasks();
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        ENDING.replace(self.outer.take());
    }
}
