//! Locks for several readers or one writer.

use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::{Load, workload};
use crate::runtimes::Runtime;
use crate::versus::timing::{by_its_clock, each, split};
use crate::versus::{Contender, Failure, Run, Workload};

/// Where several tasks read, one of so many locks is a write.
const SELDOM: u64 = 100;

/// A lock for several readers or one writer, around a counter.
pub trait RwLockContender: Send + Sync + 'static {
    /// The contender's name.
    const NAME: &'static str;

    /// A counter at zero.
    fn create() -> Self;

    /// Locks the counter for reading.
    fn read_counter(&self) -> impl Future<Output = impl Deref<Target = u64> + Send> + Send;

    /// Locks the counter for writing.
    fn write_counter(&self) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send;
}

/// How the lock is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// One task reads.
    Read,
    /// One task writes.
    Write,
    /// These read, and seldom write.
    Mixed(Load),
}

impl Use {
    fn load(self) -> Load {
        match self {
            Use::Read | Use::Write => Load::ALONE,
            Use::Mixed(load) => load,
        }
    }

    /// One of so many locks is a write.
    fn writes_every(self) -> u64 {
        match self {
            Use::Read => u64::MAX,
            Use::Write => 1,
            Use::Mixed(_) => SELDOM,
        }
    }
}

pub(super) fn workloads<R: Runtime>() -> Vec<Workload> {
    let uses = [
        Use::Read,
        Use::Write,
        Use::Mixed(Load::short(8)),
        Use::Mixed(Load::yielding(8)),
    ];
    uses.map(row::<R>).into()
}

fn row<R: Runtime>(used: Use) -> Workload {
    let load = used.load();
    let (name, what) = match used {
        Use::Read => ("lock/read".to_owned(), "read".to_owned()),
        Use::Write => ("lock/write".to_owned(), "write".to_owned()),
        Use::Mixed(_) => (
            format!("lock/rwlock{load}"),
            format!("read and, one time in {SELDOM}, write"),
        ),
    };
    let about = format!(
        "{}: lock for several readers or one writer, {what}, unlock: the time for that.",
        load.who()
    );
    let contenders = vec![
        Contender::ours(measure::<R, canter_sync::RwLock<u64>>(used)),
        peer::<R, tokio::sync::RwLock<u64>>(used),
        peer::<R, async_lock::RwLock<u64>>(used),
        Contender::go(&name),
    ];
    workload::<R>(&name, about, load.operations(), contenders)
}

fn peer<R: Runtime, L: RwLockContender>(used: Use) -> Contender {
    Contender::peer(L::NAME, measure::<R, L>(used))
}

/// How this lock is used on this runtime. The counter must have been increased with each write, and must not have changed under
/// a read.
pub fn measure<R: Runtime, L: RwLockContender>(used: Use) -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    move |run| {
        by_its_clock::<R, _>(run, move |times| async move {
            let lock = Arc::new(L::create());
            let Load { tasks, yields } = used.load();
            let (took, reads) = split::<R, _>(tasks, times, |share| {
                read_and_write::<R, L>(lock.clone(), share, yields, used.writes_every())
            })
            .await;
            let writes = *lock.read_counter().await;
            each(took, reads + writes, times)
        })
    }
}

/// Gives the number of reads that nobody wrote into.
async fn read_and_write<R: Runtime, L: RwLockContender>(
    lock: Arc<L>,
    share: u64,
    yields: bool,
    writes_every: u64,
) -> u64 {
    let mut reads = 0;
    let mut until_write = writes_every;
    for _ in 0..share {
        until_write -= 1;
        if until_write == 0 {
            until_write = writes_every;
            let mut counter = lock.write_counter().await;
            let before = *counter;
            if yields {
                R::yield_now().await;
            }
            *counter = before + 1;
        } else {
            let counter = lock.read_counter().await;
            let before = *counter;
            if yields {
                R::yield_now().await;
            }
            reads += u64::from(*counter == black_box(before));
        }
    }
    reads
}
