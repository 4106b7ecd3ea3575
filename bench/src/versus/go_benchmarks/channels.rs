//! What a crate implements to take part.

use super::benchmark::Benchmark;

/// The bounded channels of one crate: several tasks send, and several receive.
///
/// The selects are those of tokio where a crate has none.
pub trait Channels: 'static {
    /// The contender's name.
    const NAME: &'static str;
    /// The sending half.
    type Sender<T: Send + 'static>: Clone + Send + Sync + 'static;
    /// The receiving half.
    type Receiver<T: Send + 'static>: Clone + Send + Sync + 'static;

    /// Whether they can do it.
    fn can(benchmark: Benchmark) -> bool;

    /// Makes a channel of this capacity.
    fn open<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// Sends a message, over a channel that is open.
    fn send<T: Send + 'static>(sender: &Self::Sender<T>, message: T) -> impl Future<Output = ()> + Send;

    /// Receives a message, or nothing once the channel is closed and empty.
    fn receive<T: Send + 'static>(receiver: &Self::Receiver<T>) -> impl Future<Output = Option<T>> + Send;

    /// Sends a message if there is room at once.
    fn try_send<T: Send + 'static>(sender: &Self::Sender<T>, message: T) -> bool;

    /// Receives a message if there is one.
    fn try_receive<T: Send + 'static>(receiver: &Self::Receiver<T>) -> Option<T>;

    /// Receives from one of two open channels: from which, and what.
    fn select_of_two<T: Send + 'static>(
        receivers: [&Self::Receiver<T>; 2],
    ) -> impl Future<Output = (usize, T)> + Send {
        async move {
            tokio::select! {
                Some(message) = Self::receive(receivers[0]) => (0, message),
                Some(message) = Self::receive(receivers[1]) => (1, message),
                else => unreachable!("both channels are closed"),
            }
        }
    }

    /// Receives from one of three open channels.
    fn select_of_three<T: Send + 'static>(
        receivers: [&Self::Receiver<T>; 3],
    ) -> impl Future<Output = T> + Send {
        async move {
            tokio::select! {
                Some(message) = Self::receive(receivers[0]) => message,
                Some(message) = Self::receive(receivers[1]) => message,
                Some(message) = Self::receive(receivers[2]) => message,
                else => unreachable!("all channels are closed"),
            }
        }
    }

    /// Sends to one of three open channels, or gives false once the other channel is closed.
    fn send_to_one_of_three(
        senders: [&Self::Sender<u64>; 3],
        stop: &Self::Receiver<()>,
    ) -> impl Future<Output = bool> + Send {
        async move {
            tokio::select! {
                () = Self::send(senders[0], 0) => true,
                () = Self::send(senders[1], 0) => true,
                () = Self::send(senders[2], 0) => true,
                _ = Self::receive(stop) => false,
            }
        }
    }

    /// Sends, or gives false once the other channel is closed.
    fn send_unless(
        sender: &Self::Sender<u64>,
        message: u64,
        stop: &Self::Receiver<()>,
    ) -> impl Future<Output = bool> + Send {
        async move {
            tokio::select! {
                () = Self::send(sender, message) => true,
                _ = Self::receive(stop) => false,
            }
        }
    }

    /// Receives, or gives nothing once this or the other channel is closed.
    fn receive_unless(
        receiver: &Self::Receiver<u64>,
        stop: &Self::Receiver<()>,
    ) -> impl Future<Output = Option<u64>> + Send {
        async move {
            tokio::select! {
                message = Self::receive(receiver) => message,
                _ = Self::receive(stop) => None,
            }
        }
    }
}
