//! `kanal`: all rows, but a receive that is dropped while it waits loses messages, and so does a select.

use kanal::{AsyncReceiver, AsyncSender, bounded_async, unbounded_async};

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, Shape};

pub(super) struct Kanal;

impl Channel for Kanal {
    const NAME: &'static str = "kanal";
    type Sender = AsyncSender<u64>;
    type Receiver = AsyncReceiver<u64>;

    fn open(shape: Shape) -> Option<Ends<AsyncSender<u64>, AsyncReceiver<u64>>> {
        let (sender, receiver) = match shape.capacity {
            Some(capacity) => bounded_async(capacity),
            None => unbounded_async(),
        };
        Some((copies(sender, shape.senders), copies(receiver, shape.receivers)))
    }
}

impl MessageSender for AsyncSender<u64> {
    async fn send_message(&mut self, message: u64) {
        self.send(message).await.expect("the channel is open");
    }
}

impl MessageReceiver for AsyncReceiver<u64> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.recv().await.ok()
    }
}
