//! The workloads of tasks, timers and memory on every runtime.

use std::collections::HashSet;

use canter_bench::versus::{Contender, Kind, Means, Run, Workload, memory, tasks, timers};

/// The runtimes, canter first, and Go.
const EVERYONE: [&str; 6] = ["canter", "tokio", "tokio-current", "smol", "async-executor", "go"];

fn workloads() -> Vec<Workload> {
    [tasks::workloads(), timers::workloads(), memory::workloads()]
        .into_iter()
        .flatten()
        .collect()
}

/// A run that is over soon, and whose times are no multiple of the sizes of batches.
fn short_run(workload: &Workload) -> Run {
    let times = if workload.name.starts_with("task/fork-join") {
        1
    } else {
        1_234
    };
    Run { times, workers: 2 }
}

/// Asserts that these contenders give a finite figure, not below zero, for each that the workload names.
fn assert_figures(workload: &Workload, contenders: impl Fn(&Contender) -> bool) {
    for contender in workload
        .contenders
        .iter()
        .filter(|contender| contenders(contender))
    {
        let Means::Call(call) = &contender.means else {
            continue;
        };
        let outcome = call(&short_run(workload));
        let told = format!("{}/{}: {outcome:?}", workload.name, contender.name);
        let figures = outcome.expect(&told);
        assert_eq!(figures.len(), workload.figures.len(), "{told}");
        assert!(
            figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0),
            "{told}"
        );
    }
}

/// Shows that each workload does its work on every runtime, and counts it right.
#[test]
fn everyone_gives_figures() {
    for workload in workloads() {
        assert_figures(&workload, |contender| contender.kind != Kind::Limit);
    }
}

/// Shows that the limits give the one figure of the rows in which they are lines.
#[test]
fn limits_give_figures() {
    let mut seen = HashSet::new();
    for workload in workloads() {
        let new: HashSet<_> = workload
            .contenders
            .iter()
            .filter(|contender| contender.kind == Kind::Limit && seen.insert(contender.name))
            .map(|contender| contender.name)
            .collect();
        assert_figures(&workload, |contender| new.contains(contender.name));
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

/// Shows that all take part in every workload, canter first, and that Go's program is asked for it by its name.
#[test]
fn everyone_takes_part() {
    for workload in workloads() {
        let taking_part = workload
            .contenders
            .iter()
            .filter(|contender| contender.kind != Kind::Limit);
        let names: Vec<_> = taking_part.map(|contender| contender.name).collect();
        assert_eq!(names, EVERYONE, "{}", workload.name);
        assert_eq!(workload.contenders[0].kind, Kind::Ours, "{}", workload.name);
        let asked = workload
            .contenders
            .iter()
            .find_map(|contender| match &contender.means {
                Means::Go(asked) => Some(asked),
                Means::Call(_) | Means::CallWithGo(_) => None,
            });
        assert_eq!(asked, Some(&workload.name));
    }
}
