//! `select!` allocates nothing, and a dynamic select nothing in proportion to the arms at which nothing happened.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "common/counting.rs"]
mod counting;

use std::future::{pending, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use canter_channel::{Select, bounded, never, select, select_blocking, unbuffered};
use counting::{allocates_nothing, counted};

fn poll<F: Future>(future: &mut Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

struct Ignores;

impl Wake for Ignores {
    fn wake(self: Arc<Ignores>) {}
}

#[test]
fn select_allocates_nothing_and_a_dynamic_one_nothing_for_arms_at_which_nothing_happened() {
    // A thread keeps a waker, and the generator of random numbers begins once.
    select_blocking! { () = ready(()) => {}, () = ready(()) => {} }
    let waker = Waker::from(Arc::new(Ignores));
    find_an_arm_ready();
    take_the_default();
    wait_for_a_message(&waker);
    assert_eq!(bytes_of_a_wait(30, &waker), 0);
    let bytes = bytes_of_a_wait(1000, &waker);
    assert!(bytes < 256, "{bytes} bytes: as if it went through all arms");
}

fn find_an_arm_ready() {
    let (tx, rx) = bounded(64);
    allocates_nothing(|| {
        for _ in 0..10 {
            select_blocking! { sent = tx.send(1) => sent.unwrap(), sent = tx.send(2) => sent.unwrap() }
            select_blocking! { _ = rx.recv() => {}, () = pending() => {} }
            select_blocking! { _ = tx.reserve() => {}, () = pending() => {} }
        }
    });
}

fn take_the_default() {
    let (tx, rx) = unbuffered();
    allocates_nothing(|| {
        select_blocking! { _ = rx.recv() => {}, _ = tx.send(1) => {}, () = pending() => {}, default => {} }
    });
}

fn wait_for_a_message(waker: &Waker) {
    let ((tx, rx), nobody) = (unbuffered(), never::<u32>());
    allocates_nothing(|| {
        let mut select = pin!(async {
            select! { message = rx.recv() => message, _ = nobody.recv() => Ok(0), () = pending() => Ok(0) }
        });
        assert!(poll(&mut select, waker).is_pending());
        assert!(poll(&mut select, waker).is_pending());
        tx.try_send(7).unwrap();
        assert_eq!(poll(&mut select, waker), Poll::Ready(Ok(7)));
    });
}

/// What a wait of a dynamic select costs that has waited before, if one of its channels is used.
fn bytes_of_a_wait(arms: usize, waker: &Waker) -> usize {
    const ROUNDS: usize = 10;
    let channels: Vec<_> = (0..arms).map(|_| bounded(1)).collect();
    let mut select = Select::new();
    for (number, (_, rx)) in channels.iter().enumerate() {
        select.recv(rx, move |message| (number, message));
    }
    assert!(poll(&mut pin!(select.wait()), waker).is_pending());
    let ((), counts) = counted(|| {
        for round in 0..ROUNDS {
            let chosen = round * 7 % arms;
            let mut waiting = pin!(select.wait());
            assert!(poll(&mut waiting, waker).is_pending());
            channels[chosen].0.try_send(round).unwrap();
            let Poll::Ready((_, told)) = poll(&mut waiting, waker) else {
                panic!("it was sent")
            };
            assert_eq!(told, (chosen, Ok(round)));
        }
    });
    counts.bytes / ROUNDS
}
