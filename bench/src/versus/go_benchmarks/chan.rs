//! The benchmarks of single channels.

use std::sync::Arc;
use std::time::Instant;

use super::channels::Channels;
use super::work::{BATCH, Batches, local_work};
use crate::runtimes::Runtime;
use crate::versus::Failure;
use crate::versus::timing::{each, split, sum_of};

/// The messages that a task sends before it receives as many.
const BURST: u64 = 100;

pub(super) async fn sync<R: Runtime, C: Channels>(times: u64, work: u64) -> Result<f64, Failure> {
    // An even number of batches: while one task has an odd one, the other has an even one.
    let times = times.next_multiple_of(2 * BATCH);
    let batches = Arc::new(Batches::new(times / BATCH));
    let (sender, receiver) = C::open::<u64>(0);
    let (took, counted) = split::<R, _>(2, times, |_| {
        let (batches, sender, receiver) = (batches.clone(), sender.clone(), receiver.clone());
        async move {
            let mut counted = 0;
            while let Some(batch) = batches.take() {
                for _ in 0..BATCH {
                    if batch % 2 == 0 {
                        counted += u64::from(C::receive(&receiver).await.is_some());
                        local_work(work);
                        C::send(&sender, 0).await;
                        local_work(work);
                    } else {
                        C::send(&sender, 0).await;
                        local_work(work);
                        counted += u64::from(C::receive(&receiver).await.is_some());
                        local_work(work);
                    }
                }
            }
            counted
        }
    })
    .await;
    each(took, counted, times)
}

pub(super) async fn prod_cons<R: Runtime, C: Channels>(
    times: u64,
    workers: u64,
    capacity: usize,
    work: u64,
) -> Result<f64, Failure> {
    let times = times.next_multiple_of(BATCH);
    let batches = Arc::new(Batches::new(times / BATCH));
    let (sender, receiver) = C::open::<u64>(capacity);
    let started = Instant::now();
    let mut consumers = Vec::new();
    for _ in 0..workers {
        let (batches, sender, receiver) = (batches.clone(), sender.clone(), receiver.clone());
        R::go(async move {
            while batches.take().is_some() {
                for _ in 0..BATCH {
                    local_work(work);
                    C::send(&sender, 1).await;
                }
            }
            C::send(&sender, 0).await;
        });
        consumers.push(R::spawn(async move {
            let mut counted = 0;
            while C::receive(&receiver).await == Some(1) {
                local_work(work);
                counted += 1;
            }
            counted
        }));
    }
    let counted = sum_of(consumers).await;
    each(started.elapsed(), counted, times)
}

pub(super) async fn creation<R: Runtime, C: Channels>(times: u64, workers: u64) -> Result<f64, Failure> {
    let (took, counted) = split::<R, _>(workers, times, |share| async move {
        let mut counted = 0;
        for _ in 0..share {
            let (sender, receiver) = C::open::<u64>(1);
            C::send(&sender, 0).await;
            counted += u64::from(C::receive(&receiver).await.is_some());
        }
        counted
    })
    .await;
    each(took, counted, times)
}

pub(super) async fn sem<R: Runtime, C: Channels>(times: u64, workers: u64) -> Result<f64, Failure> {
    let (sender, receiver) = C::open::<()>(workers as usize);
    let (took, counted) = split::<R, _>(workers, times, |share| {
        let (sender, receiver) = (sender.clone(), receiver.clone());
        async move {
            let mut counted = 0;
            for _ in 0..share {
                C::send(&sender, ()).await;
                counted += u64::from(C::receive(&receiver).await.is_some());
            }
            counted
        }
    })
    .await;
    each(took, counted, times)
}

pub(super) async fn nonblocking<R: Runtime, C: Channels>(times: u64, workers: u64) -> Result<f64, Failure> {
    let (_sender, receiver) = C::open::<u64>(0);
    let (took, counted) = split::<R, _>(workers, times, |share| {
        let receiver = receiver.clone();
        async move {
            let mut counted = 0;
            for _ in 0..share {
                counted += u64::from(C::try_receive(&receiver).is_none());
            }
            counted
        }
    })
    .await;
    each(took, counted, times)
}

pub(super) async fn uncontended<R: Runtime, C: Channels>(times: u64, workers: u64) -> Result<f64, Failure> {
    let (took, counted) = split::<R, _>(workers, times, |share| async move {
        let (sender, receiver) = C::open::<u64>(BURST as usize);
        bursts::<C>(&sender, &receiver, share).await
    })
    .await;
    Ok(each(took, counted, times * BURST)? * BURST as f64)
}

pub(super) async fn contended<R: Runtime, C: Channels>(times: u64, workers: u64) -> Result<f64, Failure> {
    let (sender, receiver) = C::open::<u64>((BURST * workers) as usize);
    let (took, counted) = split::<R, _>(workers, times, |share| {
        let (sender, receiver) = (sender.clone(), receiver.clone());
        async move { bursts::<C>(&sender, &receiver, share).await }
    })
    .await;
    Ok(each(took, counted, times * BURST)? * BURST as f64)
}

async fn bursts<C: Channels>(sender: &C::Sender<u64>, receiver: &C::Receiver<u64>, times: u64) -> u64 {
    let mut counted = 0;
    for _ in 0..times {
        for _ in 0..BURST {
            C::send(sender, 0).await;
        }
        for _ in 0..BURST {
            counted += u64::from(C::receive(receiver).await.is_some());
        }
    }
    counted
}

pub(super) async fn receive_from_closed<C: Channels>(times: u64) -> Result<f64, Failure> {
    let (sender, receiver) = C::open::<()>(times as usize);
    for _ in 0..times {
        C::send(&sender, ()).await;
    }
    drop(sender);
    let started = Instant::now();
    let mut counted = 0;
    while C::receive(&receiver).await.is_some() {
        counted += 1;
    }
    each(started.elapsed(), counted, times)
}
