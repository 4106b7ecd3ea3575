//! Messages whose ends are counted: each has to be received, to come back or to be dropped, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It was dropped where nobody looked at it: unsent, or in a channel.
    Dropped,
    Received,
    CameBack,
}

/// Makes messages, and counts how each of them ends.
#[derive(Debug)]
pub struct Ledger {
    created: AtomicUsize,
    ends: [AtomicUsize; 3],
    /// How often each message has ended.
    messages: Box<[AtomicU8]>,
}

#[derive(Debug)]
pub struct Message {
    ledger: Arc<Ledger>,
    number: u32,
    origin: u32,
    end: End,
}

impl Ledger {
    /// For as many messages at the most.
    pub fn new(most: usize) -> Arc<Ledger> {
        Arc::new(Ledger {
            created: AtomicUsize::new(0),
            ends: Default::default(),
            messages: (0..most).map(|_| AtomicU8::new(0)).collect(),
        })
    }

    /// A message of the sender `origin`. Those of one sender have growing numbers.
    pub fn message(self: &Arc<Ledger>, origin: u32) -> Message {
        let number = self.created.fetch_add(1, Relaxed);
        assert!(
            number < self.messages.len(),
            "there are more messages than expected"
        );
        Message {
            ledger: self.clone(),
            number: number as u32,
            origin,
            end: End::Dropped,
        }
    }

    fn count(&self, end: End) -> usize {
        self.ends[end as usize].load(Relaxed)
    }

    pub fn received(&self) -> usize {
        self.count(End::Received)
    }

    /// Once all messages are gone: each has ended once.
    #[track_caller]
    pub fn check(&self) {
        let created = self.created.load(Relaxed);
        for (number, ended) in self.messages[..created].iter().enumerate() {
            assert_eq!(ended.load(Relaxed), 1, "message {number} of {created}");
        }
        let ended = self.received() + self.count(End::CameBack) + self.count(End::Dropped);
        assert_eq!(ended, created, "{self:?}");
    }
}

impl Message {
    /// Gives where it comes from, and its number.
    pub fn receive(mut self) -> (u32, u32) {
        self.end = End::Received;
        (self.origin, self.number)
    }

    pub fn came_back(mut self) {
        self.end = End::CameBack;
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        self.ledger.ends[self.end as usize].fetch_add(1, Relaxed);
        self.ledger.messages[self.number as usize].fetch_add(1, Relaxed);
    }
}
