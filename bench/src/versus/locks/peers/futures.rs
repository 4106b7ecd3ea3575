//! `futures`: a wait for all tasks by their handles, in place of a wait group. On tokio, whose budget ends each of its polls early, it
//! takes a time that grows with the square of the number of tasks.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use futures::future::join_all;

use crate::runtimes::{Runtime, Tokio};
use crate::versus::locks::wait_group::WaitGroupContender;

pub(in crate::versus::locks) struct JoinAll;

impl WaitGroupContender for JoinAll {
    const NAME: &'static str = "join_all";

    fn manages<R: Runtime>(tasks: u64) -> bool {
        R::NAME != Tokio::NAME || tasks <= 1000
    }

    async fn run_tasks<R: Runtime>(tasks: u64, counter: Arc<AtomicU64>) {
        let tasks = (0..tasks).map(|_| {
            let counter = counter.clone();
            R::spawn(async move {
                counter.fetch_add(1, Relaxed);
            })
        });
        join_all(tasks).await;
    }
}
