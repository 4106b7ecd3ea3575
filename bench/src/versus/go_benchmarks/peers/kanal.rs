//! `kanal`. A receive that is dropped while it waits loses messages: where the tasks throw the same few to each other, none is left in
//! the end, and they wait for ever.

use kanal::{AsyncReceiver, AsyncSender, bounded_async};

use crate::versus::go_benchmarks::{Benchmark, Channels};

pub(super) struct Kanal;

impl Channels for Kanal {
    const NAME: &'static str = "kanal";
    type Sender<T: Send + 'static> = AsyncSender<T>;
    type Receiver<T: Send + 'static> = AsyncReceiver<T>;

    fn can(benchmark: Benchmark) -> bool {
        benchmark != Benchmark::SelectAsyncContended
    }

    fn open<T: Send + 'static>(capacity: usize) -> (AsyncSender<T>, AsyncReceiver<T>) {
        bounded_async(capacity)
    }

    async fn send<T: Send + 'static>(sender: &AsyncSender<T>, message: T) {
        sender.send(message).await.expect("the channel is open");
    }

    async fn receive<T: Send + 'static>(receiver: &AsyncReceiver<T>) -> Option<T> {
        receiver.recv().await.ok()
    }

    fn try_send<T: Send + 'static>(sender: &AsyncSender<T>, message: T) -> bool {
        sender.try_send(message).is_ok_and(|sent| sent)
    }

    fn try_receive<T: Send + 'static>(receiver: &AsyncReceiver<T>) -> Option<T> {
        receiver.try_recv().ok().flatten()
    }
}
