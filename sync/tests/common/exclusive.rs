//! A value that notices when two use it at once.

use canter_executor::yield_now;

/// Counts the sections in which it was used.
#[derive(Debug, Default)]
pub struct Exclusive {
    inside: bool,
    sections: usize,
}

impl Exclusive {
    /// Uses it for so many polls. Somebody else who uses it meanwhile panics.
    pub async fn hold(&mut self, polls: usize) {
        let inside = Inside::enter(self);
        for _ in 0..polls {
            yield_now().await;
        }
        assert!(inside.0.inside, "somebody else came and went");
    }

    /// In how many sections it was used, those included that were dropped half-way.
    pub fn sections(&self) -> usize {
        assert!(!self.inside);
        self.sections
    }
}

struct Inside<'a>(&'a mut Exclusive);

impl Inside<'_> {
    fn enter(exclusive: &mut Exclusive) -> Inside<'_> {
        assert!(!exclusive.inside, "somebody else is inside");
        exclusive.inside = true;
        exclusive.sections += 1;
        Inside(exclusive)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside = false;
    }
}
