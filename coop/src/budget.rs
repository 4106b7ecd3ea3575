//! The fair budget: how many operations a task may do in one poll before it gives way.
//!
//! A leaf future that finds its resource ready again and again never returns `Pending` by itself, and the task around it
//! would keep its worker. So each asks first, and reports when it got somewhere:
//!
//! ```
//! use canter_coop::budget;
//! use std::task::{Context, Poll, ready};
//!
//! fn poll_take(cx: &mut Context<'_>, stock: &mut Vec<u8>) -> Poll<u8> {
//!     let operation = ready!(budget::poll_proceed(cx));
//!     match stock.pop() {
//!         Some(item) => {
//!             operation.made_progress();
//!             Poll::Ready(item)
//!         }
//!         None => Poll::Pending, // `operation` is dropped: nothing was spent
//!     }
//! }
//! # let mut cx = Context::from_waker(std::task::Waker::noop());
//! # assert_eq!(poll_take(&mut cx, &mut vec![7]), Poll::Ready(7));
//! ```

use std::task::{Context, Poll};

use crate::state::BUDGET;

/// One operation, taken from the budget and given back on drop unless it [made progress](Operation::made_progress).
#[derive(Debug)]
#[must_use = "an operation that is dropped is given back to the budget"]
pub struct Operation {
    refund: bool,
}

impl Operation {
    /// The operation got somewhere: it stays spent.
    #[inline]
    pub fn made_progress(mut self) {
        self.refund = false;
    }
}

impl Drop for Operation {
    #[inline]
    fn drop(&mut self) {
        if self.refund {
            BUDGET.set(BUDGET.get().map(|left| left + 1));
        }
    }
}

/// `Ready` while the budget of this poll lasts, and always where no host has set one.
///
/// When the budget is spent the task is woken at once, so that it runs again behind the others, and the answer is `Pending`:
/// the leaf future returns that without having looked at its resource.
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<Operation> {
    match BUDGET.get() {
        None => Poll::Ready(Operation { refund: false }),
        Some(0) => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        Some(left) => {
            BUDGET.set(Some(left - 1));
            Poll::Ready(Operation { refund: true })
        }
    }
}

/// Whether this poll may still do something; true where no host has set a budget.
#[inline]
pub fn has_remaining() -> bool {
    BUDGET.get() != Some(0)
}
