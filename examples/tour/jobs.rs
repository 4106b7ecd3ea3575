//! A pool of background jobs: a queue, results, an orderly stop.
//!
//! ```go
//! func worker(jobs <-chan Job, results chan<- Result, group *sync.WaitGroup) {
//!     defer group.Done()
//!     for job := range jobs {
//!         results <- job.run()
//!     }
//! }
//!
//! // close(jobs) stops the workers when the queue is empty;
//! // close(results) after group.Wait() ends the collector.
//! ```
//!
//! The queue is a bounded channel: who submits faster than the workers work has to wait. Closing it is the orderly stop: what was accepted
//! is done, and nothing more is accepted. A job that panics takes its task with it and nobody else.
//!
//! ```text
//! 100 jobs accepted, 99 done, 1 failed: job 13 panicked: unlucky
//! the queue is closed: job 101 stays here
//! ```

use std::time::Duration;

use canter::channel::{Receiver, Sender, bounded, unbounded};
use canter::task::JoinError;
use canter::time::sleep;

struct Outcome {
    job: u32,
    result: Result<u32, JoinError>,
}

async fn run(job: u32) -> u32 {
    sleep(Duration::from_millis(1)).await;
    if job == 13 {
        std::panic::resume_unwind(Box::new("unlucky")); // a panic that prints no message of its own
    }
    job * job
}

async fn work(queue: Receiver<u32>, outcomes: Sender<Outcome>) {
    while let Ok(job) = queue.recv().await {
        let result = canter::spawn(run(job)).await;
        let _ = outcomes.send(Outcome { job, result }).await;
    }
}

#[canter::main]
pub async fn main() {
    let (submit, queue) = bounded(8);
    let (outcome, outcomes) = unbounded();
    for _ in 0..4 {
        canter::go(work(queue.clone(), outcome.clone()));
    }
    drop(outcome); // the workers have the others: when they end, so do the outcomes

    for job in 1..=100 {
        submit.send(job).await.expect("the queue is open");
    }
    submit.close();

    let (mut done, mut failed) = (0, Vec::new());
    while let Ok(Outcome { job, result }) = outcomes.recv().await {
        match result {
            Ok(_square) => done += 1,
            Err(error) => failed.push(format!("job {job} panicked: {}", text(error))),
        }
    }
    println!(
        "{} jobs accepted, {done} done, {} failed: {}",
        100,
        failed.len(),
        failed.join(", ")
    );
    if let Err(closed) = submit.send(101).await {
        println!("the queue is closed: job {} stays here", closed.into_inner());
    }
}

fn text(error: JoinError) -> &'static str {
    error
        .into_panic()
        .downcast_ref::<&str>()
        .copied()
        .unwrap_or("it says nothing")
}
