//! `futures::channel::mpsc`: one receiver. Its capacity is the buffer and one place a sender, so that a row with fewer places
//! than senders is not offered.

use futures::StreamExt;
use futures::channel::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded};
use futures::sink::SinkExt;

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, Shape};

pub(super) struct Bounded;

impl Channel for Bounded {
    const NAME: &'static str = "futures";
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn open(shape: Shape) -> Option<Ends<Sender<u64>, Receiver<u64>>> {
        if shape.receivers != 1 {
            return None;
        }
        let (sender, receiver) = channel(shape.capacity?.checked_sub(shape.senders)?);
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
        self.next().await
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
            let (sender, receiver) = unbounded();
            (copies(sender, shape.senders), vec![receiver])
        })
    }
}

impl MessageSender for UnboundedSender<u64> {
    async fn send_message(&mut self, message: u64) {
        self.unbounded_send(message).expect("the channel is open");
    }
}

impl MessageReceiver for UnboundedReceiver<u64> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.next().await
    }
}
