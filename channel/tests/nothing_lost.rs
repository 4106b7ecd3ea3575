//! Threads that send and receive in every way there is, drop what waits, and close: each message is received once, handed back or
//! dropped, and those of one sender come in order.

#[path = "common/seed.rs"]
mod seed;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::thread;

use canter_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use fastrand::Rng;
use futures::executor::block_on;
use futures::{SinkExt, StreamExt};
use seed::random;

const PER_SENDER: usize = 300;

/// What has become of one message.
#[derive(Default)]
struct Fate {
    sent: AtomicU8,
    handed_back: AtomicU8,
    received: AtomicU8,
    dropped: AtomicU8,
}

struct Message<P> {
    sender: usize,
    number: usize,
    fates: Arc<Vec<Fate>>,
    _payload: P,
}

impl<P> Message<P> {
    fn fate(&self) -> &Fate {
        &self.fates[self.sender * PER_SENDER + self.number]
    }
}

impl<P> Drop for Message<P> {
    fn drop(&mut self) {
        assert_eq!(self.fate().dropped.fetch_add(1, SeqCst), 0, "dropped twice");
    }
}

/// Polls a future once, and drops it if it waits and luck says so; otherwise it goes on to its end.
fn maybe_cancelled<F: Future>(random: &mut Rng, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    if random.u8(..4) == 0 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(output);
        }
        (0..random.u32(..3)).for_each(|_| thread::yield_now());
        if random.bool() {
            return None;
        }
    }
    Some(block_on(future))
}

struct Sending<P> {
    id: usize,
    next: usize,
    fates: Arc<Vec<Fate>>,
    payload: fn() -> P,
    random: Rng,
}

impl<P> Sending<P> {
    fn message(&mut self) -> Message<P> {
        self.next += 1;
        Message {
            sender: self.id,
            number: self.next - 1,
            fates: self.fates.clone(),
            _payload: (self.payload)(),
        }
    }

    fn note_sent(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.fates[self.id * PER_SENDER + number]
                .sent
                .fetch_add(1, SeqCst);
        }
    }

    /// Sends all, each in another way.
    fn run(mut self, tx: Sender<Message<P>>) {
        while self.next < PER_SENDER {
            self.send(&tx);
            if self.random.u8(..20) == 0 {
                thread::yield_now();
            }
        }
    }

    fn send(&mut self, tx: &Sender<Message<P>>) {
        let first = self.next;
        let message = self.message();
        let handed_back = match self.random.u32(..7) {
            0 | 1 => match maybe_cancelled(&mut self.random, tx.send(message)) {
                Some(Ok(())) => None,
                Some(Err(error)) => Some(error.into_inner()),
                None => return, // sent or not
            },
            2 => tx.send_blocking(message).err().map(|error| error.into_inner()),
            3 => tx.try_send(message).err().map(|error| error.into_inner()),
            4 => match maybe_cancelled(&mut self.random, tx.reserve()) {
                Some(Ok(permit)) if self.random.u8(..4) > 0 => {
                    permit.send(message).err().map(|error| error.into_inner())
                }
                _ => Some(message),
            },
            5 => {
                let mut messages = VecDeque::from([message]);
                while messages.len() < 10 && self.next < PER_SENDER {
                    messages.push_back(self.message());
                }
                _ = maybe_cancelled(&mut self.random, tx.send_many(&mut messages));
                self.note_sent(first..self.next - messages.len());
                for message in messages {
                    message.fate().handed_back.fetch_add(1, SeqCst);
                }
                return;
            }
            _ => {
                let mut sink = tx.clone().into_sink();
                if let Some(Ok(())) = maybe_cancelled(&mut self.random, sink.send(message)) {
                    self.note_sent(first..self.next);
                }
                return;
            }
        };
        match handed_back {
            Some(message) => _ = message.fate().handed_back.fetch_add(1, SeqCst),
            None => self.note_sent(first..self.next),
        }
    }
}

struct Receiving {
    /// The number that the next message of each sender has at least.
    expected: Vec<usize>,
    random: Rng,
}

impl Receiving {
    fn note<P>(&mut self, message: Message<P>) {
        assert_eq!(message.fate().received.fetch_add(1, SeqCst), 0, "received twice");
        let expected = &mut self.expected[message.sender];
        assert!(
            message.number >= *expected,
            "a message of sender {} came late",
            message.sender
        );
        *expected = message.number + 1;
    }

    /// Receives until the channel is closed and empty, or as often as it is told to.
    fn run<P>(mut self, rx: Receiver<Message<P>>, most: usize) {
        for _ in 0..most {
            match self.random.u32(..7) {
                0 | 1 => match maybe_cancelled(&mut self.random, rx.recv()) {
                    Some(Ok(message)) => self.note(message),
                    Some(Err(_)) => return,
                    None => {}
                },
                2 => match rx.recv_blocking() {
                    Ok(message) => self.note(message),
                    Err(_) => return,
                },
                3 => match rx.try_recv() {
                    Ok(message) => self.note(message),
                    Err(TryRecvError::Empty) => thread::yield_now(),
                    Err(TryRecvError::Closed) => return,
                },
                4 => {
                    let mut buffer = Vec::new();
                    let limit = self.random.usize(1..20);
                    let received = maybe_cancelled(&mut self.random, rx.recv_many(&mut buffer, limit));
                    assert!(received.is_some() || buffer.is_empty());
                    buffer.into_iter().for_each(|message| self.note(message));
                    if received.is_some_and(|received| received.is_err()) {
                        return;
                    }
                }
                5 => rx.clone().drain().for_each(|message| self.note(message)),
                _ => {
                    let mut stream = rx.clone(); // one that waits keeps its turn until it goes
                    let received = maybe_cancelled(&mut self.random, stream.next());
                    match received {
                        Some(Some(message)) => self.note(message),
                        Some(None) => return,
                        None => {}
                    }
                }
            }
        }
    }
}

/// How a run ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the last sender.
    SendersGone,
    /// Somebody closes the channel at any time.
    Close,
    /// Receivers leave when they have had enough.
    ReceiversGone,
}

fn run<P: Send + 'static>(
    random: &mut Rng,
    capacity: usize,
    (senders, receivers): (usize, usize),
    end: End,
    payload: fn() -> P,
) {
    let fates: Arc<Vec<Fate>> = Arc::new((0..senders * PER_SENDER).map(|_| Fate::default()).collect());
    let (tx, rx) = if capacity == usize::MAX {
        unbounded()
    } else {
        bounded(capacity)
    };
    let mut threads = Vec::new();
    for _ in 0..receivers {
        let most = if end == End::ReceiversGone {
            random.usize(..PER_SENDER)
        } else {
            usize::MAX
        };
        let receiving = Receiving {
            expected: vec![0; senders],
            random: random.fork(),
        };
        let rx = rx.clone();
        threads.push(thread::spawn(move || receiving.run(rx, most)));
    }
    for id in 0..senders {
        let sending = Sending {
            id,
            next: 0,
            fates: fates.clone(),
            payload,
            random: random.fork(),
        };
        let tx = tx.clone();
        threads.push(thread::spawn(move || sending.run(tx)));
    }
    if end == End::Close {
        let wait = random.usize(..2000);
        let (tx, rx) = (tx.clone(), rx.clone());
        threads.push(thread::spawn(move || {
            (0..wait).for_each(|_| thread::yield_now());
            tx.close();
            drop(rx);
        }));
    }
    drop((tx, rx));
    threads.into_iter().for_each(|thread| thread.join().unwrap());

    for (at, fate) in fates.iter().enumerate() {
        let [sent, handed_back, received, dropped] =
            [&fate.sent, &fate.handed_back, &fate.received, &fate.dropped].map(|count| count.load(SeqCst));
        let message = format!("message {at} of {capacity}, {senders}, {receivers}");
        assert_eq!(dropped, 1, "{message}: dropped");
        assert!(sent + handed_back <= 1, "{message}: sent and handed back");
        assert!(handed_back + received <= 1, "{message}: handed back and received");
        if end != End::ReceiversGone {
            assert!(sent <= received, "{message}: sent, and not received");
        }
    }
}

const CAPACITIES: [usize; 6] = [0, 1, 2, 7, 64, usize::MAX];
const SIDES: [(usize, usize); 6] = [(1, 1), (1, 4), (4, 1), (2, 3), (3, 2), (8, 8)];

/// How many times as many runs as usual: `CANTER_RUNS` sets it.
fn runs() -> usize {
    std::env::var("CANTER_RUNS").map_or(1, |runs| runs.parse().expect("CANTER_RUNS is a number"))
}

fn run_all<P: Send + 'static>(test: &str, end: End, payload: fn() -> P) {
    let mut random = random(test);
    for _ in 0..runs() {
        for capacity in CAPACITIES {
            for sides in SIDES {
                run(&mut random, capacity, sides, end, payload);
            }
        }
    }
}

#[test]
fn all_that_was_sent_is_received_once_and_in_order() {
    run_all(
        "all_that_was_sent_is_received_once_and_in_order",
        End::SendersGone,
        || 0_u64,
    );
}

#[test]
fn all_that_was_sent_before_a_close_is_received_once_and_in_order() {
    run_all(
        "all_that_was_sent_before_a_close_is_received_once_and_in_order",
        End::Close,
        || 0_u64,
    );
}

#[test]
fn nothing_is_lost_or_doubled_when_receivers_leave() {
    run_all(
        "nothing_is_lost_or_doubled_when_receivers_leave",
        End::ReceiversGone,
        || 0_u64,
    );
}

#[test]
fn large_messages_are_not_lost_or_doubled() {
    run_all(
        "large_messages_are_not_lost_or_doubled",
        End::ReceiversGone,
        || [0_u8; 4096],
    );
}

#[test]
fn messages_without_size_are_not_lost_or_doubled() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    for capacity in CAPACITIES {
        let (tx, rx) = if capacity == usize::MAX {
            unbounded()
        } else {
            bounded(capacity)
        };
        let senders = (0..3).map(|_| {
            let tx = tx.clone();
            thread::spawn(move || {
                (0..1000).for_each(|_| {
                    MADE.fetch_add(1, SeqCst);
                    assert!(tx.send_blocking(Nothing).is_ok());
                });
                0
            })
        });
        let receivers = (0..3).map(|_| {
            let rx = rx.clone();
            thread::spawn(move || rx.iter().count())
        });
        let threads: Vec<_> = senders.chain(receivers).collect();
        drop((tx, rx));
        let received: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(received, 3000);
        assert_eq!(MADE.load(SeqCst), DROPPED.load(SeqCst));
    }
}

#[test]
fn the_sum_is_right_over_all_capacities_and_numbers_of_threads() {
    const EACH: u64 = 500;
    for capacity in CAPACITIES {
        for senders in [1, 2, 5, 8] {
            for receivers in [1, 2, 5, 8] {
                let (tx, rx) = if capacity == usize::MAX {
                    unbounded()
                } else {
                    bounded(capacity)
                };
                let sending = (0..senders).map(|_| {
                    let tx = tx.clone();
                    thread::spawn(move || {
                        (0..EACH).for_each(|number| block_on(tx.send(number)).unwrap());
                        0
                    })
                });
                let receiving = (0..receivers).map(|_| {
                    let rx = rx.clone();
                    thread::spawn(move || rx.iter().sum::<u64>())
                });
                let threads: Vec<_> = sending.chain(receiving).collect();
                drop((tx, rx));
                let sum: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
                assert_eq!(sum, senders * (EACH * (EACH - 1) / 2));
            }
        }
    }
}
