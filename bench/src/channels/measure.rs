//! The work of each row. The clock runs from before the first task is spawned until the last message has arrived and the
//! tasks have ended.

use std::time::{Duration, Instant};

use super::contender::{Contender, MessageReceiver, MessageSender};
use super::row::{Row, SELECT_CHANNELS, Shape};
use crate::contest::Host;

/// What arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) messages: u64,
    pub(super) sum: u64,
}

impl Tally {
    /// What arrives if each number below `messages` does once.
    pub(super) fn complete(messages: u64) -> Tally {
        Tally {
            messages,
            sum: messages * messages.saturating_sub(1) / 2,
        }
    }

    fn add(&mut self, message: u64) {
        self.messages += 1;
        self.sum += message;
    }

    fn merge(&mut self, other: Tally) {
        self.messages += other.messages;
        self.sum += other.sum;
    }
}

/// Sends each number below `messages` once, and gives the time and what arrived, or nothing if the crate has no such channel.
pub(super) async fn measure<H: Host, C: Contender>(row: Row, messages: u64) -> Option<(Duration, Tally)> {
    match row {
        Row::Stream(_) | Row::Receive => stream::<H, C>(row.shape(), messages).await,
        Row::PingPong(_) => ping_pong::<H, C>(row.shape(), messages).await,
        Row::Select => select::<H, C>(row.shape(), messages).await,
    }
}

async fn stream<H: Host, C: Contender>(shape: Shape, messages: u64) -> Option<(Duration, Tally)> {
    let (senders, receivers) = C::open(shape)?;
    let started = Instant::now();
    let consumers: Vec<_> = receivers
        .into_iter()
        .map(|receiver| H::spawn(receive_all(receiver)))
        .collect();
    send_all::<H, _>(senders, messages).await;
    let mut tally = Tally::default();
    for consumer in consumers {
        tally.merge(consumer.await);
    }
    Some((started.elapsed(), tally))
}

async fn select<H: Host, C: Contender>(shape: Shape, messages: u64) -> Option<(Duration, Tally)> {
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    for _ in 0..SELECT_CHANNELS {
        let (sender, receiver) = C::open(shape)?;
        senders.extend(sender);
        receivers.extend(receiver);
    }
    let Ok(receivers) = receivers.try_into() else {
        unreachable!("one receiver a channel")
    };
    let started = Instant::now();
    let consumer = H::spawn(receive_any::<C::Receiver>(receivers, messages));
    send_all::<H, _>(senders, messages).await;
    let tally = consumer.await;
    Some((started.elapsed(), tally))
}

/// The one side sends the even numbers, the other answers each with the odd number above.
async fn ping_pong<H: Host, C: Contender>(shape: Shape, messages: u64) -> Option<(Duration, Tally)> {
    let ((mut ping, mut pinged), (mut pong, mut ponged)) = (pair::<C>(shape)?, pair::<C>(shape)?);
    let started = Instant::now();
    let echo = H::spawn(async move {
        let mut tally = Tally::default();
        while let Some(message) = pinged.receive_message().await {
            tally.add(message);
            pong.send_message(message + 1).await;
        }
        tally
    });
    let lead = H::spawn(async move {
        let mut tally = Tally::default();
        for trip in 0..messages / 2 {
            ping.send_message(trip * 2).await;
            match ponged.receive_message().await {
                Some(message) => tally.add(message),
                None => break,
            }
        }
        tally
    });
    let mut tally = lead.await;
    tally.merge(echo.await);
    Some((started.elapsed(), tally))
}

fn pair<C: Contender>(shape: Shape) -> Option<(C::Sender, C::Receiver)> {
    let (mut senders, mut receivers) = C::open(shape)?;
    Some((senders.pop()?, receivers.pop()?))
}

/// Splits the messages over the senders, a task each, and drops the senders together when all are through: a select meets no
/// closed channel while it is timed.
async fn send_all<H: Host, S: MessageSender>(senders: Vec<S>, messages: u64) {
    let count = senders.len() as u64;
    let mut producers = Vec::new();
    for (mut sender, index) in senders.into_iter().zip(0..) {
        let share = messages * index / count..messages * (index + 1) / count;
        producers.push(H::spawn(async move {
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

async fn receive_all<R: MessageReceiver>(mut receiver: R) -> Tally {
    let mut tally = Tally::default();
    while let Some(message) = receiver.receive_message().await {
        tally.add(message);
    }
    tally
}

async fn receive_any<R: MessageReceiver>(mut receivers: [R; SELECT_CHANNELS], messages: u64) -> Tally {
    let mut tally = Tally::default();
    while tally.messages < messages {
        match R::select_message(&mut receivers).await {
            Some(message) => tally.add(message),
            None => break,
        }
    }
    tally
}
