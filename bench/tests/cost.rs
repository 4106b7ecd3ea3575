//! The workloads that show what canter's diagnostics cost.

use canter_bench::runtimes::{Canter, Runtime, Setting};
use canter_bench::versus::{Kind, Means, Run, cost};
use canter_executor::runtime::Handle;

/// The workers of a runtime that is started with two, and what the setting makes of them.
fn workers() -> usize {
    Canter::start(2).block_on(async { Handle::current().workers() })
}

/// Shows that a setting reaches the runtimes that are started with it, and no other ones.
#[test]
fn a_setting_is_for_what_is_started_with_it() {
    let three = Setting {
        build: |builder| builder.workers(3),
        traced: false,
    };
    assert_eq!(Canter::with_setting(three, workers), 3);
    assert_eq!(workers(), 2);
}

/// Shows that each row has canter as it is by default, and with each setting, and that all do their work.
#[test]
fn every_setting_gives_figures() {
    for workload in cost::workloads() {
        let contenders = workload.contenders.iter();
        let names: Vec<_> = contenders
            .map(|contender| (contender.name, contender.kind))
            .collect();
        let expected = [
            ("canter", Kind::Ours),
            ("off", Kind::Setting),
            ("on", Kind::Setting),
            ("traced", Kind::Setting),
        ];
        assert_eq!(names, expected, "{}", workload.name);
        for contender in &workload.contenders {
            let Means::Call(call) = &contender.means else {
                panic!("{contender:?} is called");
            };
            let run = Run {
                times: 1_234,
                workers: 2,
            };
            let figures = call(&run);
            let figures =
                figures.unwrap_or_else(|failure| panic!("{} {}: {failure}", workload.name, contender.name));
            assert!(figures.iter().all(|figure| *figure > 0.0), "{}", workload.name);
        }
    }
}
