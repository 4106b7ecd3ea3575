//! The memory of this process, as the kernel shows it.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// Memory that can be looked at whoever writes or frees it meanwhile.
pub(super) struct Memory {
    file: File,
    bytes: Vec<u8>,
    words: Vec<usize>,
}

impl Memory {
    /// No future is larger, or its beginning is enough.
    const MOST_BYTES: usize = 1 << 20;

    /// `None` where the kernel shows it to nobody, since the program may not be debugged, or has no `/proc`.
    pub(super) fn open() -> Option<Memory> {
        let file = File::open("/proc/self/mem").ok()?;
        Some(Memory {
            file,
            bytes: Vec::new(),
            words: Vec::new(),
        })
    }

    /// The whole words at these addresses, and where the first one begins. None of memory that is not there.
    pub(super) fn words(&mut self, addresses: &Range<usize>) -> (usize, &[usize]) {
        const WORD: usize = size_of::<usize>();
        let start = addresses.start.next_multiple_of(WORD);
        let length = addresses.end.saturating_sub(start).min(Self::MOST_BYTES) / WORD * WORD;
        self.words.clear();
        self.bytes.resize(length, 0);
        if self.file.read_exact_at(&mut self.bytes, start as u64).is_ok() {
            let words = self.bytes.chunks_exact(WORD);
            self.words.extend(
                words.map(|word| {
                    usize::from_ne_bytes(word.try_into().expect("a chunk has the size of a word"))
                }),
            );
        }
        (start, &self.words)
    }
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::Memory;

    #[test]
    fn words_are_read_and_what_is_not_there_has_none() {
        let numbers = [1_usize, 2, 3];
        let start = ptr::from_ref(&numbers).addr();
        let mut memory = Memory::open().expect("a test may look at itself");
        assert_eq!(
            memory.words(&(start..start + 3 * size_of::<usize>())),
            (start, &numbers[..])
        );
        let second = start + size_of::<usize>();
        let unaligned = start + 1..start + 2 * size_of::<usize>() + 1;
        assert_eq!(memory.words(&unaligned), (second, &[2][..]), "whole words only");
        assert_eq!(memory.words(&(start..start)), (start, &[][..]));
        assert_eq!(memory.words(&(0..64)), (0, &[][..]), "nothing is there");
    }
}
