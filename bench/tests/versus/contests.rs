//! What is run, in which order, and how failures are taken.

use std::path::Path;

use crate::tests;
use crate::versus::run;

tests![
    contenders_are_interleaved,
    points_are_interleaved,
    a_run_is_asked_for_what_the_options_say,
    one_that_loses_is_no_peer,
    one_that_hangs_is_killed,
    one_that_dies_is_shown_with_its_last_words,
    canter_alone_decides_how_the_program_ends,
    only_chooses_workloads_and_contenders,
    a_pattern_that_fits_nothing_is_refused,
    a_quick_run_does_less,
];

/// Each round runs every contender once, in the same order.
fn contenders_are_interleaved() {
    let ended = run(&["--only", "clock", "--rounds", "3"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.log, "canter\nslow\nquick\nbound\n".repeat(3));
}

/// Each round of a series goes through all its points.
fn points_are_interleaved() {
    let ended = run(&["--scale", "--rounds", "2"]);
    assert_eq!(ended.code, Some(0));
    let round: String = [10, 100, 1_000]
        .map(|point| format!("canter {point}\nsquare {point}\n"))
        .concat();
    assert_eq!(ended.log, round.repeat(2));
}

/// The process that measures is told how often, and with how many workers.
fn a_run_is_asked_for_what_the_options_say() {
    let ended = run(&["--only", "asked", "--rounds", "1", "--workers", "5"]);
    assert!(
        ended.line("canter").starts_with("canter 7,500 "),
        "{}",
        ended.stdout
    );
    let ended = run(&["--only", "asked", "--rounds", "1", "--workers", "5", "--quick"]);
    assert!(
        ended.line("canter").starts_with("canter 3,500 "),
        "{}",
        ended.stdout
    );
}

/// Who loses messages, be it in one round, is shown as having failed, and the best of the others is the best peer.
fn one_that_loses_is_no_peer() {
    let ended = run(&["--only", "lossy", "--rounds", "3"]);
    assert_eq!(ended.code, Some(0), "only a peer failed");
    assert_eq!(
        ended.line("loses"),
        "loses failed in 3 of 3 rounds: counted 9 of 10"
    );
    assert_eq!(
        ended.line("sometimes"),
        "sometimes failed in 1 of 3 rounds: counted 9 of 10"
    );
    assert!(
        ended.stdout.contains("canter to the best peer, keeps: 1.50×"),
        "{}",
        ended.stdout
    );
    assert_eq!(ended.line("lossy"), "lossy 100 ns 150 ns keeps 1.50×");
}

/// A process that does not end in time is ended, and is not started again.
fn one_that_hangs_is_killed() {
    let ended = run(&["--only", "hangs", "--rounds", "2", "--time-limit", "1"]);
    assert_eq!(
        ended.line("sleeper"),
        "sleeper failed in 1 of 1 round: did not end in time"
    );
    let pid = ended.log.trim();
    assert!(!pid.is_empty() && !pid.contains('\n'), "it ran once: {pid:?}");
    assert!(!Path::new("/proc").join(pid).exists(), "it is still there");
}

/// A process without a result is shown by what it panicked with, or by its signal.
fn one_that_dies_is_shown_with_its_last_words() {
    let ended = run(&["--only", "dies", "--rounds", "2"]);
    let panics = ended.line("panics");
    let (before, after) = (
        "panics failed in 2 of 2 rounds: died: panicked at ",
        ": out of luck",
    );
    assert!(panics.starts_with(before) && panics.ends_with(after), "{panics}");
    let aborts = ended.line("aborts");
    assert!(aborts.contains("died: signal: 6"), "{aborts}");
    assert_eq!(ended.line("lacks"), "lacks too few files");
    assert_eq!(
        ended.log, "lacks\n",
        "what is lacking in one round is lacking in all"
    );
    let babbles = "babbles failed in 2 of 2 rounds: died: gave 2 figures in place of 1";
    assert_eq!(ended.line("babbles"), babbles);
}

/// The program fails if canter does, in whatever row.
fn canter_alone_decides_how_the_program_ends() {
    assert_eq!(run(&["--only", "dies", "--rounds", "1"]).code, Some(0));
    let ended = run(&["--only", "bad", "--only", "clock", "--rounds", "1"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.line("bad"), "bad failed - -");
    assert!(ended.stdout.contains("canter failed in bad"), "{}", ended.stdout);
}

/// A pattern is looked for in the workload and the contender together, and any of several will do.
fn only_chooses_workloads_and_contenders() {
    let ended = run(&["--only", "clock/q", "--only", "lossy/keeps", "--rounds", "1"]);
    assert_eq!(ended.log, "quick\nkeeps\n");
    let ended = run(&["--scale", "--only", "/100/", "--rounds", "1"]);
    assert_eq!(ended.log, "canter 100\nsquare 100\n");
}

/// Nothing runs, and what there is to choose from is said.
fn a_pattern_that_fits_nothing_is_refused() {
    let ended = run(&["--only", "nonsense", "--json", "results.json"]);
    assert_ne!(ended.code, Some(0));
    assert!(ended.log.is_empty());
    for name in ["nothing fits --only", "clock", "lossy", "canter", "sleeper"] {
        assert!(ended.stderr.contains(name), "{name} in {}", ended.stderr);
    }
    assert!(!ended.file("results.json").exists());
}

/// A quick run leaves out the points that take long.
fn a_quick_run_does_less() {
    let ended = run(&["--scale", "--quick", "--rounds", "1"]);
    assert_eq!(ended.log, "canter 10\nsquare 10\ncanter 100\nsquare 100\n");
}
