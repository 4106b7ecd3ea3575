//! `tokio::sync::mpsc`: one receiver, no rendezvous.

use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, Shape};

pub(super) struct Bounded;

impl Channel for Bounded {
    const NAME: &'static str = "tokio";
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
        self.recv().await
    }
}

pub(super) struct Unbounded;

impl Channel for Unbounded {
    const NAME: &'static str = Bounded::NAME;
    type Sender = UnboundedSender<u64>;
    type Receiver = UnboundedReceiver<u64>;

    fn open(shape: Shape) -> Option<Ends<UnboundedSender<u64>, UnboundedReceiver<u64>>> {
        let offered = shape.capacity.is_none() && shape.receivers == 1;
        offered.then(|| {
            let (sender, receiver) = unbounded_channel();
            (copies(sender, shape.senders), vec![receiver])
        })
    }
}

impl MessageSender for UnboundedSender<u64> {
    async fn send_message(&mut self, message: u64) {
        self.send(message).expect("the channel is open");
    }
}

impl MessageReceiver for UnboundedReceiver<u64> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.recv().await
    }
}
