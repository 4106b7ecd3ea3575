//! What is measured.

use std::fmt;

use crate::contest::Work;

/// The number of channels that a select receives from.
pub const SELECT_CHANNELS: usize = 4;

/// The capacity of each of them.
pub const SELECT_CAPACITY: usize = 16;

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
    /// A channel between two tasks.
    pub fn pair(capacity: usize) -> Shape {
        Shape {
            capacity: Some(capacity),
            senders: 1,
            receivers: 1,
        }
    }
}

/// One kind of work, done by every contender that can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The messages flow through one channel.
    Stream(Shape),
    /// Two tasks bounce them over two channels of this capacity.
    PingPong(usize),
    /// One task receives from four senders over one channel: what [`Row::Select`] is compared with.
    Receive,
    /// One task selects over four channels with a sender each.
    Select,
}

impl Row {
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
}

impl Work for Row {
    const UNIT: &'static str = "message";

    /// Go has no unbounded channels.
    fn is_in_go(self) -> bool {
        self.shape().capacity.is_some()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.shape();
        match self {
            Row::Stream(_) => write!(f, "{}:{}", shape.senders, shape.receivers)?,
            Row::PingPong(_) => f.write_str("ping-pong")?,
            Row::Receive => f.write_str("receive")?,
            Row::Select => f.write_str("select")?,
        }
        match shape.capacity {
            Some(capacity) => write!(f, "-{capacity}"),
            None => f.write_str("-unbounded"),
        }
    }
}

/// All rows.
pub fn rows() -> Vec<Row> {
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
