//! Ways to tell a task that something happened.

use std::sync::Arc;
use std::time::Instant;

use super::peers::Flag;
use super::workload;
use crate::runtimes::Runtime;
use crate::versus::timing::{by_its_clock, each};
use crate::versus::{Contender, Failure, Run, Workload};

/// A way to tell a task that something happened, also if it does not wait yet.
pub trait EventContender: Send + Sync + 'static {
    /// The contender's name.
    const NAME: &'static str;

    /// Nothing has happened yet.
    fn create() -> Self;

    /// Tells the one that waits, or the next one that comes.
    fn tell(&self);

    /// Waits until it is told.
    fn told(&self) -> impl Future<Output = ()> + Send;
}

pub(super) fn workloads<R: Runtime>() -> Vec<Workload> {
    let name = "sync/event";
    let about = "Two tasks tell each other to go on: the time for telling and being told once.".to_owned();
    let contenders = vec![
        Contender::ours(measure::<R, canter_sync::Event>()),
        peer::<R, tokio::sync::Notify>(),
        peer::<R, Flag>(),
        Contender::go(name),
    ];
    vec![workload::<R>(name, about, 400_000, contenders)]
}

fn peer<R: Runtime, E: EventContender>() -> Contender {
    Contender::peer(E::NAME, measure::<R, E>())
}

/// How two tasks tell each other to go on, on this runtime. Each must be told each time; an odd time is made even.
pub fn measure<R: Runtime, E: EventContender>() -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    |run| {
        by_its_clock::<R, _>(run, |times| async move {
            let trips = times.div_ceil(2);
            let (ping, pong) = (Arc::new(E::create()), Arc::new(E::create()));
            let (pinged, ponged) = (ping.clone(), pong.clone());
            let started = Instant::now();
            let echo = R::spawn(async move {
                let mut counted = 0;
                for _ in 0..trips {
                    pinged.told().await;
                    pong.tell();
                    counted += 1;
                }
                counted
            });
            let lead = R::spawn(async move {
                let mut counted = 0;
                for _ in 0..trips {
                    ping.tell();
                    ponged.told().await;
                    counted += 1;
                }
                counted
            });
            let counted = lead.await + echo.await;
            each(started.elapsed(), counted, trips * 2)
        })
    }
}
