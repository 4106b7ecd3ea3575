//! The harness of the channel benches tells who loses messages, and canter loses none.

use canter_bench::channels::{
    Contender, Ends, Entry, MessageReceiver, MessageSender, Row, Shape, entries, rows,
};
use canter_bench::contest::{Failure, HostName, Hosts};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};

const MESSAGES: u64 = 1000;

/// A channel that swallows the message 500, and sends 501 twice if `DOUBLE`.
struct Lossy<const DOUBLE: bool>;

struct Sender<const DOUBLE: bool>(UnboundedSender<u64>);

struct Receiver(UnboundedReceiver<u64>);

impl<const DOUBLE: bool> Contender for Lossy<DOUBLE> {
    const NAME: &'static str = "lossy";
    type Sender = Sender<DOUBLE>;
    type Receiver = Receiver;

    fn open(shape: Shape) -> Option<Ends<Sender<DOUBLE>, Receiver>> {
        let (sender, receiver) = unbounded();
        let senders = (0..shape.senders).map(|_| Sender(sender.clone())).collect();
        (shape.receivers == 1).then(|| (senders, vec![Receiver(receiver)]))
    }
}

impl<const DOUBLE: bool> MessageSender for Sender<DOUBLE> {
    async fn send_message(&mut self, message: u64) {
        let times = match message {
            500 => 0,
            501 if DOUBLE => 2,
            _ => 1,
        };
        for _ in 0..times {
            self.0.unbounded_send(message).expect("the channel is open");
        }
    }
}

impl MessageReceiver for Receiver {
    async fn receive_message(&mut self) -> Option<u64> {
        self.0.next().await
    }
}

fn failures<C: Contender>() -> Vec<Failure> {
    let hosts = Hosts::start();
    let rows = rows().into_iter().filter(|row| !matches!(row, Row::PingPong(_)));
    let runs = rows.flat_map(|row| {
        [HostName::Tokio, HostName::Canter].map(|host| Entry::of::<C>().run(&hosts, host, row, MESSAGES))
    });
    runs.flatten()
        .map(|outcome| outcome.expect_err("it loses a message"))
        .collect()
}

#[test]
fn canter_loses_nothing_in_any_row() {
    let (hosts, entries) = (Hosts::start(), entries());
    let canter = entries
        .iter()
        .find(|entry| entry.name() == "canter")
        .expect("it takes part");
    for row in rows() {
        for host in [HostName::Tokio, HostName::Canter] {
            let outcome = canter.run(&hosts, host, row, MESSAGES);
            assert!(matches!(outcome, Some(Ok(_))), "{row} on {host}: {outcome:?}");
        }
    }
}

#[test]
fn a_lost_message_is_a_failure() {
    let failures = failures::<Lossy<false>>();
    assert_eq!(failures.len(), 20);
    let expected = Failure::Miscounted {
        counted: MESSAGES - 1,
        expected: MESSAGES,
    };
    assert!(failures.iter().all(|failure| *failure == expected));
}

#[test]
fn a_message_in_place_of_another_is_a_failure() {
    assert!(
        failures::<Lossy<true>>()
            .iter()
            .all(|failure| *failure == Failure::Mixed)
    );
}
