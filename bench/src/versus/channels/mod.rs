//! Channels beside their peers, a message at a time.
//!
//! A channel's own speed hides behind the runtime that its tasks are on. So everyone's channels, canter's too, are measured on
//! tokio's runtime (`channel/..`), where most are used, and once more on canter's (`channel-on-canter/..`). Those that need no
//! runtime, Go's channels and crossbeam's between threads, stand beside both.

mod channel;
mod measure;
mod peers;
mod row;
mod tally;

pub use channel::{Channel, Ends, MessageReceiver, MessageSender};
pub use measure::measure;
pub use row::{Row, SELECT_CHANNELS, Shape};

use super::Workload;
use super::timing::name_on;
use crate::runtimes::{Canter, Runtime, Tokio};

/// All rows, on tokio's runtime and on canter's.
pub fn workloads() -> Vec<Workload> {
    let rows = Row::all().into_iter();
    rows.clone()
        .map(workload::<Tokio>)
        .chain(rows.map(workload::<Canter>))
        .collect()
}

fn workload<R: Runtime>(row: Row) -> Workload {
    Workload::timed(
        name_on::<R>(&format!("channel/{row}")),
        row.about(),
        row.messages(),
        peers::contenders::<R>(row),
    )
}
