//! The channel that goes with each runtime.

use crate::runtimes::{Canter, Runtime, Tokio};

/// A runtime, and the channel that its users take.
pub(super) trait Pipe: Runtime {
    /// The end that sends.
    type Sender: Send;
    /// The end that receives.
    type Receiver: Send;

    /// A channel that holds that many messages.
    fn pipe(capacity: usize) -> (Self::Sender, Self::Receiver);

    /// Sends a message.
    fn send(sender: &Self::Sender, message: u64) -> impl Future<Output = ()> + Send;

    /// Receives a message; nothing once the sender is gone.
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;
}

impl Pipe for Canter {
    type Sender = canter_channel::Sender<u64>;
    type Receiver = canter_channel::Receiver<u64>;

    fn pipe(capacity: usize) -> (Self::Sender, Self::Receiver) {
        canter_channel::bounded(capacity)
    }

    async fn send(sender: &Self::Sender, message: u64) {
        sender.send(message).await.expect("the channel is open");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

impl Pipe for Tokio {
    type Sender = tokio::sync::mpsc::Sender<u64>;
    type Receiver = tokio::sync::mpsc::Receiver<u64>;

    fn pipe(capacity: usize) -> (Self::Sender, Self::Receiver) {
        tokio::sync::mpsc::channel(capacity)
    }

    async fn send(sender: &Self::Sender, message: u64) {
        sender.send(message).await.expect("the channel is open");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await
    }
}
