//! What is done with a channel.

use std::fmt;

/// The number of channels that a select receives from.
pub const SELECT_CHANNELS: usize = 4;

/// The capacity of each of them.
const SELECT_CAPACITY: usize = 16;

/// A channel and how many tasks are at its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many messages it holds; `None` is unbounded.
    pub capacity: Option<usize>,
    /// The tasks that send.
    pub senders: usize,
    /// The tasks that receive.
    pub receivers: usize,
}

impl Shape {
    fn pair(capacity: usize) -> Shape {
        Shape {
            capacity: Some(capacity),
            senders: 1,
            receivers: 1,
        }
    }
}

/// One kind of work. Its text is the end of the workload's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Two tasks bounce a message over two channels of this capacity.
    PingPong(usize),
    /// The messages flow through one channel.
    Stream(Shape),
    /// One task receives from four senders over one channel: what [`Row::Select`] is compared with.
    Receive,
    /// One task selects over four channels with a sender each.
    Select,
}

impl Row {
    /// All rows.
    pub fn all() -> Vec<Row> {
        let mut rows = vec![Row::PingPong(0), Row::PingPong(1)];
        for (senders, receivers) in [(1, 1), (4, 1), (4, 4)] {
            for capacity in [Some(0), Some(1), Some(128), None] {
                rows.push(Row::Stream(Shape {
                    capacity,
                    senders,
                    receivers,
                }));
            }
        }
        rows.extend([Row::Receive, Row::Select]);
        rows
    }

    /// The shape of each channel in this row.
    pub fn shape(self) -> Shape {
        match self {
            Row::Stream(shape) => shape,
            Row::PingPong(capacity) => Shape::pair(capacity),
            Row::Receive => Shape {
                senders: SELECT_CHANNELS,
                ..Shape::pair(SELECT_CAPACITY)
            },
            Row::Select => Shape::pair(SELECT_CAPACITY),
        }
    }

    /// What is done, in words.
    pub(super) fn about(self) -> String {
        let shape = self.shape();
        let channel = match shape.capacity {
            Some(0) => "a channel without a buffer".to_owned(),
            Some(capacity) => format!("a channel of capacity {capacity}"),
            None => "an unbounded channel".to_owned(),
        };
        let done = match self {
            Row::PingPong(_) => format!("Two tasks bounce a message, each way over {channel}"),
            Row::Stream(_) => format!(
                "Over {channel} {} and {}",
                tasks_that(shape.senders, "send"),
                tasks_that(shape.receivers, "receive")
            ),
            Row::Receive => format!(
                "A task receives what {} over {channel}",
                tasks_that(shape.senders, "send")
            ),
            Row::Select => {
                format!("A task selects what {SELECT_CHANNELS} tasks send, each over {channel} of its own")
            }
        };
        format!("{done}: the time for a message, from before the tasks start until they have ended.")
    }

    /// A number of messages that takes a part of a second. A row in which the tasks wait for each other takes longer.
    pub(super) fn messages(self) -> u64 {
        match self.shape().capacity {
            Some(0 | 1) => 200_000,
            Some(_) | None => 2_000_000,
        }
    }
}

/// So many tasks that do this: `one task sends`, `4 tasks send`.
fn tasks_that(number: usize, verb: &str) -> String {
    match number {
        1 => format!("one task {verb}s"),
        _ => format!("{number} tasks {verb}"),
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.shape();
        match self {
            Row::PingPong(_) => f.write_str("ping-pong")?,
            Row::Stream(_) => write!(f, "{}:{}", shape.senders, shape.receivers)?,
            Row::Receive => f.write_str("receive")?,
            Row::Select => f.write_str("select")?,
        }
        match shape.capacity {
            Some(capacity) => write!(f, "/{capacity}"),
            None => f.write_str("/unbounded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, Shape};

    /// Shows that one task does what several do, in the grammar of one.
    #[test]
    fn one_task_sends_and_several_send() {
        let about = |senders, receivers| {
            let shape = Shape {
                senders,
                receivers,
                ..Shape::pair(1)
            };
            Row::Stream(shape).about()
        };
        let channel = "Over a channel of capacity 1";
        assert!(about(4, 1).starts_with(&format!("{channel} 4 tasks send and one task receives:")));
        assert!(about(1, 4).starts_with(&format!("{channel} one task sends and 4 tasks receive:")));
    }
}
