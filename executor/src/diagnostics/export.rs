//! A snapshot for the recorder of the `metrics` crate.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use super::{Metrics, WorkerMetrics};

/// The percentiles of the poll times that are published.
const QUANTILES: [(&str, f64); 4] = [("0.5", 50.0), ("0.9", 90.0), ("0.99", 99.0), ("1", 100.0)];

impl Metrics {
    /// Publishes the snapshot to the current recorder of the [`metrics`] crate, an exporter for Prometheus for instance.
    ///
    /// Names are those of Prometheus: counts end with `_total` and are counters, set to their absolute values; everything else is a gauge.
    /// What belongs to a worker has the label `worker`, the number of its seat. Percentiles of the poll times have a label `quantile`, and
    /// are missing while no poll was timed; the one whose bucket has no end is infinite. It costs some hundred calls of the recorder a worker,
    /// so once in some seconds is often enough. A program in which a task sleeps from one time to the next always has a timer that runs, so that
    /// no [deadlock](super::Deadlock) of its other tasks is told; where that matters, let a thread of the program's own do it by a
    /// [`Handle`](crate::runtime::Handle), which leaves a warning where there was a proof.
    ///
    /// # Examples
    ///
    /// A task that publishes every five seconds:
    ///
    /// ```no_run
    /// use canter_executor::{runtime::Handle, time::sleep};
    /// use std::time::Duration;
    ///
    /// # let recorder = metrics::NoopRecorder;
    /// metrics::set_global_recorder(recorder).unwrap();
    /// canter_executor::go(async {
    ///     loop {
    ///         Handle::current().metrics().record();
    ///         sleep(Duration::from_secs(5)).await;
    ///     }
    /// });
    /// ```
    pub fn record(&self) {
        describe();
        for (number, worker) in self.workers.iter().enumerate() {
            record_worker(worker, &number.to_string());
        }
        gauge!("canter_spare_workers").set(self.spare_workers as f64);
        gauge!("canter_injector_tasks").set(self.injector as f64);
        counter!("canter_stalls_total").absolute(self.stalls);
        counter!("canter_io_events_total").absolute(self.io_events);
        counter!("canter_poller_turns_total").absolute(self.poller_turns);
        gauge!("canter_timers_pending").set(self.timers_pending as f64);
        counter!("canter_timers_fired_total").absolute(self.timers_fired);
        gauge!("canter_blocking_running").set(self.blocking.running as f64);
        gauge!("canter_blocking_waiting").set(self.blocking.waiting as f64);
        gauge!("canter_blocking_idle_threads").set(self.blocking.idle_threads as f64);
        gauge!("canter_tasks_alive").set(self.tasks.alive as f64);
        counter!("canter_tasks_spawned_total").absolute(self.tasks.spawned);
        counter!("canter_tasks_ended_total").absolute(self.tasks.ended);
        counter!("canter_tasks_panicked_total").absolute(self.tasks.panicked);
        counter!("canter_tasks_leaked_total").absolute(self.tasks.leaked);
    }
}

fn record_worker(worker: &WorkerMetrics, number: &str) {
    let number = number.to_owned();
    counter!("canter_polls_total", "worker" => number.clone()).absolute(worker.polls);
    counter!("canter_steals_total", "worker" => number.clone()).absolute(worker.steals);
    counter!("canter_stolen_tasks_total", "worker" => number.clone()).absolute(worker.stolen);
    counter!("canter_parks_total", "worker" => number.clone()).absolute(worker.parks);
    counter!("canter_wakeups_total", "worker" => number.clone()).absolute(worker.wakeups);
    counter!("canter_notified_total", "worker" => number.clone()).absolute(worker.notified);
    gauge!("canter_next_slot_tasks", "worker" => number.clone()).set(worker.next_slot as f64);
    gauge!("canter_local_queue_tasks", "worker" => number.clone()).set(worker.local_queue as f64);
    counter!("canter_timed_polls_total", "worker" => number.clone()).absolute(worker.poll_times.count());
    for (quantile, percent) in QUANTILES {
        if let Some(time) = worker.poll_times.percentile(percent) {
            let seconds = if time == std::time::Duration::MAX {
                f64::INFINITY
            } else {
                time.as_secs_f64()
            };
            gauge!("canter_poll_seconds", "worker" => number.clone(), "quantile" => quantile).set(seconds);
        }
    }
}

fn describe() {
    let counters = [
        ("canter_polls_total", "Polls of tasks"),
        (
            "canter_steals_total",
            "How often a worker took tasks from another one",
        ),
        (
            "canter_stolen_tasks_total",
            "Tasks that a worker took from other workers",
        ),
        ("canter_parks_total", "How often a worker went to sleep"),
        ("canter_wakeups_total", "How often a worker got up from sleep"),
        (
            "canter_notified_total",
            "Wake-ups of a worker by another worker or thread",
        ),
        ("canter_timed_polls_total", "Polls whose time was taken"),
        (
            "canter_stalls_total",
            "How often a worker stayed in one poll while something waited for it",
        ),
        (
            "canter_io_events_total",
            "Sources that the kernel's poller reported as ready",
        ),
        (
            "canter_poller_turns_total",
            "How often the kernel's poller was asked for events",
        ),
        ("canter_timers_fired_total", "Timers that ended by themselves"),
        ("canter_tasks_spawned_total", "Tasks that were spawned"),
        ("canter_tasks_ended_total", "Tasks that ended, however they did"),
        ("canter_tasks_panicked_total", "Tasks that panicked"),
        (
            "canter_tasks_leaked_total",
            "Tasks dropped because nothing could wake them any more",
        ),
    ];
    for (name, description) in counters {
        describe_counter!(name, Unit::Count, description);
    }
    let gauges = [
        ("canter_next_slot_tasks", "Tasks in a worker's next slot"),
        ("canter_local_queue_tasks", "Tasks in a worker's local queue"),
        (
            "canter_spare_workers",
            "Workers beyond the runtime's number of them, which take the place of stalled ones",
        ),
        ("canter_injector_tasks", "Tasks in the injector"),
        ("canter_timers_pending", "Timers that run"),
        ("canter_blocking_running", "Closures of spawn_blocking that run"),
        (
            "canter_blocking_waiting",
            "Closures of spawn_blocking that wait for a thread",
        ),
        (
            "canter_blocking_idle_threads",
            "Threads that wait for a closure of spawn_blocking",
        ),
        ("canter_tasks_alive", "Tasks that were spawned and have not ended"),
    ];
    for (name, description) in gauges {
        describe_gauge!(name, Unit::Count, description);
    }
    describe_gauge!(
        "canter_poll_seconds",
        Unit::Seconds,
        "Percentiles of the poll times that were taken"
    );
}
