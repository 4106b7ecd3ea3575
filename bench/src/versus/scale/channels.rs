//! More and more channels in use.

use std::sync::Arc;
use std::time::Instant;

use super::pipe::Pipe;
use super::tools::{Places, counted, each, on_workers};
use super::{Series, SeriesContender};
use crate::runtimes::{Canter, Tokio};
use crate::versus::{Failure, Figure, Run};

const CAPACITY: usize = 16;

/// The series over the number of channels.
pub(super) fn series() -> Vec<Series> {
    vec![Series {
        name: "channels",
        about: "as many pairs of tasks as there are channels share the messages out among them, over channels that hold 16; all \
                wait, then from the start of the first sender to the last message, a message",
        parameter: "channels",
        points: (1..6).map(|power| 10_u64.pow(power)).collect(),
        quick_most: 100_000,
        figures: Figure::TIME,
        times: 2_000_000,
        quick_times: 200_000,
        contenders: vec![
            SeriesContender::ours(spread::<Canter>),
            SeriesContender::on::<Tokio>(spread::<Tokio>),
        ],
    }]
}

fn spread<R: Pipe>(asked: &Run, channels: u64) -> Result<Vec<f64>, Failure> {
    let share = asked.times.div_ceil(channels);
    let (time, received) = on_workers::<R, _>(asked.workers, async move {
        exchange::<R>(channels, share.div_ceil(10)).await;
        exchange::<R>(channels, share).await
    });
    let messages = channels * share;
    counted(vec![each(time, messages)], received, messages)
}

/// Sends so many messages over each channel: the time that it takes once all tasks wait, and how many arrived in their turn.
async fn exchange<R: Pipe>(channels: u64, share: u64) -> (std::time::Duration, u64) {
    let places = Arc::new(Places::new(channels));
    let receivers: Vec<_> = (0..channels)
        .map(|channel| {
            let (sender, mut receiver) = R::pipe(CAPACITY);
            let places = places.clone();
            R::go(async move {
                places.wait(channel).await;
                for message in 0..share {
                    R::send(&sender, message).await;
                }
            });
            R::spawn(async move {
                let mut in_turn = 0;
                while let Some(message) = R::receive(&mut receiver).await {
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
