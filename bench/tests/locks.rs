//! The harness of the lock benches tells who admits too many, and canter does not.

use std::ops::DerefMut;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use canter_bench::contest::{Failure, Host, HostName, Hosts};
use canter_bench::locks::{
    Contender, Entry, Load, MutexContender, Mutexes, Row, SemaphoreContender, Semaphores, WaitGroupContender,
    WaitGroups, entries, rows,
};

const OPERATIONS: u64 = 800;

const HOSTS: [HostName; 2] = [HostName::Tokio, HostName::Canter];

/// The rows in which an entry takes part, and how it fared.
fn outcomes(hosts: &Hosts, entry: &Entry) -> Vec<(Row, Result<(), Failure>)> {
    let runs = rows().into_iter().flat_map(|row| HOSTS.map(|host| (row, host)));
    runs.filter_map(|(row, host)| {
        let outcome = entry.run(hosts, host, row, OPERATIONS)?;
        Some((row, outcome.map(drop)))
    })
    .collect()
}

#[test]
fn every_contender_counts_right_in_all_its_rows() {
    let hosts = Hosts::start();
    for entry in entries() {
        let outcomes = outcomes(&hosts, &entry);
        assert!(!outcomes.is_empty(), "{} takes part in no row", entry.name());
        for (row, outcome) in outcomes {
            assert_eq!(outcome, Ok(()), "{row}/{}", entry.name());
        }
    }
}

#[test]
fn canter_takes_part_in_every_row() {
    let hosts = Hosts::start();
    let ours: Vec<_> = entries()
        .into_iter()
        .filter(|entry| entry.name() == "canter")
        .collect();
    for row in rows() {
        let taking_part = ours
            .iter()
            .filter_map(|entry| entry.run(&hosts, HostName::Canter, row, OPERATIONS));
        assert_eq!(taking_part.count(), 1, "{row}");
    }
}

/// A mutex that admits everybody, to a counter of his own.
struct Open;

impl MutexContender for Open {
    const NAME: &'static str = "open";

    fn create() -> Self {
        Open
    }

    async fn lock_counter(&self) -> impl DerefMut<Target = u64> + Send {
        Box::new(0)
    }
}

impl SemaphoreContender for Open {
    const NAME: &'static str = "open";
    const HAS_MANY: bool = true;

    fn create(_permits: usize) -> Self {
        Open
    }

    async fn acquire_one(&self) -> impl Send {}

    async fn acquire_several(&self, _permits: u32) -> impl Send {}
}

/// A group that does not wait for its tasks, and has none.
impl WaitGroupContender for Open {
    const NAME: &'static str = "open";

    async fn run_tasks<H: Host>(_tasks: u64, _counter: Arc<AtomicU64>) {}
}

fn assert_miscounts<C: Contender>(row: Row) {
    let hosts = Hosts::start();
    for host in HOSTS {
        let outcome = Entry::of::<C>().run(&hosts, host, row, OPERATIONS);
        let failed =
            matches!(outcome, Some(Err(Failure::Miscounted { counted, .. })) if counted < OPERATIONS);
        assert!(failed, "{row} on {host}: {outcome:?}");
    }
}

#[test]
fn a_lost_update_is_a_failure() {
    assert_miscounts::<Mutexes<Open>>(Row::Mutex(Load {
        tasks: 8,
        yields: true,
    }));
}

#[test]
fn more_holders_than_permits_are_a_failure() {
    let load = Load {
        tasks: 8,
        yields: true,
    };
    assert_miscounts::<Semaphores<Open>>(Row::Semaphore(load));
    assert_miscounts::<Semaphores<Open>>(Row::AcquireMany(load));
}

#[test]
fn a_task_that_is_not_waited_for_is_a_failure() {
    assert_miscounts::<WaitGroups<Open>>(Row::WaitGroup(100));
}
