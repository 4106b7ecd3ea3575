//! The oneshot under loom. See the crate's `model`.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use loom::thread;

use crate::model::block_on;
use crate::oneshot;
use crate::{RecvError, SendError, TryRecvError};

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Counts how often it is dropped.
#[derive(Debug, Clone)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Race: a send against the poll that leaves a waker.
#[test]
fn model_a_sent_value_reaches_the_receiver_that_waits() {
    loom::model(|| {
        let (tx, rx) = oneshot();
        let sender = thread::spawn(move || tx.send(7));
        assert_eq!(block_on(rx), Ok(7));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}

/// Race: a sender that is dropped against the poll that leaves a waker.
#[test]
fn model_a_dropped_sender_ends_the_receiver_that_waits() {
    loom::model(|| {
        let (tx, rx) = oneshot::<u32>();
        let sender = thread::spawn(move || drop(tx));
        assert_eq!(block_on(rx), Err(RecvError));
        sender.join().unwrap();
    });
}

/// Race: a send against a receiver that is polled once and dropped.
#[test]
fn model_a_value_is_received_returned_or_dropped_once() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (tx, mut rx) = oneshot();
        let value = Counted(drops.clone());
        let sender = thread::spawn(move || tx.send(value).map_err(SendError::into_inner).err());
        let received = poll_once(&mut rx);
        drop(rx);
        let returned = sender.join().unwrap();
        let kept = usize::from(matches!(received, Poll::Ready(Ok(_)))) + usize::from(returned.is_some());
        assert_eq!(drops.load(Relaxed) + kept, 1);
        drop((received, returned));
        assert_eq!(drops.load(Relaxed), 1);
    });
}

/// Race: a receiver that is dropped against the sender's wait for it.
#[test]
fn model_a_dropped_receiver_ends_the_wait_for_it() {
    loom::model(|| {
        let (mut tx, rx) = oneshot::<u32>();
        let receiver = thread::spawn(move || drop(rx));
        block_on(tx.closed());
        assert!(tx.is_closed());
        receiver.join().unwrap();
    });
}

/// Race: a send against a close, after which the receiver looks.
#[test]
fn model_a_close_lets_the_value_in_or_gives_it_back() {
    loom::model(|| {
        let (tx, mut rx) = oneshot();
        let sender = thread::spawn(move || tx.send(7).is_ok());
        rx.close();
        let received = rx.try_recv();
        let sent = sender.join().unwrap();
        assert_eq!(received, if sent { Ok(7) } else { Err(TryRecvError::Closed) });
    });
}

/// Race: a receiver that moves from one task to another between two polls, against a send: the later waker is woken.
#[test]
fn model_the_waker_of_the_last_poll_is_woken() {
    loom::model(|| {
        let (tx, mut rx) = oneshot();
        let sender = thread::spawn(move || tx.send(7));
        let first = poll_once(&mut rx);
        let value = match first {
            Poll::Ready(value) => value,
            Poll::Pending => block_on(rx),
        };
        assert_eq!(value, Ok(7));
        assert_eq!(sender.join().unwrap(), Ok(()));
    });
}
