//! The real workloads and series.

use std::collections::HashSet;

use canter_bench::versus::{Better, Kind, Means, Run, Workload, series, workloads};

use crate::tests;
use crate::versus::{Versus, run};

tests![
    the_list_names_all,
    a_reader_that_is_gone_ends_the_program_quietly,
    every_workload_is_well_formed,
    every_series_is_well_formed,
];

/// A list runs nothing, and says what each workload is, indented.
fn the_list_names_all() {
    let ended = run(&["--list"]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.log.is_empty());
    for name in ["clock", "gopher", "canter, slow, quick, bound", "  what echo is"] {
        assert!(ended.stdout.contains(name), "{name} in {}", ended.stdout);
    }
    let ended = run(&["--list", "--scale"]);
    let points = "scale/growth/10 scale/growth/100 scale/growth/1000\n";
    assert!(ended.stdout.contains(points), "{}", ended.stdout);
}

/// As `| head` leaves it: neither a list nor a run has more to say then, and no failure either.
fn a_reader_that_is_gone_ends_the_program_quietly() {
    for arguments in [&["--list"][..], &["--only", "clock", "--rounds", "2"]] {
        let ended = Versus::new(arguments).without_reader().run();
        assert_eq!(ended.code, Some(141), "{arguments:?}");
        assert_eq!(ended.stderr, "", "{arguments:?}");
        assert_eq!(ended.log, "", "nothing is measured for nobody");
    }
}

/// Canter comes first, once, and no name is there twice.
#[track_caller]
fn assert_well_formed(workload: &Workload) {
    let Workload {
        name,
        contenders,
        figures,
        ..
    } = workload;
    let ours = |kind| kind == Kind::Ours;
    assert!(contenders.first().is_some_and(|first| ours(first.kind)), "{name}");
    assert_eq!(
        contenders.iter().filter(|contender| ours(contender.kind)).count(),
        1,
        "{name}"
    );
    let names: HashSet<&str> = contenders.iter().map(|contender| contender.name).collect();
    assert_eq!(names.len(), contenders.len(), "{name}");
    let figure_names: HashSet<&str> = figures.iter().map(|figure| figure.name).collect();
    assert!(
        !figures.is_empty() && figure_names.len() == figures.len(),
        "{name}"
    );
    assert!((1..=workload.times).contains(&workload.quick_times), "{name}");
}

/// Each has a name of its own, and canter takes part in it.
fn every_workload_is_well_formed() {
    let workloads = workloads();
    let names: HashSet<&str> = workloads.iter().map(|workload| &*workload.name).collect();
    assert_eq!(names.len(), workloads.len());
    workloads.iter().for_each(assert_well_formed);
}

/// Each has a name of its own, points that grow, and contenders that count right at the first of them.
fn every_series_is_well_formed() {
    let all = series();
    let names: HashSet<&str> = all.iter().map(|series| series.name).collect();
    assert_eq!(names.len(), all.len());
    for series in all {
        let name = series.name;
        assert!(series.points.is_sorted_by(|left, right| left < right), "{name}");
        assert!(
            series
                .points
                .first()
                .is_some_and(|&first| first <= series.quick_most),
            "{name}"
        );
        assert!(
            series.figures.iter().all(|figure| figure.better == Better::Lower),
            "{name}"
        );
        assert!((1..=series.times).contains(&series.quick_times), "{name}");
        let run = Run {
            times: 1_000,
            workers: 2,
        };
        for contender in series.at(series.points[0]).contenders {
            let Means::Call(call) = &contender.means else {
                continue;
            };
            let figures = call(&run);
            let figures = figures.unwrap_or_else(|failure| panic!("{name}: {contender:?}: {failure}"));
            assert_eq!(figures.len(), series.figures.len(), "{name}");
            assert!(figures.iter().all(|figure| *figure > 0.0), "{name}: {figures:?}");
        }
    }
}
