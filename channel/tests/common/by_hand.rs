//! Futures that have to wait, or to be ready.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use crate::flag::{Flag, poll};

/// Polls a future that has to wait, and gives the flag that tells when it was woken.
#[track_caller]
pub fn wait<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Arc<Flag> {
    let flag = Flag::new();
    assert!(poll(future, &flag).is_pending(), "it has to wait");
    assert!(!flag.take(), "nothing has happened yet");
    flag
}

/// Polls a future that has to be ready.
#[track_caller]
pub fn ready<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> F::Output {
    match poll(future, &Flag::new()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it has to be ready"),
    }
}
