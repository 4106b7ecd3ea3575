//! What a crate implements to take part.

use super::row::{SELECT_CHANNELS, Shape};

/// A handle for each task that sends, and for each that receives.
pub type Ends<S, R> = (Vec<S>, Vec<R>);

/// One kind of channel of one crate.
///
/// A crate whose bounded and unbounded channels differ in type takes part with two of these under one name.
pub trait Channel: 'static {
    /// The contender's name.
    const NAME: &'static str;
    /// The sending half.
    type Sender: MessageSender;
    /// The receiving half.
    type Receiver: MessageReceiver;

    /// A channel of this shape, or nothing if the crate has no such channel.
    fn open(shape: Shape) -> Option<Ends<Self::Sender, Self::Receiver>>;
}

/// A sending half.
pub trait MessageSender: Send + 'static {
    /// Sends a message.
    ///
    /// # Panics
    ///
    /// The future panics if the channel is closed.
    fn send_message(&mut self, message: u64) -> impl Future<Output = ()> + Send;
}

/// A receiving half.
pub trait MessageReceiver: Sized + Send + 'static {
    /// Receives a message, or nothing once the channel is closed and empty.
    fn receive_message(&mut self) -> impl Future<Output = Option<u64>> + Send;

    /// Receives a message from any of these, or nothing once they are all closed and empty.
    fn select_message(receivers: &mut [Self; SELECT_CHANNELS]) -> impl Future<Output = Option<u64>> + Send {
        async {
            let [first, second, third, fourth] = receivers;
            tokio::select! {
                Some(message) = first.receive_message() => Some(message),
                Some(message) = second.receive_message() => Some(message),
                Some(message) = third.receive_message() => Some(message),
                Some(message) = fourth.receive_message() => Some(message),
                else => None,
            }
        }
    }
}
