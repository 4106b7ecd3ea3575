//! `canter-channel`, with its own select.

use canter_channel::{Receiver, Sender, bounded, select};

use crate::versus::go_benchmarks::{Benchmark, Channels};

pub(super) struct Canter;

impl Channels for Canter {
    const NAME: &'static str = "canter";
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;

    fn can(_benchmark: Benchmark) -> bool {
        true
    }

    fn open<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        bounded(capacity)
    }

    async fn send<T: Send + 'static>(sender: &Sender<T>, message: T) {
        sender.send(message).await.expect("the channel is open");
    }

    async fn receive<T: Send + 'static>(receiver: &Receiver<T>) -> Option<T> {
        receiver.recv().await.ok()
    }

    fn try_send<T: Send + 'static>(sender: &Sender<T>, message: T) -> bool {
        sender.try_send(message).is_ok()
    }

    fn try_receive<T: Send + 'static>(receiver: &Receiver<T>) -> Option<T> {
        receiver.try_recv().ok()
    }

    async fn select_of_two<T: Send + 'static>(receivers: [&Receiver<T>; 2]) -> (usize, T) {
        let [first, second] = receivers;
        select! {
            Ok(message) = first.recv() => (0, message),
            Ok(message) = second.recv() => (1, message),
            else => unreachable!("both channels are closed"),
        }
    }

    async fn select_of_three<T: Send + 'static>(receivers: [&Receiver<T>; 3]) -> T {
        let [first, second, third] = receivers;
        select! {
            Ok(message) = first.recv() => message,
            Ok(message) = second.recv() => message,
            Ok(message) = third.recv() => message,
            else => unreachable!("all channels are closed"),
        }
    }

    async fn send_to_one_of_three(senders: [&Sender<u64>; 3], stop: &Receiver<()>) -> bool {
        let [first, second, third] = senders;
        select! {
            Ok(()) = first.send(0) => true,
            Ok(()) = second.send(0) => true,
            Ok(()) = third.send(0) => true,
            _ = stop.recv() => false,
        }
    }

    async fn send_unless(sender: &Sender<u64>, message: u64, stop: &Receiver<()>) -> bool {
        select! {
            Ok(()) = sender.send(message) => true,
            _ = stop.recv() => false,
        }
    }

    async fn receive_unless(receiver: &Receiver<u64>, stop: &Receiver<()>) -> Option<u64> {
        select! {
            message = receiver.recv() => message.ok(),
            _ = stop.recv() => None,
        }
    }
}
