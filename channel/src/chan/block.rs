//! The memory of a channel: one allocation, shared by reference count, in which slots stand behind a header.
//!
//! The header begins with a cache line. Allocators take several times as long for memory that is aligned to one as for memory that is not, so
//! this asks for some bytes more than it needs, and begins at the first line within them. Nor does it end in the middle of a line: the rest of
//! that could belong to another core, which would then take the line away with each of its own steps.

#![expect(unsafe_code, reason = "a header and slots in one allocation")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::process;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where a header begins: at a multiple of this.
const LINE: usize = 64;

/// The alignment that any allocation has, so that nothing has to be done for it.
const USUAL: usize = 2 * align_of::<usize>();

/// A header and slots, by reference count: a pointer to the header. Slots have no destructor.
#[repr(transparent)]
pub(super) struct Block<H, S> {
    inner: NonNull<Inner<H>>,
    owned: PhantomData<(H, S)>,
}

/// The slots follow, at [`Block::SLOTS`].
#[repr(C)]
struct Inner<H> {
    header: H,
    /// Not loom's: all the orders in which handles go would be tried, and nothing else depends on them.
    references: AtomicUsize,
    slots: usize,
    /// Bytes of the allocation that lie before this.
    before: usize,
}

// SAFETY: every owner of the block can reach the header and the slots, on every thread, and the last one drops the header.
unsafe impl<H: Send + Sync, S: Send + Sync> Send for Block<H, S> {}
// SAFETY: as above.
unsafe impl<H: Send + Sync, S: Send + Sync> Sync for Block<H, S> {}

impl<H, S> Block<H, S> {
    const ALIGN: usize = {
        assert!(!mem::needs_drop::<S>());
        let (inner, slot) = (align_of::<Inner<H>>(), align_of::<S>());
        let larger = if inner > slot { inner } else { slot };
        if larger > USUAL { larger } else { USUAL }
    };

    /// Where the slots begin, in bytes from the header on.
    const SLOTS: usize = size_of::<Inner<H>>().next_multiple_of(align_of::<S>());

    /// What an allocation has to be like, wherever in it the first line begins.
    fn layout(slots: usize) -> Option<Layout> {
        let before = LINE.saturating_sub(Self::ALIGN);
        let used = size_of::<S>().checked_mul(slots)?.checked_add(Self::SLOTS)?;
        let size = used.checked_next_multiple_of(LINE)?.checked_add(before)?;
        Layout::from_size_align(size, Self::ALIGN).ok()
    }

    /// A block with as many slots, each made by `slot`, which must not panic.
    ///
    /// # Panics
    ///
    /// If as much memory can't be addressed.
    pub(super) fn new(header: H, slots: usize, slot: impl Fn() -> S) -> Block<H, S> {
        let layout = Self::layout(slots)
            .unwrap_or_else(|| panic!("{slots} messages are more than there can be memory for"));
        // SAFETY: the size is not zero: the counts need some.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        let address = start.addr().get();
        let before = address.next_multiple_of(LINE.max(Self::ALIGN)) - address;
        // SAFETY: the layout has room for that: both numbers are multiples of `ALIGN`, or it is no smaller than a line and this is zero.
        let inner = unsafe { start.byte_add(before) }.cast::<Inner<H>>();
        // SAFETY: the memory is there, aligned, and nobody else's.
        unsafe {
            inner.write(Inner {
                header,
                references: AtomicUsize::new(1),
                slots,
                before,
            })
        };
        let block = Block {
            inner,
            owned: PhantomData,
        };
        for number in 0..slots {
            // SAFETY: so many slots have room.
            let place = unsafe { block.first_slot().add(number) };
            // SAFETY: the memory is there, aligned, and nobody else's.
            unsafe { place.write(slot()) };
        }
        block
    }

    /// The pointer, which owns the block as this did.
    pub(super) fn into_raw(self) -> NonNull<H> {
        ManuallyDrop::new(self).inner.cast()
    }

    /// # Safety
    ///
    /// The pointer comes from [`into_raw`](Block::into_raw), and was given back to none since.
    pub(super) unsafe fn from_raw(header: NonNull<H>) -> Block<H, S> {
        Block {
            inner: header.cast(),
            owned: PhantomData,
        }
    }

    fn inner(&self) -> &Inner<H> {
        // SAFETY: the block lives as long as it has owners, and what is in it is only ever shared.
        unsafe { self.inner.as_ref() }
    }

    /// Whether there is no other owner. Then there will be none before this one makes it, and what the others did has been seen.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        self.inner().references.load(Ordering::Acquire) == 1
    }

    #[inline]
    pub(super) fn header(&self) -> &H {
        &self.inner().header
    }

    #[inline]
    pub(super) fn slots(&self) -> &[S] {
        let first = self.first_slot();
        // SAFETY: that many slots were written, are shared from then on, and live as long as the block.
        unsafe { slice::from_raw_parts(first.as_ptr(), self.inner().slots) }
    }

    fn first_slot(&self) -> NonNull<S> {
        // SAFETY: the slots, or the end of the allocation, lie there.
        unsafe { self.inner.byte_add(Self::SLOTS) }.cast()
    }
}

impl<H, S> Clone for Block<H, S> {
    fn clone(&self) -> Block<H, S> {
        // Whoever has an owner can make another one; nothing else has to be seen.
        let owners = self.inner().references.fetch_add(1, Ordering::Relaxed);
        if owners > isize::MAX as usize {
            process::abort(); // so many were leaked that the count would start again
        }
        Block {
            inner: self.inner,
            owned: PhantomData,
        }
    }
}

impl<H, S> Drop for Block<H, S> {
    fn drop(&mut self) {
        // What this owner did is done before the last one drops the block.
        if !self.is_alone() && self.inner().references.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let (slots, before) = (self.inner().slots, self.inner().before);
        let layout = Self::layout(slots).expect("it was allocated with this layout");
        // SAFETY: that is where the allocation began.
        let start = unsafe { self.inner.byte_sub(before) }.cast::<u8>();
        let _freed = Freed { start, layout };
        // SAFETY: this was the last owner.
        unsafe { ptr::drop_in_place(self.inner.as_ptr()) };
    }
}

/// Memory that goes back when this is dropped.
struct Freed {
    start: NonNull<u8>,
    layout: Layout,
}

impl Drop for Freed {
    fn drop(&mut self) {
        // SAFETY: the block came from the allocator with this layout, and nobody uses it any more.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

#[cfg(all(test, not(canter_loom)))]
mod tests {
    use std::mem::MaybeUninit;
    use std::rc::Rc;

    use super::{Block, LINE};

    fn check<S: Copy + PartialEq + std::fmt::Debug>(value: S) {
        for slots in [0, 1, 2, 3, 7, 64, 1000] {
            let dropped = Rc::new(());
            let block = Block::new((dropped.clone(), 0u8), slots, || value);
            let copy = block.clone();
            assert_eq!(std::ptr::from_ref(block.header()).addr() % LINE, 0);
            assert_eq!(block.slots().len(), slots);
            assert!(block.slots().as_ptr().is_aligned());
            assert!(copy.slots().iter().all(|slot| *slot == value));
            drop(block);
            assert_eq!(Rc::strong_count(&dropped), 2, "one owner is left");
            drop(copy);
            assert_eq!(Rc::strong_count(&dropped), 1, "the last owner drops the header");
        }
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    #[repr(align(32))]
    struct HalfALine(u8);

    #[derive(Debug, Clone, Copy, PartialEq)]
    #[repr(align(256))]
    struct SeveralLines(u8);

    #[test]
    fn a_header_begins_a_line_and_slots_are_aligned_whatever_they_are() {
        check(());
        check(7u8);
        check(7u64);
        check(7u128);
        check(HalfALine(7));
        check(SeveralLines(7));
    }

    #[test]
    #[should_panic(expected = "more than there can be memory for")]
    fn more_slots_than_can_be_addressed_are_refused() {
        let slots = isize::MAX as usize / 8;
        Block::new((), slots, MaybeUninit::<[u64; 2]>::uninit);
    }
}
