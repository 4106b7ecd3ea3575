//! Channels: what a message costs that nobody waits for, on this thread alone; and what it costs to hand one to a task that waits.

#[path = "common/alone.rs"]
mod alone;
#[path = "common/on_workers.rs"]
mod on_workers;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use alone::{TIMES, alone};
use canter_channel::{Receiver, Sender, bounded, select, unbounded, unbuffered};
use canter_executor::spawn;
use criterion::{Criterion, criterion_group, criterion_main};
use futures::future::join;
use on_workers::on_workers;

/// What a channel holds of those that have a bound.
const CAPACITY: usize = 16;

/// Sends a message and receives it, again and again: there is always room, and always a message.
async fn send_then_receive((tx, rx): &(Sender<u64>, Receiver<u64>)) -> u64 {
    let mut in_turn = 0;
    for number in 0..TIMES {
        tx.send(number).await.expect("it is open");
        in_turn += u64::from(rx.recv().await == Ok(number));
    }
    in_turn
}

/// The buffer, the lock around it and the futures; nobody waits, and nobody is woken.
fn uncontended(c: &mut Criterion) {
    let channel = bounded(CAPACITY);
    alone(c, "send and receive, bounded", async || {
        send_then_receive(&channel).await
    });
    alone(c, "try_send and try_recv, bounded", async || {
        let (tx, rx) = &channel;
        (0..TIMES)
            .map(|number| u64::from(tx.try_send(number).is_ok() && rx.try_recv() == Ok(number)))
            .sum()
    });
    let channel = unbounded();
    alone(c, "send and receive, unbounded", async || {
        send_then_receive(&channel).await
    });
    // A receive that waits takes the message from the sender's hands, and is woken.
    let (tx, rx) = unbuffered();
    alone(c, "rendezvous", async || {
        let send = async {
            for number in 0..TIMES {
                tx.send(number).await.expect("it is open");
            }
        };
        let receive = async {
            let mut in_turn = 0;
            for number in 0..TIMES {
                in_turn += u64::from(rx.recv().await == Ok(number));
            }
            in_turn
        };
        join(send, receive).await.1
    });
}

/// A select that finds a message at once, and one that finds none, waits, and gets one through its wait lists.
fn selects(c: &mut Criterion) {
    let channels = [(); 4].map(|()| bounded(CAPACITY));
    let [(_, one), (_, two), (_, three), (_, four)] = &channels;
    for (tx, _) in &channels {
        tx.try_send(0).expect("there is room");
    }
    alone(c, "select of 4, all ready", async || {
        let mut received = 0;
        for number in 0..TIMES {
            let (chosen, message) = select! {
                message = one.recv() => (0, message),
                message = two.recv() => (1, message),
                message = three.recv() => (2, message),
                message = four.recv() => (3, message),
            };
            received += u64::from(message.is_ok());
            channels[chosen].0.try_send(number).expect("there is room again");
        }
        received
    });
    for (_, rx) in &channels {
        rx.try_recv().expect("the message that was there all the time");
    }
    alone(c, "select of 4 that waits", async || {
        let mut received = 0;
        let mut turns = channels.iter().cycle();
        for (number, (tx, _)) in (0..TIMES).zip(&mut turns) {
            let mut selected = pin!(async {
                select! {
                    message = one.recv() => message,
                    message = two.recv() => message,
                    message = three.recv() => message,
                    message = four.recv() => message,
                }
            });
            let waits = selected.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(waits, Poll::Pending);
            tx.send(number).await.expect("it is open");
            received += u64::from(selected.await == Ok(number));
        }
        received
    });
}

/// Bounces a message over two channels, and gives how often it came back.
async fn bounce(capacity: usize) -> u64 {
    let ((ping, pinged), (pong, ponged)) = (bounded(capacity), bounded(capacity));
    let other = spawn(async move {
        while let Ok(message) = pinged.recv().await {
            pong.send(message).await.expect("it is open");
        }
    });
    let mut back = 0;
    for number in 0..TIMES {
        ping.send(number).await.expect("it is open");
        back += u64::from(ponged.recv().await == Ok(number));
    }
    drop(ping);
    other.await.expect("a task ends");
    back
}

/// Two tasks that always wait for each other: each message wakes one.
fn ping_pong(c: &mut Criterion) {
    on_workers(c, "ping-pong, rendezvous", TIMES, TIMES, || bounce(0));
    on_workers(c, "ping-pong, capacity 1", TIMES, TIMES, || bounce(1));
}

criterion_group!(benches, uncontended, selects, ping_pong);
criterion_main!(benches);
