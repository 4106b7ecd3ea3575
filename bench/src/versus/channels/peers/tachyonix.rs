//! `tachyonix`: bounded, one receiver.

use tachyonix::{Receiver, Sender, channel};

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, Shape};

pub(super) struct Tachyonix;

impl Channel for Tachyonix {
    const NAME: &'static str = "tachyonix";
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn open(shape: Shape) -> Option<Ends<Sender<u64>, Receiver<u64>>> {
        let capacity = shape
            .capacity
            .filter(|&capacity| capacity > 0 && shape.receivers == 1)?;
        let (sender, receiver) = channel(capacity);
        Some((copies(sender, shape.senders), vec![receiver]))
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
