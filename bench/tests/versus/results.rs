//! What is shown and written.

use serde_json::{Value, json};

use crate::tests;
use crate::versus::run;

tests![
    the_best_is_shown_first_with_factors,
    a_row_for_each_figure_in_its_own_sense,
    zero_has_no_factor,
    the_summary_counts_the_rows,
    a_setting_is_no_peer,
    growth_is_shown_and_steep_growth_marked,
    the_json_has_the_promised_form,
    a_series_is_in_the_json_by_points,
    a_file_that_cannot_be_written_is_refused_at_once,
];

/// A line a contender: median, lowest, highest, and how canter stands to it. A limit is what canter reaches of it.
fn the_best_is_shown_first_with_factors() {
    let ended = run(&["--only", "clock", "--rounds", "2"]);
    let table = "
          median    min    max      canter is
  bound     25.0   25.0   25.0  ns     25.0 %  of this limit
  quick     50.0   50.0   50.0  ns     0.500×
  canter     100    100    100  ns
  slow     1,230  1,230  1,230  ns      12.3×
  canter to the best peer, quick: 0.500×
";
    assert!(ended.stdout.contains(table), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("\nclock  2 rounds\n  what clock is\n"),
        "{}",
        ended.stdout
    );
}

/// Where more is better, the factor is turned around.
fn a_row_for_each_figure_in_its_own_sense() {
    let ended = run(&["--only", "echo", "--rounds", "1"]);
    let throughput = "echo/throughput 90,000 msg/s 60,000 msg/s quick 1.50×";
    assert_eq!(ended.line("echo/throughput"), throughput);
    assert_eq!(ended.line("echo/p99"), "echo/p99 80.0 us 40.0 us quick 0.500×");
    let bounds = ended.lines("bound");
    assert_eq!(
        bounds[0],
        "bound 120,000 120,000 120,000 msg/s 75.0 % of this limit"
    );
    assert_eq!(bounds[1], "bound 20.0 20.0 20.0 us 25.0 % of this limit");
}

/// Nothing is compared with zero.
fn zero_has_no_factor() {
    let ended = run(&["--only", "zero", "--rounds", "1", "--json", "results.json"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.line("zero"), "zero 0 ns 0 ns quick -");
    assert_eq!(ended.json("results.json")["ratios"], json!([]));
}

/// How many rows are at least as good as the best peer, and how many clearly better; the mean is geometric.
fn the_summary_counts_the_rows() {
    let ended = run(&[
        "--only", "clock", "--only", "echo", "--only", "lossy", "--rounds", "2",
    ]);
    let summary = "4 rows with a peer: 2 at 1.0 or better, 2 at 1.5 or better, geometric mean 0.866";
    assert!(ended.stdout.contains(summary), "{}", ended.stdout);
}

/// Canter with another setting stands in a list of its own, and counts nowhere else.
fn a_setting_is_no_peer() {
    let arguments = ["--only", "tuned", "--rounds", "1", "--json", "results.json"];
    let ended = run(&arguments);
    assert_eq!(ended.line("off"), "off 98.0 98.0 98.0 ns 0.980×");
    let summary = "
canter and itself with other settings
  tuned  100 ns  98.0 ns  off  0.980×
  tuned  100 ns   110 ns  on    1.10×
";
    assert!(ended.stdout.ends_with(summary), "{}", ended.stdout);
    assert!(!ended.stdout.contains("peer"), "{}", ended.stdout);
    assert_eq!(ended.json("results.json")["ratios"], json!([]));
}

/// A line a point with the exponent of growth since the one before, and a mark on what is steeper than `n log n`.
fn growth_is_shown_and_steep_growth_marked() {
    let ended = run(&["--scale", "--rounds", "1"]);
    let table = "
   things   canter    growth    square    growth
       10  20.0 ns             10.0 ns
      100  20.0 ns  n^1.00      100 ns  n^2.00 !
     1000  20.0 ns  n^1.00    1,000 ns  n^2.00 !
  overall           n^1.00              n^2.00 !
  ! steeper than n log n
";
    assert!(ended.stdout.contains(table), "{}", ended.stdout);
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

/// The machine, the rows, the ratios, and who failed.
fn the_json_has_the_promised_form() {
    let ended = run(&[
        "--only",
        "lossy",
        "--only",
        "echo",
        "--rounds",
        "2",
        "--workers",
        "3",
        "--json",
        "results.json",
    ]);
    let json = ended.json("results.json");
    assert_eq!(keys(&json), ["failures", "machine", "ratios", "rows"]);
    let known = [
        "allocator",
        "cores",
        "cpu",
        "go",
        "kernel",
        "memory_bytes",
        "quick",
        "rounds",
        "rustc",
        "workers",
    ];
    assert_eq!(keys(&json["machine"]), known);
    assert_eq!(json["machine"]["workers"], 3);
    assert_eq!(json["machine"]["rounds"], 2);
    let row = json!({
        "workload": "echo/throughput", "contender": "canter", "unit": "msg/s", "better": "higher",
        "median": 90_000.0, "min": 90_000.0, "max": 90_000.0,
    });
    let rows = json["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), 8, "six of echo's figures, and two that lose nothing");
    assert!(rows.contains(&row), "{rows:?}");
    let ratios = json!([
        { "workload": "echo/throughput", "best_peer": "quick", "ratio": 1.5 },
        { "workload": "echo/p99", "best_peer": "quick", "ratio": 0.5 },
        { "workload": "lossy", "best_peer": "keeps", "ratio": 1.5 },
    ]);
    assert_eq!(json["ratios"], ratios);
    let failures = json!([
        { "workload": "lossy", "contender": "loses", "failure": "counted 9 of 10", "failed": 2, "rounds": 2 },
        { "workload": "lossy", "contender": "sometimes", "failure": "counted 9 of 10", "failed": 1, "rounds": 2 },
    ]);
    assert_eq!(json["failures"], failures);
}

/// Each point of a series is a row.
fn a_series_is_in_the_json_by_points() {
    let ended = run(&["--scale", "--rounds", "1", "--json", "results.json"]);
    let json = ended.json("results.json");
    let names: Vec<&str> = json["ratios"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|ratio| ratio["workload"].as_str())
        .collect();
    assert_eq!(
        names,
        ["scale/growth/10", "scale/growth/100", "scale/growth/1000"]
    );
}

/// Not after an hour.
fn a_file_that_cannot_be_written_is_refused_at_once() {
    for option in ["--json", "--plot"] {
        // The executable is a file, so nothing can be in it.
        let ended = run(&[
            "--only",
            "clock",
            "--rounds",
            "1",
            option,
            "/proc/self/exe/results",
        ]);
        assert_eq!(ended.code, Some(2), "{option}");
        assert!(ended.log.is_empty(), "{option}");
        assert!(
            ended.stderr.contains("/proc/self/exe/results"),
            "{}",
            ended.stderr
        );
    }
}
