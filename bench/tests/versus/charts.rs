//! The charts.

use std::fs::{read_dir, read_to_string};

use roxmltree::{Document, Node};

use crate::tests;
use crate::versus::{Ended, run};

tests![
    each_figure_has_a_chart_of_all_contenders,
    a_series_has_a_chart_of_all_contenders,
    no_text_leaves_the_chart,
];

fn charts(ended: &Ended) -> Vec<(String, String)> {
    let folder = read_dir(ended.file("charts")).expect("the folder is there");
    let mut charts: Vec<(String, String)> = folder
        .map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name");
            (name, read_to_string(entry.path()).expect("a file"))
        })
        .collect();
    charts.sort();
    charts
}

fn texts(chart: &str) -> Vec<String> {
    let document = Document::parse(chart).expect("it is XML");
    assert_eq!(document.root_element().tag_name().name(), "svg");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let text = |node: Node<'_, '_>| node.text().unwrap_or_default().trim().to_owned();
    texts.map(text).collect()
}

#[track_caller]
fn assert_says(chart: &str, expected: &[&str]) {
    let texts = texts(chart);
    for text in expected {
        assert!(texts.iter().any(|found| found == text), "{text} in {texts:?}");
    }
}

/// The chart of a row names who took part, what was measured, and who failed.
fn each_figure_has_a_chart_of_all_contenders() {
    let ended = run(&[
        "--only", "echo", "--only", "lossy", "--only", "bad", "--rounds", "2", "--plot", "charts",
    ]);
    let charts = charts(&ended);
    let names: Vec<&str> = charts.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        ["bad.svg", "echo-p99.svg", "echo-throughput.svg", "lossy.svg"]
    );
    let [bad, p99, throughput, lossy] = [0, 1, 2, 3].map(|index| &*charts[index].1);
    assert_says(
        bad,
        &[
            "canter",
            "failed in 2 of 2 rounds: lost one and had another twice",
        ],
    );
    assert_says(
        p99,
        &[
            "echo/p99",
            "us",
            "canter",
            "quick",
            "bound (limit)",
            "80.0",
            "40.0",
        ],
    );
    let way = "msg/s, higher is better; bar: median, line: lowest to highest";
    assert_says(throughput, &["echo/throughput", way, "90,000"]);
    let why = "failed in 1 of 2 rounds: counted 9 of 10";
    assert_says(lossy, &["canter", "loses", "sometimes", "keeps", why]);
}

/// The chart of a series names who took part, and the points.
fn a_series_has_a_chart_of_all_contenders() {
    let ended = run(&["--scale", "--rounds", "1", "--plot", "charts"]);
    let charts = charts(&ended);
    let [(name, chart)] = &charts[..] else {
        panic!("one chart")
    };
    assert_eq!(name, "scale-growth.svg");
    assert_says(
        chart,
        &["scale/growth", "canter", "square", "things", "10", "100", "1,000"],
    );
}

/// Every text begins and ends within the picture, by a careful guess of how wide it is.
fn no_text_leaves_the_chart() {
    let drawn = ["--rounds", "1", "--plot", "charts"];
    let rows = ["clock", "echo", "lossy", "dies", "zero", "bad"].map(|name| ["--only", name]);
    let runs = [rows.concat(), vec!["--scale"]].map(|chosen| charts(&run(&[&drawn[..], &chosen].concat())));
    let charts = runs.concat();
    assert_eq!(charts.len(), 8);
    for (name, chart) in charts {
        let document = Document::parse(&chart).expect("it is XML");
        let number = |node: Node<'_, '_>, attribute: &str| -> f64 {
            let text = node.attribute(attribute).expect("it is there");
            text.trim_end_matches("px").parse().expect("a number")
        };
        let width = number(document.root_element(), "width");
        for text in document.descendants().filter(|node| node.has_tag_name("text")) {
            // The text of an axis on the left is turned.
            if text.attribute("transform").is_some() {
                continue;
            }
            let letters = text.text().unwrap_or_default().trim().chars().count() as f64;
            let long = letters * number(text, "font-size") * 0.6;
            let start = number(text, "x")
                - match text.attribute("text-anchor") {
                    Some("middle") => long / 2.0,
                    Some("end") => long,
                    _ => 0.0,
                };
            assert!(
                start >= 0.0 && start + long <= width,
                "{:?} in {name}",
                text.text()
            );
        }
    }
}
