//! The work of each row. The clock runs from before the first task is spawned until the last message has arrived and the
//! tasks have ended.

use std::time::{Duration, Instant};

use super::channel::{Channel, MessageReceiver, MessageSender};
use super::row::{Row, SELECT_CHANNELS, Shape};
use super::tally::Tally;
use crate::runtimes::Runtime;
use crate::versus::timing::by_its_clock;
use crate::versus::{Failure, Run};

/// How these channels do the work of this row on this runtime, or nothing if the crate has no such channel.
///
/// Each number below the number of messages is sent once, and each must arrive once.
pub fn measure<R: Runtime, C: Channel>(row: Row) -> Option<impl Fn(&Run) -> Result<Vec<f64>, Failure>> {
    C::open(row.shape())?;
    Some(move |run: &Run| {
        by_its_clock::<R, _>(run, move |messages| async move {
            let (took, tally) = send_and_receive::<R, C>(row, messages).await;
            tally.check(messages)?;
            Ok(took.as_nanos() as f64 / messages as f64)
        })
    })
}

async fn send_and_receive<R: Runtime, C: Channel>(row: Row, messages: u64) -> (Duration, Tally) {
    match row {
        Row::PingPong(_) => ping_pong::<R, C>(row.shape(), messages).await,
        Row::Stream(_) | Row::Receive => stream::<R, C>(row.shape(), messages).await,
        Row::Select => select::<R, C>(row.shape(), messages).await,
    }
}

async fn ping_pong<R: Runtime, C: Channel>(shape: Shape, messages: u64) -> (Duration, Tally) {
    let ((mut ping, pinged), (pong, ponged)) = (pair::<C>(shape), pair::<C>(shape));
    let started = Instant::now();
    let echo = R::spawn(bounce(pinged, pong, messages));
    let lead = R::spawn(async move {
        ping.send_message(0).await;
        bounce(ponged, ping, messages).await
    });
    let mut tally = lead.await;
    tally.merge(echo.await);
    (started.elapsed(), tally)
}

fn pair<C: Channel>(shape: Shape) -> (C::Sender, C::Receiver) {
    let (mut senders, mut receivers) = open::<C>(shape);
    let (Some(sender), Some(receiver)) = (senders.pop(), receivers.pop()) else {
        unreachable!("a pair has two ends")
    };
    (sender, receiver)
}

fn open<C: Channel>(shape: Shape) -> (Vec<C::Sender>, Vec<C::Receiver>) {
    C::open(shape).expect("a channel that was there before")
}

/// Answers each number with the next one, until all have been sent.
async fn bounce(mut from: impl MessageReceiver, mut to: impl MessageSender, messages: u64) -> Tally {
    let mut tally = Tally::default();
    while let Some(message) = from.receive_message().await {
        tally.add(message);
        if message + 1 >= messages {
            break;
        }
        to.send_message(message + 1).await;
    }
    tally
}

async fn stream<R: Runtime, C: Channel>(shape: Shape, messages: u64) -> (Duration, Tally) {
    let (senders, receivers) = open::<C>(shape);
    let started = Instant::now();
    let consumers: Vec<_> = receivers
        .into_iter()
        .map(|receiver| R::spawn(receive_all(receiver)))
        .collect();
    send_all::<R, _>(senders, messages).await;
    let mut tally = Tally::default();
    for consumer in consumers {
        tally.merge(consumer.await);
    }
    (started.elapsed(), tally)
}

async fn select<R: Runtime, C: Channel>(shape: Shape, messages: u64) -> (Duration, Tally) {
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    for _ in 0..SELECT_CHANNELS {
        let (sender, receiver) = pair::<C>(shape);
        senders.push(sender);
        receivers.push(receiver);
    }
    let Ok(receivers) = receivers.try_into() else {
        unreachable!("one receiver a channel")
    };
    let started = Instant::now();
    let consumer = R::spawn(receive_any::<C::Receiver>(receivers, messages));
    send_all::<R, _>(senders, messages).await;
    let tally = consumer.await;
    (started.elapsed(), tally)
}

/// Splits the messages over the senders, a task each, and drops the senders together when all are through: a select meets no
/// closed channel while it is timed.
async fn send_all<R: Runtime, S: MessageSender>(senders: Vec<S>, messages: u64) {
    let count = senders.len() as u64;
    let mut producers = Vec::new();
    for (mut sender, index) in senders.into_iter().zip(0..) {
        let share = messages * index / count..messages * (index + 1) / count;
        producers.push(R::spawn(async move {
            for message in share {
                sender.send_message(message).await;
            }
            sender
        }));
    }
    let mut through = Vec::new();
    for producer in producers {
        through.push(producer.await);
    }
}

async fn receive_all<M: MessageReceiver>(mut receiver: M) -> Tally {
    let mut tally = Tally::default();
    while let Some(message) = receiver.receive_message().await {
        tally.add(message);
    }
    tally
}

async fn receive_any<M: MessageReceiver>(mut receivers: [M; SELECT_CHANNELS], messages: u64) -> Tally {
    let mut tally = Tally::default();
    while tally.messages() < messages {
        match M::select_message(&mut receivers).await {
            Some(message) => tally.add(message),
            None => break,
        }
    }
    tally
}
