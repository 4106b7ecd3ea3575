//! What canter's looks at itself cost: the monitor that notices stalls, the search for deadlocks, the dump, the timing of polls, the trace. The hottest rows once
//! more, by canter alone, with all of it turned off, with all of it on, and traced as well.
//!
//! What is compiled in is part of every setting: the state that a task keeps, the count of a worker's polls.

use std::rc::Rc;
use std::time::Duration;

use canter_executor::diagnostics::{OnDeadlock, PollTiming};
use canter_executor::runtime::Builder;

use super::{Contender, Kind, Means, Run, Workload, channels, locks, tasks, timers};
use crate::runtimes::{Canter, Setting};

/// A stall threshold that no run reaches: the monitor sleeps.
const NEVER: Duration = Duration::from_secs(3600);

/// The rows whose work is most of all the scheduler's, the timers', a channel's or a lock's.
const HOT: [&str; 8] = [
    "task/spawn-join/worker",
    "task/one-by-one",
    "task/yield/1000",
    "task/ping-pong",
    "timer/start-cancel",
    "channel-on-canter/ping-pong/0",
    "channel-on-canter/1:1/128",
    "lock-on-canter/mutex/8-yield",
];

/// The settings beside the default one: a name in the tables, and what the builder is told.
const SETTINGS: [(&str, Setting); 3] = [
    (
        "off",
        Setting {
            build: |builder| {
                builder
                    .stall_threshold(NEVER)
                    .spare_threads(0)
                    .warn_of_stalls(false)
                    .on_deadlock(OnDeadlock::Ignore)
                    .dump_on_signal(false)
            },
            traced: false,
        },
    ),
    (
        "on",
        Setting {
            build: all_on,
            traced: false,
        },
    ),
    (
        "traced",
        Setting {
            build: all_on,
            traced: true,
        },
    ),
];

fn all_on(builder: Builder) -> Builder {
    builder
        .stall_threshold(Duration::from_millis(1))
        .dump_on_signal(true)
        .time_polls(PollTiming::All)
}

/// The workloads of this module.
pub fn workloads() -> Vec<Workload> {
    let all = [
        tasks::workloads(),
        timers::workloads(),
        channels::workloads(),
        locks::workloads(),
    ];
    let mut all: Vec<Workload> = all.into_iter().flatten().collect();
    let hot = HOT.map(|name| {
        let place = all.iter().position(|workload| workload.name == name);
        let place = place.unwrap_or_else(|| unreachable!("there is a workload {name}"));
        with_settings(all.swap_remove(place))
    });
    hot.into()
}

/// The same work by canter alone, with each setting.
fn with_settings(workload: Workload) -> Workload {
    let Workload { name, about, .. } = workload;
    let ours = workload
        .contenders
        .into_iter()
        .find(|contender| contender.kind == Kind::Ours);
    let call = match ours.map(|contender| contender.means) {
        Some(Means::Call(call)) => Rc::new(call),
        other => unreachable!("canter is called in {name}, not {other:?}"),
    };
    let settings = SETTINGS.map(|(name, setting)| {
        let call = call.clone();
        Contender::setting(name, move |run: &Run| Canter::with_setting(setting, || call(run)))
    });
    let ours = Contender::ours(move |run| call(run));
    Workload {
        name: format!("cost/{name}"),
        about: format!(
            "{about} By canter as it is set up by default, with its diagnostics off, with all of them on, and traced as well."
        ),
        figures: workload.figures,
        times: workload.times,
        quick_times: workload.quick_times,
        contenders: [ours].into_iter().chain(settings).collect(),
    }
}
