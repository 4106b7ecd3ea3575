//! What both sides of a channel can be asked.

use crate::chan::{Side, UNLIMITED};
use crate::receiver::Receiver;
use crate::sender::Sender;

macro_rules! both_sides {
    ($($handle:ident),*) => {$(
        impl<T> $handle<T> {
            /// Messages that could be received now. On an unbuffered channel that is none, save for those whose receiver was cancelled.
            pub fn len(&self) -> usize {
                self.chan().enter().available()
            }

            /// Whether no message could be received now. Always so on an unbuffered channel, save as [`len`](Self::len) says.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether there is no room: always so on an unbuffered channel, never on an unbounded one.
            pub fn is_full(&self) -> bool {
                self.chan().enter().is_full()
            }

            /// How many messages have room: 0 if it is unbuffered, `None` if it is unbounded.
            pub fn capacity(&self) -> Option<usize> {
                let capacity = self.chan().capacity();
                (capacity != UNLIMITED).then_some(capacity)
            }

            /// How many senders there are.
            pub fn sender_count(&self) -> usize {
                self.chan().handles(Side::Sender)
            }

            /// How many receivers there are.
            pub fn receiver_count(&self) -> usize {
                self.chan().handles(Side::Receiver)
            }

            /// Closes the channel for all. Sends fail from now on, those that wait as well; what is in the channel can still be received.
            /// False if it was closed before.
            pub fn close(&self) -> bool {
                self.chan().close()
            }

            /// Whether the channel is closed, by [`close`](Self::close) or since one side is gone. There may be messages left.
            pub fn is_closed(&self) -> bool {
                self.chan().hint().closed()
            }

            /// Whether both belong to the same channel.
            pub fn same_channel(&self, other: &Self) -> bool {
                self.chan().is_same(&other.chan())
            }
        }
    )*};
}

both_sides!(Sender, Receiver);
