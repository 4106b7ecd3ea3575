//! How long one waits, in sections of others.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

use canter_coop::budget;

/// A lock that knows how often it was locked.
#[derive(Default)]
pub struct Counted<L> {
    pub lock: L,
    pub locked: AtomicUsize,
}

impl<L> Counted<L> {
    /// The guard that this access gives, and how many sections of others have begun since it stood in line. Those of the ones that had the
    /// lock then may be among them.
    pub async fn count<G>(&self, access: impl Future<Output = G>) -> (G, usize) {
        let mut access = pin!(access);
        let mut in_line = None;
        poll_fn(|cx| {
            let has_budget = budget::has_remaining();
            match access.as_mut().poll(cx) {
                Poll::Ready(guard) => {
                    let locked = self.locked.fetch_add(1, SeqCst);
                    Poll::Ready((guard, in_line.map_or(0, |before| locked - before)))
                }
                Poll::Pending => {
                    if has_budget {
                        in_line.get_or_insert_with(|| self.locked.load(SeqCst));
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}
