//! `async-channel`: no rendezvous.

use async_channel::{Receiver, Sender, bounded, unbounded};

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, Shape};

pub(super) struct AsyncChannel;

impl Channel for AsyncChannel {
    const NAME: &'static str = "async-channel";
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn open(shape: Shape) -> Option<Ends<Sender<u64>, Receiver<u64>>> {
        let (sender, receiver) = match shape.capacity {
            Some(0) => return None,
            Some(capacity) => bounded(capacity),
            None => unbounded(),
        };
        Some((copies(sender, shape.senders), copies(receiver, shape.receivers)))
    }
}

impl MessageSender for Sender<u64> {
    async fn send_message(&mut self, message: u64) {
        self.send(message).await.expect("the channel is open");
    }
}

impl MessageReceiver for Receiver<u64> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.recv().await.ok()
    }
}
