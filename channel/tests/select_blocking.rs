//! `select_blocking!`: select for threads without a runtime.

use std::future::{pending, ready};
use std::sync::Barrier;
use std::thread;

use canter_channel::{RecvError, bounded, never, select, select_blocking, unbuffered};
use futures::executor::block_on;

#[test]
fn a_thread_sleeps_until_an_arm_takes_effect() {
    let ((tx, rx), nobody) = (unbuffered(), never::<u32>());
    thread::scope(|scope| {
        scope.spawn(|| tx.send_blocking(7).unwrap());
        let message = select_blocking! {
            message = rx.recv() => message,
            message = nobody.recv() => message,
            () = pending() => unreachable!(),
        };
        assert_eq!(message, Ok(7));
    });
}

#[test]
fn a_thread_is_woken_by_a_future() {
    let (tx, rx) = futures::channel::oneshot::channel();
    let nobody = never::<u32>();
    thread::scope(|scope| {
        scope.spawn(|| tx.send(7).unwrap());
        let message = select_blocking! {
            message = rx => message.unwrap(),
            _ = nobody.recv() => unreachable!(),
        };
        assert_eq!(message, 7);
    });
}

#[test]
fn a_thread_is_woken_when_a_channel_is_closed() {
    let ((tx, rx), (other, other_rx)) = (unbuffered::<u32>(), unbuffered::<u32>());
    thread::scope(|scope| {
        scope.spawn(move || drop((tx, other_rx)));
        let mut closed = [false; 2];
        while closed != [true; 2] {
            select_blocking! {
                message = rx.recv(), if !closed[0] => {
                    assert_eq!(message, Err(RecvError));
                    closed[0] = true;
                }
                sent = other.send(1), if !closed[1] => {
                    assert!(sent.is_err());
                    closed[1] = true;
                }
            }
        }
    });
}

#[test]
fn threads_that_select_on_both_sides_meet() {
    let (left, right) = (unbuffered(), unbuffered());
    let rounds = 5_000;
    // Each sends on one channel while it receives from the other: as often in all.
    let talk = |to: &canter_channel::Sender<u32>, from: &canter_channel::Receiver<u32>| {
        let (mut sent, mut received) = (0, 0);
        while sent + received < 2 * rounds {
            select_blocking! {
                result = to.send(sent), if sent < rounds => {
                    result.unwrap();
                    sent += 1;
                }
                message = from.recv(), if received < rounds => {
                    assert_eq!(message, Ok(received));
                    received += 1;
                }
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| talk(&left.0, &right.1));
        scope.spawn(|| talk(&right.0, &left.1));
    });
}

#[test]
fn threads_and_tasks_meet() {
    let (tx, rx) = unbuffered();
    let nobody = never::<u32>();
    thread::scope(|scope| {
        scope.spawn(|| {
            block_on(async {
                for number in 0..1000 {
                    select! { sent = tx.send(number) => sent.unwrap(), _ = nobody.recv() => unreachable!() }
                }
            });
        });
        for number in 0..1000 {
            let message =
                select_blocking! { message = rx.recv() => message, _ = nobody.recv() => unreachable!() };
            assert_eq!(message, Ok(number));
        }
    });
}

#[test]
fn it_blocks_inside_of_a_block_on() {
    let (tx, rx) = bounded(1);
    block_on(async {
        tx.send(1).await.unwrap();
        assert_eq!(select_blocking! { message = rx.recv() => message }, Ok(1));
        assert_eq!(
            select_blocking! { x = async { select_blocking! { x = ready(2) => x } } => x },
            2
        );
    });
}

#[test]
fn it_works_while_its_thread_ends() {
    struct AtTheEnd(canter_channel::Receiver<u32>, canter_channel::Sender<u32>);

    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let message =
                select_blocking! { message = self.0.recv() => message, () = pending() => unreachable!() };
            self.1.try_send(message.unwrap()).unwrap();
        }
    }

    thread_local!(static HELD: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) });

    let ((tx, rx), (answer, answered)) = (unbuffered(), bounded(1));
    let ended = thread::spawn(move || HELD.set(Some(AtTheEnd(rx, answer))));
    tx.send_blocking(7).unwrap();
    ended.join().unwrap();
    assert_eq!(answered.try_recv(), Ok(7));
}

#[test]
fn a_race_of_threads_for_one_message_has_one_winner() {
    let (tx, rx) = unbuffered();
    let nobody = never::<u32>();
    for _ in 0..500 {
        let begin = Barrier::new(3);
        let receive = || {
            begin.wait();
            select_blocking! { message = rx.recv() => message.ok(), _ = nobody.recv() => None }
        };
        let won = thread::scope(|scope| {
            let threads = [scope.spawn(receive), scope.spawn(receive)];
            begin.wait();
            tx.send_blocking(1).unwrap();
            tx.send_blocking(2).unwrap();
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(won == [Some(1), Some(2)] || won == [Some(2), Some(1)], "{won:?}");
    }
}
