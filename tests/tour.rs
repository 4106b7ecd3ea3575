//! Each program of the tour prints what it says at its top that it prints.

#[path = "program/example.rs"]
mod example;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use example::example;
use snapbox::{Assert, Data, IntoData};

/// The programs that the tour lists, in its order.
fn programs() -> Vec<String> {
    let listed = run(&[]);
    let names: Vec<_> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 15, "the tour lists its programs: {listed}");
    names
}

fn tour(arguments: &[&str]) -> Output {
    let output = Command::new(example("tour")).args(arguments).output();
    output.expect("the tour starts")
}

/// What the tour prints, if it has nothing to complain about.
fn run(arguments: &[&str]) -> String {
    let output = tour(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaint.is_empty(),
        "{arguments:?}: {complaint}"
    );
    String::from_utf8(output.stdout).expect("it prints text")
}

/// What a program says that it prints: a block of its documentation that is marked as text.
fn promised(name: &str) -> Data {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tour");
    let source = fs::read_to_string(folder.join(name).with_extension("rs"))
        .or_else(|_| fs::read_to_string(folder.join(name).join("mod.rs")))
        .expect("a program is a module of its name");
    let mut lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let fence = lines.by_ref().find(|line| line.starts_with(" ```text"));
    let text: String = lines
        .take_while(|line| *line != " ```")
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n")
        .collect();
    assert!(!text.is_empty(), "{name} says what it prints");
    match fence {
        Some(" ```text,unordered") => text.into_data().unordered(),
        _ => text.into_data(),
    }
}

#[test]
fn each_program_prints_what_it_says() {
    for name in programs() {
        Assert::new().eq(run(&[&name]), promised(&name));
    }
}

#[test]
fn all_runs_all_of_them_in_the_order_of_the_list() {
    let printed = run(&["all"]);
    let headlines = printed
        .lines()
        .filter_map(|line| line.strip_prefix("== ")?.split_once(':'));
    assert_eq!(headlines.map(|(name, _)| name).collect::<Vec<_>>(), programs());
}

#[test]
fn a_program_that_is_not_there_is_a_usage_error_that_names_those_that_are() {
    let output = tour(&["generics"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("pipeline") && message.contains("all"),
        "{message}"
    );
}
