//! The same tasks under each executor.

use std::pin::Pin;
use std::thread;

use canter_executor::runtime::Runtime;
use futures::executor::block_on;
use futures::future::join_all;

/// A task that any executor may run.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs tasks to their end.
pub type Run<'a> = &'a dyn Fn(Vec<Task>);

/// Gives the program each executor in turn: one future for all, a thread a task, canter with one worker and with several, and tokio.
pub fn under_each(program: impl Fn(Run<'_>)) {
    program(&|tasks| drop(block_on(join_all(tasks))));
    program(&|tasks| {
        let threads: Vec<_> = tasks
            .into_iter()
            .map(|task| thread::spawn(|| block_on(task)))
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    for workers in [1, 3] {
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
