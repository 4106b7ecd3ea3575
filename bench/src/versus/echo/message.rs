//! What is said to an echo server.

use crate::versus::network::{Broken, Talk};

/// Messages that differ from each other, of one connection and of several, and of which every byte has to come back.
#[derive(Debug)]
pub struct Echo {
    number: u64,
    /// Messages so far.
    count: u64,
    /// The latest message, of which `received` bytes are back.
    message: Box<[u8]>,
    received: usize,
}

impl Echo {
    /// The messages of the connection with this number, each of that many bytes.
    pub fn new(number: usize, size: usize) -> Echo {
        Echo {
            number: number as u64,
            count: 0,
            message: vec![0; size].into_boxed_slice(),
            received: 0,
        }
    }
}

impl Talk for Echo {
    fn begin(&mut self) {
        self.count += 1;
        fill(&mut self.message, self.number, self.count);
        self.received = 0;
    }

    fn message(&self) -> &[u8] {
        &self.message
    }

    fn take(&mut self, sent: usize, bytes: &[u8]) -> Result<bool, Broken> {
        let expected = &self.message[self.received..sent];
        if expected.get(..bytes.len()) != Some(bytes) {
            return Err(Broken::Mixed);
        }
        self.received += bytes.len();
        Ok(self.received == self.message.len())
    }
}

/// Fills a message with the connection's number, the message's own, and words that differ from place to place.
fn fill(message: &mut [u8], connection: u64, count: u64) {
    let mut word = connection;
    for bytes in message.chunks_mut(size_of::<u64>()) {
        bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
        word = word.rotate_left(7).wrapping_add(count);
    }
}
