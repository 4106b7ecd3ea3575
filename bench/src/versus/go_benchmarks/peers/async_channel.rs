//! `async-channel`: no rendezvous.

use async_channel::{Receiver, Sender, bounded};

use crate::versus::go_benchmarks::{Benchmark, Channels};

pub(super) struct AsyncChannel;

impl Channels for AsyncChannel {
    const NAME: &'static str = "async-channel";
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;

    fn can(benchmark: Benchmark) -> bool {
        !benchmark.needs_rendezvous()
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
}
