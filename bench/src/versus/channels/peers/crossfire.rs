//! `crossfire`: no rendezvous. Its channels with one receiver are types of their own, and take part under a name of their own.

use crossfire::flavor::Flavor;
use crossfire::{AsyncRx, MAsyncRx, MAsyncTx, MTx, detect_backoff_cfg, mpmc, mpsc};

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, Shape};

pub(super) struct Bounded;

impl Channel for Bounded {
    const NAME: &'static str = "crossfire";
    type Sender = MAsyncTx<mpmc::Array<u64>>;
    type Receiver = MAsyncRx<mpmc::Array<u64>>;

    fn open(shape: Shape) -> Option<Ends<Self::Sender, Self::Receiver>> {
        detect_backoff_cfg();
        let capacity = shape.capacity.filter(|&capacity| capacity > 0)?;
        let (sender, receiver) = mpmc::bounded_async(capacity);
        Some((copies(sender, shape.senders), copies(receiver, shape.receivers)))
    }
}

pub(super) struct Unbounded;

impl Channel for Unbounded {
    const NAME: &'static str = Bounded::NAME;
    type Sender = MTx<mpmc::List<u64>>;
    type Receiver = MAsyncRx<mpmc::List<u64>>;

    fn open(shape: Shape) -> Option<Ends<Self::Sender, Self::Receiver>> {
        detect_backoff_cfg();
        shape.capacity.is_none().then(|| {
            let (sender, receiver) = mpmc::unbounded_async();
            (copies(sender, shape.senders), copies(receiver, shape.receivers))
        })
    }
}

pub(super) struct BoundedSingle;

impl Channel for BoundedSingle {
    const NAME: &'static str = "crossfire-mpsc";
    type Sender = MAsyncTx<mpsc::Array<u64>>;
    type Receiver = AsyncRx<mpsc::Array<u64>>;

    fn open(shape: Shape) -> Option<Ends<Self::Sender, Self::Receiver>> {
        detect_backoff_cfg();
        let capacity = shape
            .capacity
            .filter(|&capacity| capacity > 0 && shape.receivers == 1)?;
        let (sender, receiver) = mpsc::bounded_async(capacity);
        Some((copies(sender, shape.senders), vec![receiver]))
    }
}

pub(super) struct UnboundedSingle;

impl Channel for UnboundedSingle {
    const NAME: &'static str = BoundedSingle::NAME;
    type Sender = MTx<mpsc::List<u64>>;
    type Receiver = AsyncRx<mpsc::List<u64>>;

    fn open(shape: Shape) -> Option<Ends<Self::Sender, Self::Receiver>> {
        detect_backoff_cfg();
        let offered = shape.capacity.is_none() && shape.receivers == 1;
        offered.then(|| {
            let (sender, receiver) = mpsc::unbounded_async();
            (copies(sender, shape.senders), vec![receiver])
        })
    }
}

impl<F: Flavor<Item = u64> + 'static> MessageSender for MAsyncTx<F> {
    async fn send_message(&mut self, message: u64) {
        self.send(message).await.expect("the channel is open");
    }
}

impl<F: Flavor<Item = u64> + 'static> MessageSender for MTx<F> {
    async fn send_message(&mut self, message: u64) {
        self.send(message).expect("the channel is open");
    }
}

impl<F: Flavor<Item = u64> + 'static> MessageReceiver for AsyncRx<F> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.recv().await.ok()
    }
}

impl<F: Flavor<Item = u64> + 'static> MessageReceiver for MAsyncRx<F> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.recv().await.ok()
    }
}
