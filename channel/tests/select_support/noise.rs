//! Futures that keep a select busy.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Is polled again and again for nothing, as often as it says, and then is ready or stays quiet.
#[derive(Debug)]
pub struct Noise {
    polls: u32,
    ends: bool,
}

impl Noise {
    pub fn that_ends(polls: u32) -> Noise {
        Noise { polls, ends: true }
    }

    pub fn that_falls_silent(polls: u32) -> Noise {
        Noise { polls, ends: false }
    }
}

impl Future for Noise {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.polls > 0 {
            self.polls -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.ends { Poll::Ready(()) } else { Poll::Pending }
    }
}
