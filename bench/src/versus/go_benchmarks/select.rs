//! The benchmarks of selects.

use std::sync::Arc;
use std::time::Instant;

use super::channels::Channels;
use super::work::{BATCH, Batches, local_work};
use crate::runtimes::Runtime;
use crate::versus::Failure;
use crate::versus::timing::{each, split, sum_of};

/// The tasks that wait for a popular channel.
const CROWD: u64 = 1000;

pub(super) async fn popular<R: Runtime, C: Channels>(times: u64) -> Result<f64, Failure> {
    let (_sender, shared) = C::open::<bool>(0);
    let started = Instant::now();
    let (mut senders, mut tasks) = (Vec::new(), Vec::new());
    for _ in 0..CROWD {
        let shared = shared.clone();
        let (sender, own) = C::open::<bool>(0);
        senders.push(sender);
        tasks.push(R::spawn(async move {
            let mut counted = 0;
            for _ in 0..times {
                let (_, message) = C::select_of_two([&shared, &own]).await;
                counted += u64::from(message);
            }
            counted
        }));
    }
    for _ in 0..times {
        for sender in &senders {
            C::send(sender, true).await;
        }
    }
    let counted = sum_of(tasks).await;
    Ok(each(started.elapsed(), counted, times * CROWD)? * CROWD as f64)
}

pub(super) async fn uncontended<R: Runtime, C: Channels>(times: u64, workers: u64) -> Result<f64, Failure> {
    let (took, counted) = split::<R, _>(workers, times, |share| async move {
        let (left, right) = (C::open::<u64>(1), C::open::<u64>(1));
        C::send(&left.0, 1).await;
        throw::<C>([&left.0, &right.0], [&left.1, &right.1], share).await
    })
    .await;
    each(took, counted, times)
}

pub(super) async fn async_contended<R: Runtime, C: Channels>(
    times: u64,
    workers: u64,
) -> Result<f64, Failure> {
    let capacity = workers as usize;
    let (left, right) = (C::open::<u64>(capacity), C::open::<u64>(capacity));
    let (took, counted) = split::<R, _>(workers, times, |share| {
        let (left, right) = (left.clone(), right.clone());
        async move {
            C::send(&left.0, 1).await;
            throw::<C>([&left.0, &right.0], [&left.1, &right.1], share).await
        }
    })
    .await;
    each(took, counted, times)
}

/// Throws ones from whichever channel has one to the other. Gives their sum.
async fn throw<C: Channels>(
    senders: [&C::Sender<u64>; 2],
    receivers: [&C::Receiver<u64>; 2],
    times: u64,
) -> u64 {
    let mut counted = 0;
    for _ in 0..times {
        let (from, message) = C::select_of_two(receivers).await;
        C::send(senders[1 - from], 1).await;
        counted += message;
    }
    counted
}

pub(super) async fn sync_contended<R: Runtime, C: Channels>(
    times: u64,
    workers: u64,
) -> Result<f64, Failure> {
    let (first, second, third) = (C::open::<u64>(0), C::open::<u64>(0), C::open::<u64>(0));
    let (running, stop) = C::open::<()>(0);
    let partners: Vec<_> = (0..workers)
        .map(|_| {
            let (first, second, third) = (first.0.clone(), second.0.clone(), third.0.clone());
            let stop = stop.clone();
            R::spawn(async move {
                let mut sent = 0;
                while C::send_to_one_of_three([&first, &second, &third], &stop).await {
                    sent += 1;
                }
                sent
            })
        })
        .collect();
    let (took, _) = split::<R, _>(workers, times, |share| {
        let (first, second, third) = (first.1.clone(), second.1.clone(), third.1.clone());
        async move {
            for _ in 0..share {
                C::select_of_three([&first, &second, &third]).await;
            }
            share
        }
    })
    .await;
    drop(running);
    let sent = sum_of(partners).await;
    each(took, sent, times)
}

pub(super) async fn nonblock<R: Runtime, C: Channels>(times: u64, workers: u64) -> Result<f64, Failure> {
    let (silent, unread) = (C::open::<u64>(0), C::open::<u64>(0));
    let (empty, full) = (C::open::<u64>(1), C::open::<u64>(1));
    C::send(&full.0, 0).await;
    let (took, counted) = split::<R, _>(workers, times, |share| {
        let (silent, unread) = (silent.clone(), unread.clone());
        let (empty, full) = (empty.clone(), full.clone());
        async move {
            let mut counted = 0;
            for _ in 0..share {
                let went = C::try_receive(&silent.1).is_some()
                    | C::try_send(&unread.0, 0)
                    | C::try_receive(&empty.1).is_some()
                    | C::try_send(&full.0, 0);
                counted += u64::from(!went);
            }
            counted
        }
    })
    .await;
    each(took, counted, times)
}

pub(super) async fn prod_cons<R: Runtime, C: Channels>(times: u64, workers: u64) -> Result<f64, Failure> {
    let times = times.next_multiple_of(BATCH);
    let batches = Arc::new(Batches::new(times / BATCH));
    let (sender, receiver) = C::open::<u64>(128);
    let (_running, stop) = C::open::<()>(1);
    let started = Instant::now();
    let mut consumers = Vec::new();
    for _ in 0..workers {
        let (batches, sender, receiver) = (batches.clone(), sender.clone(), receiver.clone());
        let (stop, also_stop) = (stop.clone(), stop.clone());
        R::go(async move {
            while batches.take().is_some() {
                for _ in 0..BATCH {
                    local_work(100);
                    C::send_unless(&sender, 1, &stop).await;
                }
            }
            C::send(&sender, 0).await;
        });
        consumers.push(R::spawn(async move {
            let mut counted = 0;
            while C::receive_unless(&receiver, &also_stop).await == Some(1) {
                local_work(100);
                counted += 1;
            }
            counted
        }));
    }
    let counted = sum_of(consumers).await;
    each(started.elapsed(), counted, times)
}
