//! How cost grows: a workload at growing numbers of workers, tasks, channels or timers.

mod channels;
mod growth;
mod table;
mod tasks;
mod timers;
mod tools;
mod workers;

pub(super) use table::print;

use std::fmt;
use std::rc::Rc;

use super::{Contender, Failure, Figure, Kind, Means, Run, Workload};
use crate::runtimes::Runtime;

/// Those who take part in a series: the function, generic over the runtime, on each of them, and Go.
macro_rules! everyone {
    ($measure:ident) => {{
        use $crate::runtimes::{Aex, Canter, Smol, Tokio};
        use $crate::versus::SeriesContender;
        vec![
            SeriesContender::ours($measure::<Canter>),
            SeriesContender::on::<Tokio>($measure::<Tokio>),
            SeriesContender::on::<Smol>($measure::<Smol>),
            SeriesContender::on::<Aex>($measure::<Aex>),
            SeriesContender::go(),
        ]
    }};
}
use everyone;

/// All series.
pub fn series() -> Vec<Series> {
    let parts = [
        workers::series(),
        tasks::series(),
        channels::series(),
        timers::series(),
    ];
    parts.into_iter().flatten().collect()
}

/// A workload at growing numbers of something. A figure is what one of them costs: the whole cost is that many times the figure, for
/// workers the time of all of them.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name. At each point there is a workload `scale/NAME/POINT`.
    pub name: &'static str,
    /// What is done, in a sentence, and from when to when the clock runs.
    pub about: &'static str,
    /// What grows: `workers`, `tasks`.
    pub parameter: &'static str,
    /// The numbers of it, growing.
    pub points: Vec<u64>,
    /// The largest number where there is little time: `--quick`.
    pub quick_most: u64,
    /// What one run at a point gives.
    pub figures: &'static [Figure],
    /// How often the work is done in a run.
    pub times: u64,
    /// How often where there is little time: `--quick`.
    pub quick_times: u64,
    /// Those that can do it, canter first.
    pub contenders: Vec<SeriesContender>,
}

/// Measures at a point.
type Call = dyn Fn(&Run, u64) -> Result<Vec<f64>, Failure>;

/// A way to do the work of a series at any point.
#[derive(Clone)]
pub struct SeriesContender {
    /// Its name, the same in every series.
    pub(super) name: &'static str,
    kind: Kind,
    means: SeriesMeans,
}

#[derive(Clone)]
enum SeriesMeans {
    /// By calling this.
    Call(Rc<Call>),
    /// By asking Go's program for the workload at the point, by its name.
    Go,
}

impl SeriesContender {
    /// Canter's way.
    pub fn ours(call: impl Fn(&Run, u64) -> Result<Vec<f64>, Failure> + 'static) -> SeriesContender {
        SeriesContender {
            name: "canter",
            kind: Kind::Ours,
            means: SeriesMeans::Call(Rc::new(call)),
        }
    }

    /// A peer's way.
    pub fn peer(
        name: &'static str,
        call: impl Fn(&Run, u64) -> Result<Vec<f64>, Failure> + 'static,
    ) -> SeriesContender {
        SeriesContender {
            name,
            kind: Kind::Peer,
            means: SeriesMeans::Call(Rc::new(call)),
        }
    }

    /// Go's way.
    pub fn go() -> SeriesContender {
        SeriesContender {
            name: "go",
            kind: Kind::Peer,
            means: SeriesMeans::Go,
        }
    }

    /// The peer that this runtime is.
    fn on<R: Runtime>(call: impl Fn(&Run, u64) -> Result<Vec<f64>, Failure> + 'static) -> SeriesContender {
        SeriesContender::peer(R::NAME, call)
    }
}

impl fmt::Debug for SeriesContender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SeriesContender").field(&self.name).finish()
    }
}

impl Series {
    /// The points at which it is measured.
    pub(super) fn points(&self, quick: bool) -> Vec<u64> {
        let mut points = self.points.clone();
        points.retain(|&point| !quick || point <= self.quick_most);
        points
    }

    /// The workload at a point.
    pub fn at(&self, point: u64) -> Workload {
        let name = format!("scale/{}/{point}", self.name);
        let contenders = self.contenders.iter().map(|contender| Contender {
            name: contender.name,
            kind: contender.kind,
            means: match contender.means.clone() {
                SeriesMeans::Call(call) => Means::Call(Box::new(move |run| call(run, point))),
                SeriesMeans::Go => Means::Go(name.clone()),
            },
        });
        Workload {
            contenders: contenders.collect(),
            name,
            about: self.about.into(),
            figures: self.figures,
            times: self.times,
            quick_times: self.quick_times,
        }
    }
}
