//! `flume`. Without a buffer, a send ends when a receiver has been woken, and until that one runs the sender may take its own message
//! back: two tasks that take turns over one channel lose step, and wait for ever.

use flume::{Receiver, Sender, bounded};

use crate::versus::go_benchmarks::{Benchmark, Channels};

pub(super) struct Flume;

impl Channels for Flume {
    const NAME: &'static str = "flume";
    type Sender<T: Send + 'static> = Sender<T>;
    type Receiver<T: Send + 'static> = Receiver<T>;

    fn can(benchmark: Benchmark) -> bool {
        !matches!(benchmark, Benchmark::ChanSync { .. })
    }

    fn open<T: Send + 'static>(capacity: usize) -> (Sender<T>, Receiver<T>) {
        bounded(capacity)
    }

    async fn send<T: Send + 'static>(sender: &Sender<T>, message: T) {
        sender.send_async(message).await.expect("the channel is open");
    }

    async fn receive<T: Send + 'static>(receiver: &Receiver<T>) -> Option<T> {
        receiver.recv_async().await.ok()
    }

    fn try_send<T: Send + 'static>(sender: &Sender<T>, message: T) -> bool {
        sender.try_send(message).is_ok()
    }

    fn try_receive<T: Send + 'static>(receiver: &Receiver<T>) -> Option<T> {
        receiver.try_recv().ok()
    }
}
