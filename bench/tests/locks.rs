//! The workloads of locks tell who admits too many, and canter does not.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use canter_bench::runtimes::{Canter, Runtime, Tokio};
use canter_bench::versus::locks::{
    Load, barrier, mutex, once_cell, rw_lock, semaphore, wait_group, workloads,
};
use canter_bench::versus::{Failure, Kind, Means, Run};

const RUN: Run = Run {
    times: 800,
    workers: 2,
};

/// Everyone who takes part in a workload of locks does it and gives a time; canter in each one.
#[test]
fn everyone_does_what_they_take_part_in() {
    for workload in workloads() {
        let name = &workload.name;
        assert_eq!(workload.contenders[0].kind, Kind::Ours, "{name}");
        for contender in &workload.contenders {
            if let Means::Call(call) = &contender.means {
                let figures = call(&RUN);
                assert!(
                    matches!(figures.as_deref(), Ok([time]) if time.is_finite()),
                    "{name}/{}: {figures:?}",
                    contender.name
                );
            }
        }
    }
}

/// Locks that admit everybody, a group that waits for nobody and a cell that makes its value each time.
struct Open;

impl mutex::MutexContender for Open {
    const NAME: &'static str = "open";

    fn create() -> Self {
        Open
    }

    /// A counter of one's own.
    async fn lock_counter(&self) -> impl DerefMut<Target = u64> + Send {
        Box::new(0)
    }
}

impl rw_lock::RwLockContender for Open {
    const NAME: &'static str = "open";

    fn create() -> Self {
        Open
    }

    async fn read_counter(&self) -> impl Deref<Target = u64> + Send {
        Box::new(0)
    }

    async fn write_counter(&self) -> impl DerefMut<Target = u64> + Send {
        Box::new(0)
    }
}

impl semaphore::SemaphoreContender for Open {
    const NAME: &'static str = "open";

    fn create(_permits: usize) -> Self {
        Open
    }

    async fn acquire_one(&self) -> impl Send {}
}

impl semaphore::ManyContender for Open {
    async fn acquire_several(&self, _permits: u32) -> impl Send {}
}

impl wait_group::WaitGroupContender for Open {
    const NAME: &'static str = "open";

    async fn run_tasks<R: Runtime>(_tasks: u64, _counter: Arc<AtomicU64>) {}
}

impl once_cell::OnceCellContender for Open {
    const NAME: &'static str = "open";

    fn create() -> Self {
        Open
    }

    async fn value_or(&self, value: u64) -> u64 {
        value
    }
}

/// Everybody leads.
impl barrier::BarrierContender for Open {
    const NAME: &'static str = "open";

    fn create(_parties: usize) -> Self {
        Open
    }

    async fn pass(&self) -> bool {
        true
    }
}

#[track_caller]
fn assert_miscounts(way: impl Fn(&Run) -> Result<Vec<f64>, Failure>) {
    let outcome = way(&RUN);
    assert!(matches!(outcome, Err(Failure::Miscounted { .. })), "{outcome:?}");
}

fn assert_open_miscounts<R: Runtime>() {
    let load = Load::yielding(8);
    assert_miscounts(mutex::measure::<R, Open>(load));
    assert_miscounts(rw_lock::measure::<R, Open>(rw_lock::Use::Mixed(load)));
    assert_miscounts(semaphore::measure::<R, Open>(load));
    assert_miscounts(semaphore::measure_many::<R, Open>(load.tasks));
    assert_miscounts(wait_group::measure::<R, Open>(100));
    assert_miscounts(once_cell::measure::<R, Open>());
    assert_miscounts(barrier::measure::<R, Open>());
}

/// Lost updates, more holders than permits, a task that is not waited for, a value that is made twice and a second leader are told, on
/// either runtime.
#[test]
fn who_admits_everybody_miscounts() {
    assert_open_miscounts::<Tokio>();
    assert_open_miscounts::<Canter>();
}
