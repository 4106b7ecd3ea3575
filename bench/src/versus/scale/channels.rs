//! More and more channels in use.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::tools::{Places, on_workers};
use super::{Series, everyone};
use crate::runtimes::{Equipped, Tools};
use crate::versus::timing::each;
use crate::versus::{Failure, Figure, Run};

const CAPACITY: usize = 16;

/// The series over the number of channels.
pub(super) fn series() -> Vec<Series> {
    vec![Series {
        name: "channels",
        about: "As many pairs of tasks as there are channels send the messages, shared out among them, over channels that hold 16: \
                when all wait, from the first wake to the last message, for each message.",
        parameter: "channels",
        points: (1..6).map(|power| 10_u64.pow(power)).collect(),
        quick_most: 100_000,
        figures: Figure::TIME,
        times: 2_000_000,
        quick_times: 200_000,
        contenders: everyone!(spread),
    }]
}

fn spread<R: Equipped>(asked: &Run, channels: u64) -> Result<Vec<f64>, Failure> {
    let share = asked.times.div_ceil(channels);
    let (time, received) = on_workers::<R, _>(asked.workers, async move {
        exchange::<R>(channels, share.div_ceil(10)).await;
        exchange::<R>(channels, share).await
    });
    Ok(vec![each(time, received, channels * share)?])
}

/// Sends so many messages over each channel: the time that it takes once all tasks wait, and how many arrived in their turn.
async fn exchange<R: Equipped>(channels: u64, share: u64) -> (Duration, u64) {
    let places = Arc::new(Places::new(channels));
    let receivers: Vec<_> = (0..channels)
        .map(|channel| {
            let (sender, mut receiver) = R::Tools::channel(CAPACITY);
            let places = places.clone();
            R::go(async move {
                places.wait(channel).await;
                for message in 0..share {
                    R::Tools::send(&sender, message).await;
                }
            });
            R::spawn(async move {
                let mut in_turn = 0;
                while let Some(message) = R::Tools::receive(&mut receiver).await {
                    in_turn += u64::from(message == in_turn);
                }
                in_turn
            })
        })
        .collect();
    places.all_taken().await;
    let started = Instant::now();
    places.let_go();
    let mut received = 0;
    for receiver in receivers {
        received += receiver.await;
    }
    (started.elapsed(), received)
}
