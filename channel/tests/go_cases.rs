//! What Go's own tests ask of its channels as a part of the language (the directory `test/chan` of its distribution).

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;
#[path = "common/seed.rs"]
mod seed;

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::Pin;

use by_hand::{ready, wait};
use canter_channel::{
    Receiver, RecvError, Select, SendError, Sender, TryRecvError, bounded, never, select, select_blocking,
    unbuffered,
};
use canter_executor::runtime::Runtime;
use canter_executor::{go, spawn, yield_now};
use flag::{Flag, poll};
use futures::executor::block_on;
use seed::random;

/// Whether a future has to wait when it is first polled.
fn blocks<F: Future>(future: F) -> bool {
    poll(&mut Box::pin(future), &Flag::new()).is_pending()
}

fn full() -> (Sender<u32>, Receiver<u32>) {
    let channel = bounded(1);
    channel.0.try_send(0).unwrap();
    channel
}

fn closed() -> (Sender<u32>, Receiver<u32>) {
    let channel = bounded(1);
    channel.0.close();
    channel
}

// select3

#[test]
fn operations_block_alone_as_the_language_says() {
    let (empty, unbuffered, full, closed, never) =
        (bounded(1), unbuffered(), full(), closed(), never::<u32>());
    assert!(blocks(never.recv()));
    assert!(blocks(unbuffered.0.send(1)) && blocks(unbuffered.1.recv()));
    assert!(blocks(empty.1.recv()) && !blocks(empty.0.send(1)));
    assert!(blocks(full.0.send(1)) && !blocks(full.1.recv()));
    assert!(!blocks(closed.0.send(1)) && !blocks(closed.1.recv()));
}

#[test]
fn selects_block_as_the_language_says() {
    let (empty, unbuffered, never) = (bounded::<u32>(1), unbuffered::<u32>(), never::<u32>());
    let full = full();
    assert!(blocks(async {
        select! {}
    }));
    assert!(!blocks(async {
        select! { default => {} }
    }));
    assert!(blocks(async {
        select! { _ = never.recv() => {} }
    }));
    assert!(!blocks(async {
        select! { _ = never.recv() => {}, default => {} }
    }));
    assert!(blocks(async {
        select! { _ = never.recv() => {}, _ = unbuffered.0.send(1) => {} }
    }));
    assert!(blocks(async {
        select! { _ = unbuffered.1.recv() => {} _ = empty.1.recv() => {} }
    }));
    assert!(blocks(async {
        select! { _ = full.0.send(1) => {} _ = unbuffered.1.recv() => {} }
    }));
    assert!(!blocks(async {
        select! { _ = full.0.send(1) => {} _ = full.1.recv() => {} }
    }));
    assert!(!blocks(async {
        select! { _ = empty.0.send(1) => {} _ = never.recv() => {} }
    }));
}

#[test]
fn a_closed_channel_blocks_no_select() {
    let (closed, never) = (closed(), never::<u32>());
    block_on(async {
        for _ in 0..10 {
            select! { message = closed.1.recv() => assert_eq!(message, Err(RecvError)), _ = never.recv() => unreachable!() }
            select! { sent = closed.0.send(7) => assert_eq!(sent, Err(SendError(7))), _ = never.recv() => unreachable!() }
        }
    });
}

#[test]
fn messages_are_received_from_a_closed_channel_before_its_end() {
    let (tx, rx) = bounded(3);
    (0..3).for_each(|number| tx.try_send(number).unwrap());
    tx.close();
    block_on(async {
        for number in 0..3 {
            assert_eq!(select! { message = rx.recv() => message }, Ok(number));
        }
        assert_eq!(select! { message = rx.recv() => message }, Err(RecvError));
    });
}

// select

#[test]
fn messages_are_evaluated_in_each_select_and_sent_on_each_channel_once() {
    let evaluated = Cell::new(0);
    let value = || {
        evaluated.set(evaluated.get() + 1);
        1 << (evaluated.get() - 1)
    };
    let send = |a: &Sender<u32>, b: &Sender<u32>, mut on: [bool; 2]| {
        let mut sent = 0;
        loop {
            select_blocking! {
                _ = a.send(value()), if on[0] => on[0] = false,
                _ = b.send(value()), if on[1] => on[1] = false,
                default => return sent,
            }
            sent += 1;
        }
    };
    let (a, b) = (bounded(1), bounded(1));
    assert_eq!(send(&a.0, &b.0, [true, true]), 2);
    let received = a.1.try_recv().unwrap() | b.1.try_recv().unwrap();
    assert!([0b101, 0b110].contains(&received), "{received:b}");
    assert_eq!(evaluated.get(), 3);
    assert_eq!(send(&a.0, &b.0, [true, false]), 1);
    assert_eq!((a.1.try_recv(), evaluated.get()), (Ok(0b1000), 4));
}

// doubleselect

#[test]
fn a_select_that_names_each_channel_twice_sends_each_message_once() {
    const MESSAGES: u32 = 2_000;
    let runtime = Runtime::builder().workers(3).build().unwrap();
    runtime.block_on(async {
        let channels: [_; 4] = std::array::from_fn(|_| unbuffered());
        let [one, two, three, four] = channels.each_ref().map(|(tx, _)| tx.clone());
        go(async move {
            for number in 0..MESSAGES {
                select! {
                    _ = one.send(number) => {}
                    _ = two.send(number) => {}
                    _ = three.send(number) => {}
                    _ = four.send(number) => {}
                    _ = one.send(number) => {}
                    _ = three.send(number) => {}
                }
            }
        });
        let (all, merged) = unbuffered();
        for (tx, rx) in channels {
            drop(tx);
            let all = all.clone();
            go(async move {
                while let Ok(number) = rx.recv().await {
                    all.send(number).await.unwrap();
                }
            });
        }
        drop(all);
        let mut seen = vec![false; MESSAGES as usize];
        while let Ok(number) = merged.recv().await {
            assert!(
                !std::mem::replace(&mut seen[number as usize], true),
                "{number} came twice"
            );
        }
        assert!(seen.iter().all(|&seen| seen));
    });
}

// fifo

#[test]
fn a_buffered_channel_keeps_the_order() {
    let (tx, rx) = bounded(10);
    (0..10).for_each(|number| tx.try_send(number).unwrap());
    assert!(rx.drain().eq(0..10));
}

#[test]
fn senders_are_served_in_the_order_in_which_they_began_to_wait() {
    let (tx, rx) = unbuffered();
    let other = never::<()>();
    let (tx, other) = (&tx, &other);
    let mut senders: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for number in 0..20 {
        senders.push(match number % 2 {
            0 => Box::pin(async move {
                select! { sent = tx.send(number) => sent.unwrap(), _ = other.recv() => {} }
            }),
            _ => Box::pin(async move { tx.send(number).await.unwrap() }),
        });
        wait(senders.last_mut().unwrap());
    }
    for (number, sender) in senders.iter_mut().enumerate() {
        assert_eq!(rx.try_recv(), Ok(number));
        ready(sender);
    }
}

#[test]
fn a_chain_of_tasks_passes_its_turn_in_order() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime.block_on(async {
        let (numbers, order) = unbuffered();
        let (begin, mut turn) = unbuffered();
        for number in 0..100 {
            let (done, next) = unbuffered();
            let numbers = numbers.clone();
            go(async move {
                turn.recv().await.unwrap();
                numbers.send(number).await.unwrap();
                done.send(()).await.unwrap();
            });
            turn = next;
        }
        begin.send(()).await.unwrap();
        for number in 0..100 {
            assert_eq!(order.recv().await, Ok(number));
        }
        turn.recv().await.unwrap();
    });
}

// goroutines

#[test]
fn ten_thousand_tasks_pass_a_message_along() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let sum = runtime.block_on(async {
        let (mut to, leftmost) = unbuffered::<u32>();
        for _ in 0..10_000 {
            let (tx, rx) = unbuffered();
            let left = std::mem::replace(&mut to, tx);
            go(async move { left.send(rx.recv().await.unwrap() + 1).await.unwrap() });
        }
        to.send(0).await.unwrap();
        leftmost.recv().await.unwrap()
    });
    assert_eq!(sum, 10_000);
}

// select6

#[test]
fn a_select_that_leaves_the_end_of_a_line_leaves_the_line_whole() {
    let (c1, c2) = (unbuffered::<bool>(), unbuffered::<bool>());
    let select = || {
        Box::pin(async {
            select! { m = c1.1.recv() => m, m = c2.1.recv() => m }
        })
    };
    let (mut lone, mut last) = (Box::pin(c1.1.recv()), select());
    let flags = (wait(&mut lone), wait(&mut last));
    // The select fails on `c1`, and takes `c2`.
    c2.0.try_send(true).unwrap();
    assert!(flags.1.take());
    assert_eq!(ready(&mut last), Ok(true));
    let mut behind = Box::pin(c1.1.recv());
    let waits = wait(&mut behind);
    c1.0.try_send(false).unwrap();
    c1.0.try_send(true).unwrap();
    assert!(flags.0.take() && waits.take());
    assert_eq!((ready(&mut lone), ready(&mut behind)), (Ok(false), Ok(true)));
}

// select7

#[test]
fn receivers_and_senders_of_each_kind_meet_whoever_comes_first() {
    type Step = Pin<Box<dyn Future<Output = bool>>>;
    let receivers: [fn(Receiver<u32>) -> Step; 3] = [
        |rx| Box::pin(async move { rx.recv().await == Ok(7) }),
        |rx| {
            Box::pin(async move {
                select! { message = rx.recv() => message == Ok(7) }
            })
        },
        |rx| {
            Box::pin(async move {
                let other = never::<u32>();
                select! { message = other.recv() => message.is_ok(), message = rx.recv() => message == Ok(7) }
            })
        },
    ];
    let senders: [fn(Sender<u32>) -> Step; 3] = [
        |tx| Box::pin(async move { tx.send(7).await.is_ok() }),
        |tx| {
            Box::pin(async move {
                select! { sent = tx.send(7) => sent.is_ok() }
            })
        },
        |tx| {
            Box::pin(async move {
                let other = never::<u32>();
                select! { message = other.recv() => message.is_ok(), sent = tx.send(7) => sent.is_ok() }
            })
        },
    ];
    for receive in receivers {
        for send in senders {
            for is_sender_first in [true, false] {
                let (tx, rx) = unbuffered();
                let (mut first, mut second) = (send(tx), receive(rx));
                if !is_sender_first {
                    (first, second) = (second, first);
                }
                let flag = wait(&mut first);
                assert!(ready(&mut second));
                assert!(flag.take());
                assert!(ready(&mut first));
            }
        }
    }
}

// nonblock

#[test]
fn operations_that_do_not_wait_find_what_is_there() {
    let (tx, rx) = unbuffered();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(tx.try_send(1).is_err());
    let mut send = Box::pin(tx.send(2));
    wait(&mut send);
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    let mut recv = Box::pin(rx.recv());
    wait(&mut recv);
    assert!(tx.try_send(3).is_ok());
    assert!(tx.try_send(4).is_err());
    assert_eq!(ready(&mut recv), Ok(3));
    let (tx, rx) = full();
    assert!(tx.try_send(1).is_err());
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn operations_that_do_not_wait_and_those_that_do_lose_nothing_together() {
    const MESSAGES: u64 = 4_000;
    let runtime = Runtime::builder().workers(2).build().unwrap();
    for capacity in [0, 1, 10] {
        let sum = runtime.block_on(async {
            let (tx, rx) = bounded(capacity);
            let tries = tx.clone();
            go(async move {
                for number in (0..MESSAGES).step_by(2) {
                    while tries.try_send(number).is_err() {
                        yield_now().await;
                    }
                }
            });
            go(async move {
                for number in (1..MESSAGES).step_by(2) {
                    tx.send(number).await.unwrap();
                }
            });
            let polls = rx.clone();
            let tried = spawn(async move {
                let mut sum = 0;
                loop {
                    match polls.try_recv() {
                        Ok(number) => sum += number,
                        Err(TryRecvError::Empty) => yield_now().await,
                        Err(TryRecvError::Closed) => return sum,
                    }
                }
            });
            let mut sum = 0;
            while let Ok(number) = rx.recv().await {
                sum += number;
            }
            sum + tried.await.unwrap()
        });
        assert_eq!(sum, MESSAGES * (MESSAGES - 1) / 2);
    }
}

// zerosize

#[test]
fn messages_without_a_size_are_counted() {
    let (tx, rx) = bounded(3);
    (0..3).for_each(|_| tx.try_send([0_u64; 0]).unwrap());
    assert!(tx.try_send([]).is_err());
    block_on(async {
        for _ in 0..3 {
            select! { message = rx.recv() => assert_eq!(message, Ok([])) }
        }
        select! { _ = rx.recv() => unreachable!(), default => {} }
    });
}

// select5

/// What is known of a channel that nobody else uses.
struct Known {
    tx: Sender<u32>,
    rx: Receiver<u32>,
    capacity: usize,
    messages: VecDeque<u32>,
}

#[test]
fn of_any_arms_on_any_channels_one_that_can_go_is_chosen_and_the_others_leave_no_trace() {
    let mut rng =
        random("of_any_arms_on_any_channels_one_that_can_go_is_chosen_and_the_others_leave_no_trace");
    let mut channels: Vec<Known> = [0, 1, 2, 3, 1, 0]
        .map(|capacity| {
            let (tx, rx) = bounded(capacity);
            Known {
                tx,
                rx,
                capacity,
                messages: VecDeque::new(),
            }
        })
        .into();
    let mut number = 0;
    for _ in 0..3_000 {
        let arms: Vec<(usize, Option<u32>)> = (0..rng.usize(0..12))
            .map(|_| {
                number += 1;
                (rng.usize(..channels.len()), rng.bool().then_some(number))
            })
            .collect();
        let can_go = |&(channel, message): &(usize, Option<u32>)| {
            let channel = &channels[channel];
            match message {
                Some(_) => channel.messages.len() < channel.capacity,
                None => !channel.messages.is_empty(),
            }
        };
        let expected = arms.iter().any(can_go);
        let chosen = {
            let mut select = Select::new();
            for (place, &(channel, message)) in arms.iter().enumerate() {
                match message {
                    Some(message) => select.send(&channels[channel].tx, message, move |sent| {
                        sent.map(|()| (place, None)).unwrap()
                    }),
                    None => select.recv(&channels[channel].rx, move |message| (place, message.ok())),
                };
            }
            select.try_wait().map(|(_, told)| told)
        };
        assert_eq!(chosen.is_some(), expected);
        let Some((place, received)) = chosen else { continue };
        assert!(can_go(&arms[place]));
        let (channel, message) = arms[place];
        let channel = &mut channels[channel];
        match message {
            Some(message) => channel.messages.push_back(message),
            None => assert_eq!(received, channel.messages.pop_front()),
        }
        for channel in &channels {
            assert_eq!(channel.rx.len(), channel.messages.len());
        }
    }
}

// In Effective Go, and everywhere

#[test]
fn a_buffered_channel_is_a_semaphore() {
    const PLACES: usize = 3;
    let runtime = Runtime::builder().workers(4).build().unwrap();
    runtime.block_on(async {
        let (acquire, release) = bounded(PLACES);
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (acquire, release) = (acquire.clone(), release.clone());
                spawn(async move {
                    acquire.send(()).await.unwrap();
                    let inside = acquire.len();
                    assert!((1..=PLACES).contains(&inside), "{inside} are inside");
                    yield_now().await;
                    release.recv().await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(acquire.is_empty());
    });
}

#[test]
fn two_tasks_play_ping_pong() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let ball = runtime.block_on(async {
        let (table, ours) = unbuffered();
        let (back, theirs) = unbuffered();
        go(async move {
            while let Ok(ball) = ours.recv().await {
                select! { sent = back.send(ball + 1) => if sent.is_err() { return } }
            }
        });
        let mut ball = 0_u32;
        for _ in 0..5_000 {
            table.send(ball).await.unwrap();
            ball = select! { ball = theirs.recv() => ball.unwrap() };
        }
        ball
    });
    assert_eq!(ball, 5_000);
}
