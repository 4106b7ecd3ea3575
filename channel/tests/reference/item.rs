//! Messages that are accounted for, one by one.

use std::cell::RefCell;
use std::rc::Rc;

/// What has become of each message that was made.
#[derive(Clone, Default)]
pub struct Ledger(Rc<RefCell<Vec<u8>>>);

impl Ledger {
    pub fn make(&self) -> Item {
        let mut drops = self.0.borrow_mut();
        drops.push(0);
        Item {
            id: drops.len() - 1,
            ledger: self.clone(),
        }
    }

    pub fn was_dropped(&self, id: usize) -> bool {
        self.0.borrow()[id] > 0
    }

    /// How many messages were made, each of which has been dropped exactly once.
    pub fn settle(&self) -> usize {
        let drops = self.0.borrow();
        for (id, drops) in drops.iter().enumerate() {
            assert_eq!(*drops, 1, "drops of message {id}");
        }
        drops.len()
    }
}

/// A message. Its number tells when it was made.
pub struct Item {
    pub id: usize,
    ledger: Ledger,
}

impl Drop for Item {
    fn drop(&mut self) {
        let drops = &mut self.ledger.0.borrow_mut()[self.id];
        *drops += 1;
        assert_eq!(*drops, 1, "message {} is dropped again", self.id);
    }
}
