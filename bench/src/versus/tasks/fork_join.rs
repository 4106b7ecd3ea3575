//! Trees of tasks: a parent starts its children and waits for what they give.

use std::pin::Pin;

use crate::runtimes::{Equipped, Runtime, Tools};
use crate::versus::everyone::everyone;
use crate::versus::timing::{expect_count, from_worker, share, sum_below};
use crate::versus::{Failure, Figure, Run, Workload, limits};

/// The Fibonacci number that is computed, and what it is.
const FIB: (u64, u64) = (25, 75_025);

/// The tasks that are started for it: one wherever a number is the sum of two.
const FIB_TASKS: u64 = 121_392;

/// The children of a node of skynet, and the room in its channel.
const CHILDREN: u64 = 10;

/// The future of a node. Boxed, since it is its children's too.
type Node<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub(super) fn workloads() -> Vec<Workload> {
    let name = "task/fork-join/fib25";
    let mut workloads = vec![Workload {
        name: name.to_owned(),
        about:
            "The 25th Fibonacci number by recursion: one half in a task, the other one inline; for each task."
                .to_owned(),
        figures: Figure::TIME,
        times: 5,
        quick_times: 1,
        contenders: everyone!(name, fork_join),
    }];
    let name = "task/skynet/join";
    workloads.push(Workload::timed(
        name,
        "A tree of tasks, ten children a node, adds up the numbers of its leaves by joining; for each leaf.",
        1_000_000,
        everyone!(name, skynet_join),
    ));
    let name = "task/skynet/channel";
    workloads.push(Workload::timed(name, "A tree of tasks, ten children a node, adds up the numbers of its leaves: each node sends its sum over its \
                parent's channel, of the runtime's users, with room for ten; for each leaf.", 1_000_000, everyone!(name, skynet_channel)));
    for workload in &mut workloads {
        workload.contenders.extend(limits::allocation());
    }
    workloads
}

fn fork_join<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    let each = from_worker::<R, _, _>(run, |times| async move {
        let (number, expected) = FIB;
        for _ in 0..times {
            expect_count(fib::<R>(number).await, expected)?;
        }
        Ok(())
    })?;
    Ok(each.into_iter().map(|nanos| nanos / FIB_TASKS as f64).collect())
}

fn fib<R: Runtime>(number: u64) -> Node<u64> {
    Box::pin(async move {
        if number < 2 {
            return number;
        }
        let one = R::spawn(fib::<R>(number - 1));
        let other = fib::<R>(number - 2).await;
        one.await + other
    })
}

fn skynet_join<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        expect_count(joining::<R>(0, times).await, sum_below(times))
    })
}

/// Adds up so many numbers from the first one on.
fn joining<R: Runtime>(first: u64, leaves: u64) -> Node<u64> {
    Box::pin(async move {
        let children: Vec<_> = children(first, leaves)
            .map(|(first, leaves)| {
                R::spawn(async move {
                    match leaves {
                        1 => first,
                        _ => joining::<R>(first, leaves).await,
                    }
                })
            })
            .collect();
        let mut sum = 0;
        for child in children {
            sum += child.await;
        }
        sum
    })
}

fn skynet_channel<R: Equipped>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        let (sender, mut sum) = R::Tools::channel(1);
        sending::<R>(sender, 0, times).await;
        let sum = R::Tools::receive(&mut sum).await;
        expect_count(sum.unwrap_or(0), sum_below(times))
    })
}

/// Adds up so many numbers from the first one on, and sends the sum.
fn sending<R: Equipped>(parent: <R::Tools as Tools>::Sender, first: u64, leaves: u64) -> Node<()> {
    Box::pin(async move {
        let (sender, mut sums) = R::Tools::channel(CHILDREN as usize);
        let mut running = 0;
        for (first, leaves) in children(first, leaves) {
            running += 1;
            let sender = sender.clone();
            R::go(async move {
                match leaves {
                    1 => R::Tools::send(&sender, first).await,
                    _ => sending::<R>(sender, first, leaves).await,
                }
            });
        }
        let mut sum = 0;
        for _ in 0..running {
            sum += R::Tools::receive(&mut sums).await.expect("a sender is there");
        }
        R::Tools::send(&parent, sum).await;
    })
}

/// The first number and the number of leaves of each child.
fn children(first: u64, leaves: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..CHILDREN)
        .map(move |index| share(leaves, index, CHILDREN))
        .filter(|share| !share.is_empty())
        .map(move |share| (first + share.start, share.end - share.start))
}
