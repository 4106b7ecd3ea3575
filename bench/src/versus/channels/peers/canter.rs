//! `canter-channel`: all rows, and a select of its own.

use canter_channel::{Receiver, Sender, bounded, select, unbounded};

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, SELECT_CHANNELS, Shape};

pub(super) struct Canter;

impl Channel for Canter {
    const NAME: &'static str = "canter";
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
        self.send(message).await.expect("the channel is open");
    }
}

impl MessageReceiver for Receiver<u64> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.recv().await.ok()
    }

    async fn select_message(receivers: &mut [Self; SELECT_CHANNELS]) -> Option<u64> {
        let [first, second, third, fourth] = receivers;
        select! {
            Ok(message) = first.recv() => Some(message),
            Ok(message) = second.recv() => Some(message),
            Ok(message) = third.recv() => Some(message),
            Ok(message) = fourth.recv() => Some(message),
            else => None,
        }
    }
}
