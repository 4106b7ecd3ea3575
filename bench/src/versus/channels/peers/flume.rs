//! `flume`: all rows.

use flume::{Receiver, Sender, bounded, unbounded};

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, Shape};

pub(super) struct Flume;

impl Channel for Flume {
    const NAME: &'static str = "flume";
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn open(shape: Shape) -> Option<Ends<Sender<u64>, Receiver<u64>>> {
        let (sender, receiver) = match shape.capacity {
            Some(capacity) => bounded(capacity),
            None => unbounded(),
        };
        Some((copies(sender, shape.senders), copies(receiver, shape.receivers)))
    }
}

impl MessageSender for Sender<u64> {
    async fn send_message(&mut self, message: u64) {
        self.send_async(message).await.expect("the channel is open");
    }
}

impl MessageReceiver for Receiver<u64> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.recv_async().await.ok()
    }
}
