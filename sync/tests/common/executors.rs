//! The same tasks under each executor.

use std::thread;

use canter_executor::runtime::Runtime;
use futures::executor::block_on;
use futures::future::{BoxFuture, join_all};

/// A task that any executor may run.
pub type Task = BoxFuture<'static, ()>;

/// Runs tasks to their end.
pub type Run<'a> = &'a dyn Fn(Vec<Task>);

/// As many threads as run tasks at the most, where no executor does.
const THREADS: usize = 16;

/// Gives the program each executor in turn: one future for all, a thread a task as long as there are not too many, canter with one worker and
/// with several, and tokio.
pub fn under_each(program: impl Fn(Run<'_>)) {
    program(&|tasks| drop(block_on(join_all(tasks))));
    program(&|tasks| {
        let mut shares: Vec<Vec<Task>> = Vec::new();
        shares.resize_with(tasks.len().min(THREADS), Vec::new);
        for (number, task) in tasks.into_iter().enumerate() {
            shares[number % THREADS].push(task);
        }
        let threads: Vec<_> = shares
            .into_iter()
            .map(|share| thread::spawn(|| block_on(join_all(share))))
            .collect();
        threads
            .into_iter()
            .for_each(|thread| drop(thread.join().unwrap()));
    });
    for workers in [1, 4] {
        let canter = Runtime::builder().workers(workers).build().unwrap();
        program(&|tasks| {
            canter.block_on(async {
                let tasks: Vec<_> = tasks.into_iter().map(|task| canter.spawn(task)).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
    }
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    program(&|tasks| {
        tokio.block_on(async {
            let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}
