//! What a guard keeps of its lock: a reference, or an `Arc`. One algorithm serves both.

use std::ops::Deref;
use std::sync::Arc;

/// A reference to a lock, `&L` or `Arc<L>`. It gives the same lock each time, on which the guards rely; nobody else can implement it.
pub trait Holder<L: ?Sized>: Deref<Target = L> + Clone + Unpin {}

impl<L: ?Sized> Holder<L> for &L {}

impl<L: ?Sized> Holder<L> for Arc<L> {}
