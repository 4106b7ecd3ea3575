//! A snapshot that is published to a recorder of the `metrics` crate.

use std::collections::HashMap;

use canter_executor::diagnostics::PollTiming;
use canter_executor::runtime::Runtime;
use metrics::{Key, Label, Unit};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

/// Every number of a snapshot arrives, under a name of Prometheus' style and with a description; those of a worker have its number.
#[test]
fn a_snapshot_arrives_with_names_labels_and_descriptions() {
    let timing = PollTiming::All;
    let runtime = Runtime::builder().workers(2).time_polls(timing).build().unwrap();
    for _ in 0..3 {
        runtime.block_on(runtime.spawn(async {})).unwrap();
    }
    let metrics = runtime.metrics();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || metrics.record());
    let mut values = HashMap::new();
    for (key, unit, description, value) in snapshotter.snapshot().into_vec() {
        let name = key.key().name();
        assert!(name.starts_with("canter_"), "{name}");
        assert!(
            description.is_some_and(|description| !description.is_empty()),
            "{name}"
        );
        let seconds = name.ends_with("_seconds");
        assert_eq!(
            unit,
            Some(if seconds { Unit::Seconds } else { Unit::Count }),
            "{name}"
        );
        let counts = matches!(value, DebugValue::Counter(_));
        assert_eq!(counts, name.ends_with("_total"), "{name}: {value:?}");
        values.insert(key.key().clone(), value);
    }
    let counter = |name: &'static str| &values[&Key::from_name(name)];
    assert_eq!(counter("canter_tasks_spawned_total"), &DebugValue::Counter(3));
    assert_eq!(
        counter("canter_tasks_alive"),
        &DebugValue::Gauge(metrics.tasks.alive.into_float())
    );
    for (number, worker) in metrics.workers.iter().enumerate() {
        let label = Label::new("worker", number.to_string());
        let key = Key::from_parts("canter_polls_total", vec![label.clone()]);
        assert_eq!(values[&key], DebugValue::Counter(worker.polls));
        let median = Key::from_parts("canter_poll_seconds", vec![label, Label::new("quantile", "0.5")]);
        assert_eq!(values.contains_key(&median), worker.poll_times.count() > 0);
    }
    // All numbers of both workers and of the runtime, and four percentiles for each worker that polled.
    let polled = metrics
        .workers
        .iter()
        .filter(|worker| worker.poll_times.count() > 0);
    assert_eq!(values.len(), 2 * 9 + 15 + 4 * polled.count());
}

trait IntoFloat {
    fn into_float<F: From<f64>>(self) -> F;
}

impl IntoFloat for u64 {
    fn into_float<F: From<f64>>(self) -> F {
        F::from(self as f64)
    }
}
