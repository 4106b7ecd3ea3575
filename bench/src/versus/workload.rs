//! What is measured, and by whose means.

use std::fmt;

use serde::Serialize;

use super::Failure;

/// Something that is done and measured.
#[derive(Debug)]
pub struct Workload {
    /// Its name, such as `channel/1:1/128`: parts from the general to the particular.
    pub name: String,
    /// What is done, in a sentence, and from when to when the clock runs.
    pub about: String,
    /// What one run of it gives, in this order.
    pub figures: &'static [Figure],
    /// How often it is done in a run.
    pub times: u64,
    /// How often where there is little time: `--quick`.
    pub quick_times: u64,
    /// Those that can do it, canter first.
    pub contenders: Vec<Contender>,
}

impl Workload {
    /// One whose only figure is the time for doing it once, and of which a tenth does where there is little time.
    pub fn timed(
        name: impl Into<String>,
        about: impl Into<String>,
        times: u64,
        contenders: Vec<Contender>,
    ) -> Workload {
        Workload {
            name: name.into(),
            about: about.into(),
            figures: Figure::TIME,
            times,
            quick_times: times / 10,
            contenders,
        }
    }

    /// How often it is done in a run: a quick one or not.
    pub(super) fn times(&self, quick: bool) -> u64 {
        if quick { self.quick_times } else { self.times }
    }
}

/// One number that a run gives. Its row in the tables is named after the workload, and after the figure if it has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Its name; nothing for the only one.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: &'static str,
    /// Which way is good.
    pub better: Better,
}

impl Figure {
    /// The time for doing it once: the only figure of most workloads.
    pub const TIME: &'static [Figure] = &[Figure {
        name: "",
        unit: "ns",
        better: Better::Lower,
    }];
}

/// Which of two values is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// The lower one.
    Lower,
    /// The higher one.
    Higher,
}

/// A way to do a workload.
#[derive(Debug)]
pub struct Contender {
    /// Its name, the same in every workload.
    pub name: &'static str,
    /// How it takes part.
    pub kind: Kind,
    /// How it is done.
    pub means: Means,
}

/// How a contender takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Canter. A workload has one of these.
    Ours,
    /// One that canter stands beside: the best of them counts.
    Peer,
    /// Canter, set up otherwise. It is shown with what canter is beside it, and is nobody's peer.
    Setting,
    /// What the machine needs at least. It is shown, and canter is not compared with it.
    Limit,
}

type Call = dyn Fn(&Run) -> Result<Vec<f64>, Failure>;

/// How a contender does its work.
pub enum Means {
    /// By calling this, in a process of its own: it warms up, does the work as often as the run says, and gives the figures.
    Call(Box<Call>),
    /// As [`Means::Call`]; what is called starts Go's program, which has to be built before.
    CallWithGo(Box<Call>),
    /// By asking Go's program for the workload of this name.
    Go(String),
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Means::Call(_) => f.write_str("Call"),
            Means::CallWithGo(_) => f.write_str("CallWithGo"),
            Means::Go(workload) => f.debug_tuple("Go").field(workload).finish(),
        }
    }
}

/// What a run is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// How often the work is to be done.
    pub times: u64,
    /// The worker threads of a runtime that has several.
    pub workers: usize,
}

impl Contender {
    /// Canter's way.
    pub fn ours(call: impl Fn(&Run) -> Result<Vec<f64>, Failure> + 'static) -> Contender {
        Contender::called("canter", Kind::Ours, call)
    }

    /// A peer's way.
    pub fn peer(name: &'static str, call: impl Fn(&Run) -> Result<Vec<f64>, Failure> + 'static) -> Contender {
        Contender::called(name, Kind::Peer, call)
    }

    /// Canter's way, with that setting.
    pub fn setting(
        name: &'static str,
        call: impl Fn(&Run) -> Result<Vec<f64>, Failure> + 'static,
    ) -> Contender {
        Contender::called(name, Kind::Setting, call)
    }

    /// What the machine needs at least.
    pub fn limit(
        name: &'static str,
        call: impl Fn(&Run) -> Result<Vec<f64>, Failure> + 'static,
    ) -> Contender {
        Contender::called(name, Kind::Limit, call)
    }

    /// Go's way, under that name in its program.
    pub fn go(workload: impl Into<String>) -> Contender {
        Contender {
            name: "go",
            kind: Kind::Peer,
            means: Means::Go(workload.into()),
        }
    }

    /// Go's way, of which this program does its part.
    pub fn call_with_go(call: impl Fn(&Run) -> Result<Vec<f64>, Failure> + 'static) -> Contender {
        Contender {
            name: "go",
            kind: Kind::Peer,
            means: Means::CallWithGo(Box::new(call)),
        }
    }

    fn called(
        name: &'static str,
        kind: Kind,
        call: impl Fn(&Run) -> Result<Vec<f64>, Failure> + 'static,
    ) -> Contender {
        Contender {
            name,
            kind,
            means: Means::Call(Box::new(call)),
        }
    }
}
