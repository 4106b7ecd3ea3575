//! A channel on which nothing ever happens.

use crate::chan::Chan;
use crate::receiver::Receiver;

/// A receiver to which no message ever comes, and whose channel stays open: Go's nil channel, for an arm of a select that is to be dead.
///
/// # Examples
///
/// ```
/// use canter_channel::{TryRecvError, never, select};
///
/// let nobody = never::<u32>();
/// assert_eq!(nobody.try_recv(), Err(TryRecvError::Empty));
/// # futures::executor::block_on(async {
/// let chosen = select! {
///     _ = nobody.recv() => "never",
///     _ = async {} => "at once",
/// };
/// assert_eq!(chosen, "at once");
/// # });
/// ```
pub fn never<T>() -> Receiver<T> {
    Receiver::counted(Chan::new(0, 0)) // its sender is counted, and does not exist
}
