//! The workloads of tasks that block their thread.

use canter_bench::versus::{Contender, Means, Run, Workload, stalls};

/// A few tasks: whoever stands in for no thread soon has run them as well.
const RUN: Run = Run { times: 3, workers: 2 };

/// What a contender gives; nothing where Go's program would give it, which is beside `versus` alone.
fn figures(workload: &Workload, contender: &Contender) -> Option<Vec<f64>> {
    let outcome = match &contender.means {
        Means::Go(asked) => {
            assert_eq!(asked, &workload.name);
            return None;
        }
        Means::CallWithGo(_) => return None,
        Means::Call(call) => call(&RUN),
    };
    let figures = outcome.unwrap_or_else(|failure| panic!("{}/{}: {failure}", workload.name, contender.name));
    assert_eq!(
        figures.len(),
        workload.figures.len(),
        "{}/{}",
        workload.name,
        contender.name
    );
    Some(figures)
}

/// Shows that all tasks of everybody end, and that the messages meanwhile come back.
#[test]
fn everyone_gives_figures() {
    for workload in stalls::workloads() {
        for contender in &workload.contenders {
            let Some(figures) = figures(&workload, contender) else {
                continue;
            };
            let told = format!("{}/{}: {figures:?}", workload.name, contender.name);
            assert!(figures.iter().all(|figure| *figure > 0.0), "{told}");
            assert!(figures.is_sorted(), "p50, p99 and the longest: {told}");
        }
    }
}

/// Shows who takes part: all runtimes where nobody tells them what blocks, and otherwise each way of telling.
#[test]
fn all_ways_take_part() {
    let names = |name: &str| -> Vec<&str> {
        let workloads = stalls::workloads();
        let workload = workloads.iter().find(|workload| workload.name == name);
        let contenders = &workload.expect("it is there").contenders;
        contenders.iter().map(|contender| contender.name).collect()
    };
    let runtimes = ["canter", "tokio", "tokio-current", "smol", "async-executor", "go"];
    assert_eq!(names("stalls/blocking/20"), runtimes);
    let told = [
        "canter",
        "tokio-block-in-place",
        "tokio-spawn-blocking",
        "smol-unblock",
        "go",
    ];
    assert_eq!(names("stalls/blocking/1000"), told);
    assert_eq!(names("stalls/echo-meanwhile"), told);
}
