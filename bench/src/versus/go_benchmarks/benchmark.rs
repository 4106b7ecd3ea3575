//! What is done.

use std::fmt;

/// A benchmark. Its text is Go's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Benchmark {
    /// Two tasks take turns in sending and receiving.
    ChanSync {
        /// Whether they work in between.
        work: bool,
    },
    /// As many producers as workers, and as many consumers.
    ChanProdCons {
        /// The capacity of the channel between them.
        capacity: usize,
        /// Whether they work in between.
        work: bool,
    },
    /// Each task makes channels.
    ChanCreation,
    /// A channel as a semaphore.
    ChanSem,
    /// Many tasks wait for the same channel, which nobody sends to, and each for one of its own.
    ChanPopular,
    /// Tries to receive where nothing is.
    ChanNonblocking,
    /// Each task fills a channel of its own, and empties it.
    ChanUncontended,
    /// All tasks fill and empty the same channel.
    ChanContended,
    /// Receives what was sent before the channel was closed.
    ReceiveDataFromClosedChan,
    /// Each task selects over two channels of its own.
    SelectUncontended,
    /// Pairs of tasks, a sender and a receiver, select over the same three channels without a buffer.
    SelectSyncContended,
    /// All tasks select over the same two channels with a buffer.
    SelectAsyncContended,
    /// Tries to receive and to send, without waiting.
    SelectNonblock,
    /// Producers and consumers that each could be told to stop.
    SelectProdCons,
}

impl Benchmark {
    /// All of them.
    pub fn all() -> Vec<Benchmark> {
        let sync = [false, true].map(|work| Benchmark::ChanSync { work });
        let prod_cons = [false, true].map(|work| {
            let of = |capacity| Benchmark::ChanProdCons { capacity, work };
            [0, 10, 100].map(of)
        });
        let others = [
            Benchmark::ChanCreation,
            Benchmark::ChanSem,
            Benchmark::ChanPopular,
            Benchmark::ChanNonblocking,
            Benchmark::ChanUncontended,
            Benchmark::ChanContended,
            Benchmark::ReceiveDataFromClosedChan,
            Benchmark::SelectUncontended,
            Benchmark::SelectSyncContended,
            Benchmark::SelectAsyncContended,
            Benchmark::SelectNonblock,
            Benchmark::SelectProdCons,
        ];
        let mut all = sync.to_vec();
        all.extend(prod_cons.into_iter().flatten());
        all.extend(others);
        all
    }

    /// Whether one of its channels has no buffer.
    pub fn needs_rendezvous(self) -> bool {
        matches!(
            self,
            Benchmark::ChanSync { .. }
                | Benchmark::ChanProdCons { capacity: 0, .. }
                | Benchmark::ChanPopular
                | Benchmark::ChanNonblocking
                | Benchmark::SelectSyncContended
                | Benchmark::SelectNonblock
        )
    }

    /// What is done, and what the time is for.
    pub(super) fn about(self) -> String {
        let about = match self {
            Benchmark::ChanSync { work: false } => {
                "Two tasks send and receive in turns over a channel without a buffer: the time for a message."
            }
            Benchmark::ChanSync { work: true } => {
                "As ChanSync, and a task works a little after each send and each receive."
            }
            Benchmark::ChanProdCons {
                capacity,
                work: false,
            } => {
                return format!(
                    "A producer and a consumer for each worker, over one channel of capacity {capacity}: the time for a message."
                );
            }
            Benchmark::ChanProdCons { capacity, work: true } => {
                return format!(
                    "As ChanProdCons{capacity}, and producers and consumers work a little for each message."
                );
            }
            Benchmark::ChanCreation => {
                "A task for each worker makes a channel of capacity 1, sends, receives and drops it: the time for that."
            }
            Benchmark::ChanSem => {
                "A task for each worker sends into a channel with a place for each, and receives: the time for both."
            }
            Benchmark::ChanPopular => {
                "1,000 tasks select over a channel that all share, where nothing comes, and one of their own: the time for 1,000 \
                 messages, one to each."
            }
            Benchmark::ChanNonblocking => {
                "A task for each worker tries to receive from a channel where nobody sends: the time for that."
            }
            Benchmark::ChanUncontended => {
                "A task for each worker sends 100 messages into a channel of its own, and receives them: the time for all of that."
            }
            Benchmark::ChanContended => {
                "A task for each worker sends 100 messages into one channel, and receives as many: the time for all of that."
            }
            Benchmark::ReceiveDataFromClosedChan => {
                "A task receives what a closed channel is full of: the time for a message."
            }
            Benchmark::SelectUncontended => {
                "A task for each worker selects over two channels of its own, and sends what it got into the other one: the time \
                 for both."
            }
            Benchmark::SelectSyncContended => {
                "A task for each worker selects over three channels without a buffer, and a partner selects which to send to: the \
                 time for a message. Each send that a select chose must be received, and no other."
            }
            Benchmark::SelectAsyncContended => {
                "A task for each worker selects over two channels that all share, and sends what it got into the other one: the \
                 time for both."
            }
            Benchmark::SelectNonblock => {
                "A task for each worker tries two receives and two sends, none of which can go: the time for all four."
            }
            Benchmark::SelectProdCons => {
                "A producer and a consumer for each worker, over one channel of capacity 128, work a little for each message, and \
                 select over it and a channel that would tell them to stop: the time for a message."
            }
        };
        about.to_owned()
    }

    /// A number of times that takes a part of a second.
    pub(super) fn times(self) -> u64 {
        match self {
            Benchmark::ChanPopular => 500,
            Benchmark::ChanUncontended | Benchmark::ChanContended => 50_000,
            Benchmark::ChanSync { work: true } | Benchmark::SelectSyncContended => 100_000,
            Benchmark::ChanSync { work: false } | Benchmark::ChanProdCons { capacity: 0, .. } => 200_000,
            Benchmark::ChanNonblocking | Benchmark::SelectNonblock => 10_000_000,
            Benchmark::ChanProdCons { .. }
            | Benchmark::ChanCreation
            | Benchmark::ChanSem
            | Benchmark::ReceiveDataFromClosedChan
            | Benchmark::SelectUncontended
            | Benchmark::SelectAsyncContended
            | Benchmark::SelectProdCons => 1_000_000,
        }
    }
}

impl fmt::Display for Benchmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Benchmark::ChanSync { work: false } => f.write_str("ChanSync"),
            Benchmark::ChanSync { work: true } => f.write_str("ChanSyncWork"),
            Benchmark::ChanProdCons {
                capacity,
                work: false,
            } => write!(f, "ChanProdCons{capacity}"),
            Benchmark::ChanProdCons { capacity, work: true } => write!(f, "ChanProdConsWork{capacity}"),
            other => write!(f, "{other:?}"),
        }
    }
}
