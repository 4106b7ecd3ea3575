//! What Go's own tests ask of the implementation of its channels (`runtime/chan_test.go` of its distribution). The races of
//! `default` stand in `select_default.rs`.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;

use by_hand::{ready, wait};
use canter_channel::{Receiver, Sender, bounded, never, select, unbuffered};
use canter_executor::runtime::Runtime;
use canter_executor::{go, spawn, yield_now};

fn on_a_runtime<F: Future>(future: F) -> F::Output {
    Runtime::builder().workers(3).build().unwrap().block_on(future)
}

/// `TestSelfSelect`
#[test]
fn a_select_that_sends_and_receives_on_one_channel_does_not_meet_itself() {
    /// Says whether it received what it sent. Now the one arm and now the other stands first.
    async fn exchange(task: u32, tx: Sender<u32>, rx: Receiver<u32>) -> bool {
        for round in 0..2_000 {
            let received = if (task + round) % 2 == 0 {
                select! { sent = tx.send(task) => sent.map(|()| None), received = rx.recv() => Ok(received.ok()) }
            } else {
                select! { received = rx.recv() => Ok(received.ok()), sent = tx.send(task) => sent.map(|()| None) }
            };
            match received {
                Ok(Some(message)) if message == task => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        false
    }

    for capacity in [0, 10] {
        let met_itself = on_a_runtime(async {
            let (tx, rx) = bounded(capacity);
            let [mut first, mut second] = [0, 1].map(|task| spawn(exchange(task, tx.clone(), rx.clone())));
            let (mut left, mut met_itself) = ([true; 2], false);
            while left != [false; 2] {
                let (task, result) = select! {
                    result = &mut first, if left[0] => (0, result),
                    result = &mut second, if left[1] => (1, result),
                };
                left[task] = false;
                met_itself |= result.unwrap();
                rx.close(); // whoever is late has nobody left to meet
            }
            met_itself
        });
        assert!(capacity > 0 || !met_itself);
    }
}

/// As `TestSelfSelect`, where nobody else is there.
#[test]
fn a_select_that_sends_and_receives_on_one_channel_waits_alone() {
    let (tx, rx) = unbuffered();
    let mut select = Box::pin(async {
        select! { _ = tx.send(1) => "sent", _ = rx.recv() => "received" }
    });
    let flag = wait(&mut select);
    assert!(!flag.take());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(ready(&mut select), "sent");
    let (tx, rx) = bounded(1);
    for expected in ["sent", "received"] {
        let chosen = ready(&mut Box::pin(async {
            select! { _ = tx.send(1) => "sent", _ = rx.recv() => "received" }
        }));
        assert_eq!(chosen, expected, "the buffer lies between them");
    }
}

/// What `TestSelfSelect` comes down to: a rendezvous is between two.
#[test]
fn a_message_that_was_handed_over_does_not_come_back_to_whoever_sent_it() {
    let (tx, rx) = unbuffered();
    let mut peer = Box::pin(rx.recv());
    let flag = wait(&mut peer);
    let exchange = || {
        Box::pin(async {
            select! { sent = tx.send(1) => sent.map(|()| 0), m = rx.recv() => Ok(m.unwrap()) }
        })
    };
    assert_eq!(ready(&mut exchange()), Ok(0));
    assert!(flag.take(), "the peer has it");
    let mut next = exchange();
    for _ in 0..3 {
        assert!(
            flag::poll(&mut next, &flag).is_pending(),
            "it was sent, and the peer has not yet come for it"
        );
    }
    assert_eq!(ready(&mut peer), Ok(1));
}

/// `TestSelectStress`
#[test]
fn four_channels_are_filled_and_emptied_alone_and_by_selects() {
    const MESSAGES: u32 = 2_000;

    async fn send_each(channels: [Sender<u32>; 4]) {
        let [a, b, c, d] = channels;
        let mut left = [MESSAGES; 4];
        for number in 0..4 * MESSAGES {
            let chosen = select! {
                sent = d.send(number), if left[3] > 0 => sent.map(|()| 3),
                sent = a.send(number), if left[0] > 0 => sent.map(|()| 0),
                sent = c.send(number), if left[2] > 0 => sent.map(|()| 2),
                sent = b.send(number), if left[1] > 0 => sent.map(|()| 1),
            };
            left[chosen.unwrap()] -= 1;
        }
        assert_eq!(left, [0; 4]);
    }

    async fn receive_each(channels: [Receiver<u32>; 4]) {
        let [a, b, c, d] = channels;
        let mut left = [MESSAGES; 4];
        for _ in 0..4 * MESSAGES {
            let chosen = select! {
                message = a.recv(), if left[0] > 0 => message.map(|_| 0),
                message = b.recv(), if left[1] > 0 => message.map(|_| 1),
                message = c.recv(), if left[2] > 0 => message.map(|_| 2),
                message = d.recv(), if left[3] > 0 => message.map(|_| 3),
            };
            left[chosen.unwrap()] -= 1;
        }
        assert_eq!(left, [0; 4]);
    }

    on_a_runtime(async {
        let channels: [_; 4] = [0, 0, 2, 3].map(bounded);
        let mut tasks = Vec::new();
        for (tx, rx) in channels.clone() {
            tasks.push(spawn(async move {
                for number in 0..MESSAGES {
                    tx.send(number).await.unwrap();
                }
            }));
            tasks.push(spawn(async move {
                for _ in 0..MESSAGES {
                    rx.recv().await.unwrap();
                }
            }));
        }
        tasks.push(spawn(send_each(channels.each_ref().map(|(tx, _)| tx.clone()))));
        tasks.push(spawn(receive_each(channels.each_ref().map(|(_, rx)| rx.clone()))));
        for task in tasks {
            task.await.unwrap();
        }
        assert!(channels.iter().all(|(tx, _)| tx.is_empty()));
    });
}

/// `TestSelectFairness`
#[test]
fn two_full_channels_reach_the_other_side_of_a_selecting_task_as_often() {
    const TRIALS: usize = 4_000;
    on_a_runtime(async {
        let (first, second) = (bounded(TRIALS), bounded(TRIALS));
        for _ in 0..TRIALS {
            first.0.try_send(1).unwrap();
            second.0.try_send(2).unwrap();
        }
        let (never_one, never_two) = (never(), never());
        let (out_one, out_two) = (unbuffered(), unbuffered());
        go(async move {
            loop {
                let message = select! {
                    message = never_one.recv() => message,
                    message = never_two.recv() => message,
                    message = first.1.recv() => message,
                    message = second.1.recv() => message,
                };
                let sent = select! {
                    sent = out_one.0.send(message.unwrap()) => sent,
                    sent = out_two.0.send(message.unwrap()) => sent,
                };
                if sent.is_err() {
                    return;
                }
            }
        });
        let mut counts = [0; 2];
        for _ in 0..TRIALS {
            let message =
                select! { message = out_one.1.recv() => message, message = out_two.1.recv() => message };
            counts[message.unwrap() - 1] += 1;
        }
        drop((out_one.1, out_two.1));
        assert!(
            counts
                .iter()
                .all(|count| (TRIALS * 9 / 20..TRIALS * 11 / 20).contains(count)),
            "{counts:?}"
        );
    });
}

/// `TestPseudoRandomSend`
#[test]
fn a_select_that_may_send_either_of_two_messages_sends_both() {
    const MESSAGES: usize = 1_000;
    for capacity in [0, MESSAGES] {
        on_a_runtime(async {
            let (tx, rx) = bounded(capacity);
            let receiver = spawn(async move {
                let mut counts = [0; 2];
                for _ in 0..MESSAGES {
                    yield_now().await;
                    counts[rx.recv().await.unwrap()] += 1;
                }
                counts
            });
            for _ in 0..MESSAGES {
                select! { sent = tx.send(0) => sent.unwrap(), sent = tx.send(1) => sent.unwrap() }
            }
            let counts = receiver.await.unwrap();
            assert!(counts.iter().all(|&count| count > MESSAGES / 3), "{counts:?}");
        });
    }
}

/// `TestMultiConsumer`
#[test]
fn many_consumers_pass_all_messages_on() {
    const CONSUMERS: usize = 23;
    const MESSAGES: usize = 10_000;
    const PRIMES: [usize; 12] = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31, 37, 41];
    on_a_runtime(async {
        let (queue, work) = bounded(CONSUMERS * 3);
        let (results, passed) = bounded(CONSUMERS * 3);
        for consumer in 0..CONSUMERS {
            let (work, results) = (work.clone(), results.clone());
            go(async move {
                while let Ok(number) = work.recv().await {
                    if number % PRIMES[consumer % PRIMES.len()] == 0 {
                        yield_now().await; // so that they fall out of step
                    }
                    results.send(number).await.unwrap();
                }
            });
        }
        drop((work, results));
        let producer = spawn(async move {
            let mut sum = 0;
            for number in 0..MESSAGES {
                let number = PRIMES[number % PRIMES.len()];
                sum += number;
                queue.send(number).await.unwrap();
            }
            sum
        });
        let (mut count, mut sum) = (0, 0);
        while let Ok(number) = passed.recv().await {
            count += 1;
            sum += number;
        }
        assert_eq!((count, sum), (MESSAGES, producer.await.unwrap()));
    });
}

/// `TestSelectDuplicateChannel`
#[test]
fn a_select_that_waits_twice_on_a_channel_leaves_its_line_whole() {
    let (c, d) = (unbuffered(), unbuffered());
    let mut first = Box::pin(async {
        select! {
            message = c.1.recv() => message,
            message = c.1.recv() => message,
            message = d.1.recv() => message,
        }
    });
    let mut behind = Box::pin(c.1.recv());
    let flags = (wait(&mut first), wait(&mut behind));
    d.0.try_send(7).unwrap();
    assert!(flags.0.take());
    assert_eq!(ready(&mut first), Ok(7));
    c.0.try_send(8).unwrap();
    assert!(flags.1.take());
    assert_eq!(ready(&mut behind), Ok(8));
}

/// `TestChanSendSelectBarrier` and `TestChanSendBarrier`
#[test]
fn channels_that_live_for_one_answer_deliver_it() {
    struct Failure(Box<u32>);

    async fn request(number: u32, selects: bool) -> Failure {
        let (tx, rx) = bounded(1);
        go(async move {
            let answer = Box::new(Failure(Box::new(number)));
            let stop = never::<()>();
            if selects {
                select! { sent = tx.send(answer) => _ = sent, _ = stop.recv() => {} }
            } else {
                _ = tx.send(answer).await;
            }
        });
        *rx.recv().await.unwrap()
    }

    on_a_runtime(async {
        let tasks: Vec<_> = (0..10_u32)
            .map(|task| {
                spawn(async move {
                    for number in 0..200 {
                        assert_eq!(*request(number, task % 2 == 0).await.0, number);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// `TestNonblockRecvRace`
#[test]
fn a_receive_that_does_not_wait_finds_the_message_or_the_end() {
    on_a_runtime(async {
        for _ in 0..1_000 {
            let (tx, rx) = bounded(1);
            tx.send(1).await.unwrap();
            let receiver = spawn(async move {
                select! { _ = rx.recv() => true, default => false }
            });
            tx.close();
            assert!(receiver.await.unwrap(), "it is there, then it is closed as well");
        }
    });
}

/// `TestChan`
#[test]
fn four_senders_and_four_receivers_exchange_each_message_once() {
    const MESSAGES: usize = 500;
    for capacity in [0, 1, 10, 100] {
        on_a_runtime(async {
            let (tx, rx) = bounded(capacity);
            let receivers = [(); 4].map(|()| {
                let rx = rx.clone();
                spawn(async move {
                    let mut counts = vec![0; MESSAGES];
                    let stop = never::<()>();
                    for _ in 0..MESSAGES {
                        let number = select! { number = rx.recv() => number.unwrap(), _ = stop.recv() => unreachable!() };
                        counts[number] += 1_usize;
                    }
                    counts
                })
            });
            for _ in 0..4 {
                let tx = tx.clone();
                go(async move {
                    for number in 0..MESSAGES {
                        tx.send(number).await.unwrap();
                    }
                });
            }
            let mut counts = vec![0; MESSAGES];
            for receiver in receivers {
                for (sum, count) in counts.iter_mut().zip(receiver.await.unwrap()) {
                    *sum += count;
                }
            }
            assert_eq!(counts, [4; MESSAGES]);
        });
    }
}
