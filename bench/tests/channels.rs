//! The workloads of channels tell who loses messages, and canter loses none.

use canter_bench::runtimes::{Canter, Runtime, Tokio};
use canter_bench::versus::channels::{
    Channel, Ends, MessageReceiver, MessageSender, Row, Shape, measure, workloads,
};
use canter_bench::versus::{Failure, Kind, Means, Run, go_benchmarks};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};

const MESSAGES: u64 = 1000;

const RUN: Run = Run {
    times: MESSAGES,
    workers: 2,
};

/// A channel that swallows the message 500, and sends 501 twice if `DOUBLE`.
struct Lossy<const DOUBLE: bool>;

struct Sender<const DOUBLE: bool>(UnboundedSender<u64>);

struct Receiver(UnboundedReceiver<u64>);

impl<const DOUBLE: bool> Channel for Lossy<DOUBLE> {
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

/// How the channel fails in all rows that go on without an answer.
fn failures<R: Runtime, C: Channel>() -> Vec<Failure> {
    let rows = Row::all()
        .into_iter()
        .filter(|row| !matches!(row, Row::PingPong(_)));
    let ways = rows.filter_map(measure::<R, C>);
    ways.map(|way| way(&RUN).expect_err("it loses a message"))
        .collect()
}

/// A message that is lost is told, on either runtime.
#[test]
fn a_lost_message_is_a_failure() {
    let mut failures = failures::<Tokio, Lossy<false>>();
    failures.extend(self::failures::<Canter, Lossy<false>>());
    assert_eq!(failures.len(), 20);
    let expected = Failure::Miscounted {
        counted: MESSAGES - 1,
        expected: MESSAGES,
    };
    assert!(
        failures.iter().all(|failure| *failure == expected),
        "{failures:?}"
    );
}

/// A message that comes twice in place of another is told, though as many arrive as were sent.
#[test]
fn a_message_in_place_of_another_is_a_failure() {
    let failures = failures::<Tokio, Lossy<true>>();
    assert!(!failures.is_empty());
    assert!(
        failures.iter().all(|failure| *failure == Failure::Mixed),
        "{failures:?}"
    );
}

/// Whether it is known to lose messages there: by a receive that is dropped while it waits, or by a select that sends more than it
/// says.
fn may_fail(workload: &str, contender: &str) -> bool {
    match contender {
        "kanal" => workload.contains("select") || workload == "go/SelectSyncContended",
        "flume" => workload == "go/SelectSyncContended",
        _ => false,
    }
}

/// Everyone who takes part in a workload of channels does it and gives a time; canter in each one, and without a failure.
#[test]
fn everyone_does_what_they_take_part_in() {
    for workload in workloads().into_iter().chain(go_benchmarks::workloads()) {
        let name = &workload.name;
        assert_eq!(workload.contenders[0].kind, Kind::Ours, "{name}");
        for contender in &workload.contenders {
            let Means::Call(call) = &contender.means else {
                continue;
            };
            match call(&Run { times: 64, ..RUN }) {
                Ok(figures) => assert!(matches!(figures[..], [time] if time.is_finite()), "{name}"),
                Err(failure) => assert!(
                    may_fail(name, contender.name),
                    "{name}/{}: {failure}",
                    contender.name
                ),
            }
        }
    }
}
