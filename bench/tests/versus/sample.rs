//! Contenders whose figures are known, and some that go wrong.

use std::fs::{OpenOptions, read_to_string};
use std::io::Write;
use std::process::{self, abort};
use std::thread;

use canter_bench::versus::{
    Better, Contender, Failure, Figure, Program, Run, Series, SeriesContender, Workload,
};

use crate::versus::log_path;

const ECHO: &[Figure] = &[
    Figure {
        name: "throughput",
        unit: "msg/s",
        better: Better::Higher,
    },
    Figure {
        name: "p99",
        unit: "us",
        better: Better::Lower,
    },
];

/// The program with these contenders.
pub(crate) fn program() -> Program {
    Program {
        workloads: workloads(),
        series: series(),
    }
}

fn workloads() -> Vec<Workload> {
    let one = |name, contenders| workload(name, Figure::TIME, contenders);
    vec![
        one(
            "clock",
            vec![
                Contender::ours(gives("canter", &[100.0])),
                Contender::peer("slow", gives("slow", &[1_234.5])),
                Contender::peer("quick", gives("quick", &[50.0])),
                Contender::limit("bound", gives("bound", &[25.0])),
            ],
        ),
        workload(
            "echo",
            ECHO,
            vec![
                Contender::ours(gives("canter", &[90_000.0, 80.0])),
                Contender::peer("quick", gives("quick", &[60_000.0, 40.0])),
                Contender::limit("bound", gives("bound", &[120_000.0, 20.0])),
            ],
        ),
        one(
            "lossy",
            vec![
                Contender::ours(gives("canter", &[100.0])),
                Contender::peer("loses", |_| Err(miscounted())),
                Contender::peer("sometimes", |_| {
                    log("sometimes");
                    let rounds = logged().lines().filter(|line| *line == "sometimes").count();
                    if rounds == 2 {
                        Err(miscounted())
                    } else {
                        Ok(vec![1.0])
                    }
                }),
                Contender::peer("keeps", gives("keeps", &[150.0])),
            ],
        ),
        one(
            "hangs",
            vec![Contender::peer("sleeper", |_| {
                log(&process::id().to_string());
                loop {
                    thread::park();
                }
            })],
        ),
        one(
            "dies",
            vec![
                Contender::peer("panics", |_| panic!("out\nof luck")),
                Contender::peer("aborts", |_| abort()),
                Contender::peer("lacks", |_| {
                    log("lacks");
                    Err(Failure::Unavailable("too few files".into()))
                }),
                Contender::peer("babbles", |_| Ok(vec![1.0, 2.0])),
            ],
        ),
        one(
            "tuned",
            vec![
                Contender::ours(gives("canter", &[100.0])),
                Contender::setting("off", gives("off", &[98.0])),
                Contender::setting("on", gives("on", &[110.0])),
            ],
        ),
        one("bad", vec![Contender::ours(|_| Err(Failure::Mixed))]),
        one(
            "zero",
            vec![
                Contender::ours(gives("canter", &[0.0])),
                Contender::peer("quick", gives("quick", &[0.0])),
            ],
        ),
        one(
            "asked",
            vec![Contender::ours(|run| {
                Ok(vec![(run.times * 1_000) as f64 + (run.workers * 100) as f64])
            })],
        ),
        one(
            "gopher",
            vec![
                Contender::ours(gives("canter", &[100.0])),
                Contender::go("burrow"),
            ],
        ),
        one(
            "warren",
            vec![
                Contender::ours(gives("canter", &[100.0])),
                Contender::call_with_go(gives("go", &[80.0])),
            ],
        ),
    ]
}

fn workload(name: &str, figures: &'static [Figure], contenders: Vec<Contender>) -> Workload {
    Workload {
        name: name.into(),
        about: format!("what {name} is"),
        figures,
        times: 7,
        quick_times: 3,
        contenders,
    }
}

fn series() -> Vec<Series> {
    let of_points = |name: &'static str, cost: fn(u64) -> f64| {
        move |_: &Run, point: u64| {
            log(&format!("{name} {point}"));
            Ok(vec![cost(point)])
        }
    };
    vec![Series {
        name: "growth",
        about: "growth is what it is",
        parameter: "things",
        points: vec![10, 100, 1_000],
        quick_most: 100,
        figures: Figure::TIME,
        times: 7,
        quick_times: 3,
        contenders: vec![
            SeriesContender::ours(of_points("canter", |_| 20.0)),
            SeriesContender::peer("square", of_points("square", |point| point as f64)),
        ],
    }]
}

fn gives(
    name: &'static str,
    figures: &'static [f64],
) -> impl Fn(&Run) -> Result<Vec<f64>, Failure> + 'static {
    move |_| {
        log(name);
        Ok(figures.to_vec())
    }
}

fn miscounted() -> Failure {
    Failure::Miscounted {
        counted: 9,
        expected: 10,
    }
}

/// Adds a line to what the test reads afterwards.
fn log(line: &str) {
    let file = OpenOptions::new().create(true).append(true).open(log_path());
    let mut file = file.expect("the log opens");
    writeln!(file, "{line}").expect("the log is written");
}

fn logged() -> String {
    read_to_string(log_path()).expect("the log is read")
}
