//! Whom a task waits for, as far as its memory shows it.
//!
//! A task that waits for a message waits for those who hold the sending end. Nobody knows who they are: a handle is moved as bytes, and no
//! code runs. But a host knows where the futures of its tasks lie, and can look at them as a debugger does. Two rules let it find both
//! sides there:
//!
//! - A leaf that waits has two words side by side in its future, for just as long: the [mark](of) of its own address, and the mark of the
//!   address of the count of those who hold the other end, a `usize`. That it keeps this rule says [`EndedBy::Holders`](crate::waiting::EndedBy::Holders).
//! - Whoever holds that end has the address of the same count as a word in its own memory, and nobody else has.
//!
//! What was moved leaves its old bytes behind, and what lies on the heap is not seen. So this is for a suspicion, and proves nothing.

use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The mark of an address: what no other word is by chance, and not the address itself. So the mark of a place is found in that place and in
/// no copy of it, and whoever marks a count is not taken for one who holds it.
#[inline]
pub const fn of(address: usize) -> usize {
    !address
}

/// The word of a handle that shows which end it holds.
#[derive(Debug, Clone, Copy)]
pub struct Held(usize);

impl Held {
    /// The end of those whom this counts.
    #[inline]
    pub fn of<C>(count: &C) -> Held {
        Held(ptr::from_ref(count).addr())
    }

    /// The address of the count.
    pub fn address(self) -> usize {
        self.0
    }
}

/// The two words of a leaf, for one that has no others. While it is set it must stay where it is.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Mark {
    own: AtomicUsize,
    count: AtomicUsize,
}

impl Mark {
    /// One that is not set.
    pub const fn new() -> Mark {
        Mark {
            own: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
        }
    }

    /// From now on the leaf waits for those whom this counts.
    #[inline]
    pub fn set<C>(&self, count: &C) {
        self.count.store(of(Held::of(count).0), Relaxed);
        self.own.store(of(ptr::from_ref(self).addr()), Relaxed);
    }

    /// It waits no more.
    #[inline]
    pub fn clear(&self) {
        self.own.store(0, Relaxed);
    }
}

/// No mark stays behind where other values will lie.
impl Drop for Mark {
    #[inline]
    fn drop(&mut self) {
        self.clear();
    }
}

/// The addresses of the counts that are marked in the memory of a future that begins at `start`.
pub fn find(start: usize, memory: &[usize]) -> impl Iterator<Item = usize> + '_ {
    memory.windows(2).enumerate().filter_map(move |(index, words)| {
        let address = start + index * size_of::<usize>();
        (words[0] == of(address)).then_some(of(words[1]))
    })
}

#[cfg(all(test, not(canter_loom)))]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::{Held, Mark, find, of};

    #[test]
    fn a_mark_is_found_with_its_count_where_it_was_made_and_nowhere_else() {
        let word = size_of::<usize>();
        let start = 0x7000;
        let mut memory = [0; 6];
        memory[1] = of(start + word);
        memory[2] = of(0xC0);
        memory[4] = of(start + word); // a copy
        memory[5] = of(0xC1);
        assert_eq!(find(start, &memory).collect::<Vec<_>>(), [0xC0]);
        assert_eq!(find(start + word, &memory).count(), 0);
    }

    #[test]
    fn a_mark_that_is_set_is_found_until_it_is_cleared() {
        let (count, mark) = (1_usize, Mark::new());
        let start = std::ptr::from_ref(&mark).addr();
        let found = || {
            let words = [mark.own.load(Relaxed), mark.count.load(Relaxed)];
            find(start, &words).collect::<Vec<_>>()
        };
        assert_eq!(found(), []);
        mark.set(&count);
        assert_eq!(found(), [Held::of(&count).address()]);
        mark.clear();
        assert_eq!(found(), []);
    }

    #[test]
    fn a_mark_in_the_last_word_has_no_count_beside_it() {
        assert_eq!(find(0x7000, &[of(0x7000)]).count(), 0);
        assert_eq!(find(0x7000, &[]).count(), 0);
    }
}
