//! `crossbeam-channel`, between threads, with its own select. What is awaited here blocks; it is not for a crowd of tasks.

use crossbeam_channel::{Receiver, Sender, bounded, select};

use crate::versus::go_benchmarks::{Benchmark, Channels};

pub(super) struct Crossbeam;

impl Channels for Crossbeam {
    const NAME: &'static str = "crossbeam-threads";
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;

    fn can(benchmark: Benchmark) -> bool {
        benchmark != Benchmark::ChanPopular
    }

    fn open<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        bounded(capacity)
    }

    async fn send<T: Send + 'static>(sender: &Sender<T>, message: T) {
        sender.send(message).expect("the channel is open");
    }

    async fn receive<T: Send + 'static>(receiver: &Receiver<T>) -> Option<T> {
        receiver.recv().ok()
    }

    fn try_send<T: Send + 'static>(sender: &Sender<T>, message: T) -> bool {
        sender.try_send(message).is_ok()
    }

    fn try_receive<T: Send + 'static>(receiver: &Receiver<T>) -> Option<T> {
        receiver.try_recv().ok()
    }

    async fn select_of_two<T: Send + 'static>(receivers: [&Receiver<T>; 2]) -> (usize, T) {
        let [first, second] = receivers;
        let (from, message) = select! {
            recv(first) -> message => (0, message),
            recv(second) -> message => (1, message),
        };
        (from, message.expect("the channel is open"))
    }

    async fn select_of_three<T: Send + 'static>(receivers: [&Receiver<T>; 3]) -> T {
        let [first, second, third] = receivers;
        let message = select! {
            recv(first) -> message => message,
            recv(second) -> message => message,
            recv(third) -> message => message,
        };
        message.expect("the channel is open")
    }

    async fn send_to_one_of_three(senders: [&Sender<u64>; 3], stop: &Receiver<()>) -> bool {
        let [first, second, third] = senders;
        select! {
            send(first, 0) -> sent => sent.is_ok(),
            send(second, 0) -> sent => sent.is_ok(),
            send(third, 0) -> sent => sent.is_ok(),
            recv(stop) -> _ => false,
        }
    }

    async fn send_unless(sender: &Sender<u64>, message: u64, stop: &Receiver<()>) -> bool {
        select! {
            send(sender, message) -> sent => sent.is_ok(),
            recv(stop) -> _ => false,
        }
    }

    async fn receive_unless(receiver: &Receiver<u64>, stop: &Receiver<()>) -> Option<u64> {
        select! {
            recv(receiver) -> message => message.ok(),
            recv(stop) -> _ => None,
        }
    }
}
