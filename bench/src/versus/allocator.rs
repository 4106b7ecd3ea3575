//! The allocator under every contender that is written in Rust: the program sets it.

/// The allocator's name.
#[cfg(feature = "mimalloc")]
pub(super) const NAME: &str = "mimalloc";

/// The allocator's name.
#[cfg(not(feature = "mimalloc"))]
pub(super) const NAME: &str = if cfg!(target_env = "gnu") {
    "the system's (glibc)"
} else {
    "the system's"
};
