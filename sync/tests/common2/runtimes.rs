//! The same tasks under each executor.

use std::thread;

use futures::executor::block_on;
use futures::future::{BoxFuture, join_all, try_join_all};

pub type Task = BoxFuture<'static, ()>;

/// Calls `round` once for each way to run tasks, with a function that runs some to their end and panics if one of them did.
pub fn everywhere(round: impl Fn(&dyn Fn(Vec<Task>))) {
    round(&under_block_on);
    round(&on_threads);
    for workers in [1, 4] {
        round(&|tasks| under_canter(workers, tasks));
    }
    round(&under_tokio);
}

fn under_block_on(tasks: Vec<Task>) {
    block_on(join_all(tasks));
}

fn on_threads(tasks: Vec<Task>) {
    let mut shares: [Vec<Task>; 4] = Default::default();
    for (at, task) in tasks.into_iter().enumerate() {
        shares[at % 4].push(task);
    }
    let threads = shares.map(|share| thread::spawn(|| under_block_on(share)));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn under_canter(workers: usize, tasks: Vec<Task>) {
    let runtime = canter_executor::runtime::Builder::new()
        .workers(workers)
        .build()
        .unwrap();
    let tasks: Vec<_> = tasks.into_iter().map(|task| runtime.spawn(task)).collect();
    runtime.block_on(try_join_all(tasks)).unwrap();
}

fn under_tokio(tasks: Vec<Task>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let tasks: Vec<_> = tasks.into_iter().map(|task| runtime.spawn(task)).collect();
    runtime.block_on(try_join_all(tasks)).unwrap();
}
