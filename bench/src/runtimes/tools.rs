//! What code uses beside its runtime.

use super::Runtime;

/// A runtime with what those who write for it use beside it.
pub trait Equipped: Runtime {
    /// What they use.
    type Tools: Tools;
}

/// A channel and a way to wait for many tasks, as those who write for a runtime use them.
pub trait Tools: 'static {
    /// The sending side of a channel.
    type Sender: Clone + Send + Sync + 'static;

    /// The receiving side of a channel.
    type Receiver: Send + 'static;

    /// A channel with room for that many messages.
    fn channel(capacity: usize) -> (Self::Sender, Self::Receiver);

    /// Sends a message. The receiver is still there.
    fn send(sender: &Self::Sender, message: u64) -> impl Future<Output = ()> + Send;

    /// Receives a message; nothing when all senders are gone.
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;

    /// Starts a task for each of these futures, and waits until all have ended. It is called in a task.
    fn run_all<R, F>(tasks: impl Iterator<Item = F> + Send) -> impl Future<Output = ()> + Send
    where
        R: Equipped<Tools = Self>,
        F: Future<Output = ()> + Send + 'static;
}
