//! The channel and select under loom: the code that ships, with loom's locks, atomics and cells.
//!
//! ```sh
//! RUSTFLAGS="--cfg canter_loom" cargo test -p canter-channel --release --lib --target-dir target/loom -- model
//! ```

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;
use loom::thread;

use crate::select::private::{
    ArmList, Arms, Foreign, IntoArm, NoArm, NothingReady, Order, Otherwise, Output, Select, next,
};
use crate::{Receiver, Recv, Send, Sender, bounded, unbuffered};

struct Unpark(Notify);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Polls a future on this thread of the model until it ends.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let unpark = Arc::new(Unpark(Notify::new()));
    let waker = Waker::from(unpark.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        unpark.0.wait();
    }
}

/// Polls once and drops what has not ended by then.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn check(preemptions: usize, model: impl Fn() + Sync + std::marker::Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 50_000;
    let executions = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = executions.clone();
    builder.check(move || {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        model();
    });
    println!("holds in {executions:?} executions");
}

/// A future that is polled twice before it would be ready for ever after: so a select goes through its polling state once.
struct PollsOnce(bool);

impl Future for PollsOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.0, true) {
            cx.waker().wake_by_ref();
        }
        thread::yield_now();
        Poll::Pending
    }
}

/// What one of two operations gave, in a select over a send and a receive.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Chosen {
    Sent,
    Received(u32),
    Nothing,
}

type TwoArms<'a> = Arms<Send<'a, u32>, Arms<Recv<'a, u32>, Arms<Foreign<PollsOnce>, NoArm>>>;

fn two<'a>(
    tx: &'a Sender<u32>,
    message: u32,
    rx: &'a Receiver<u32>,
    polls: bool,
    otherwise: Otherwise,
) -> Select<TwoArms<'a>> {
    let foreign = polls.then(|| PollsOnce(false).__into_arm());
    let arms = Arms(
        Some(tx.send(message)),
        Arms(Some(rx.recv()), Arms(foreign, NoArm)),
    );
    Select::new(Order::Biased, otherwise, arms)
}

fn chosen(output: <TwoArms<'_> as ArmList>::Output) -> Chosen {
    match output {
        Output::First(result) => {
            result.expect("the channel is open");
            Chosen::Sent
        }
        Output::Rest(Output::First(result)) => Chosen::Received(result.expect("the channel is open")),
        Output::Rest(Output::Rest(Output::First(()))) => unreachable!("it never ends"),
        Output::Rest(Output::Rest(Output::Rest(NothingReady))) => Chosen::Nothing,
    }
}

async fn send_or_receive(tx: &Sender<u32>, message: u32, rx: &Receiver<u32>, polls: bool) -> Chosen {
    let select = pin!(two(tx, message, rx, polls, Otherwise::Wait));
    chosen(next(select).await)
}

/// Race: two selects, each sending on one channel and receiving from the other, find each other exactly once.
fn crossed(preemptions: usize, polls: bool) {
    check(preemptions, move || {
        let (first_tx, first_rx) = unbuffered();
        let (second_tx, second_rx) = unbuffered();
        let (their_tx, their_rx) = (second_tx.clone(), first_rx.clone());
        let other = thread::spawn(move || block_on(send_or_receive(&their_tx, 20, &their_rx, polls)));
        let here = block_on(send_or_receive(&first_tx, 10, &second_rx, polls));
        let there = other.join().unwrap();
        let over_first = (here, there) == (Chosen::Sent, Chosen::Received(10));
        let over_second = (here, there) == (Chosen::Received(20), Chosen::Sent);
        assert!(over_first || over_second, "{here:?} {there:?}");
        assert!(first_rx.try_recv().is_err() && second_rx.try_recv().is_err());
        assert!(first_tx.try_send(1).is_err() && second_tx.try_send(1).is_err());
    });
}

#[test]
fn model_crossed_selects_meet_exactly_once() {
    crossed(3, false);
}

#[test]
fn model_crossed_selects_that_poll_meet_exactly_once() {
    crossed(2, true);
}

/// Race: a select that is dropped after one poll, against a send on one of its channels and a receive from the other.
#[test]
fn model_a_dropped_select_has_sent_and_received_at_most_one() {
    check(2, || {
        let (first_tx, first_rx) = unbuffered();
        let (second_tx, second_rx) = unbuffered();
        let select = thread::spawn({
            let (tx, rx) = (first_tx.clone(), second_rx.clone());
            move || poll_once(send_or_receive(&tx, 10, &rx, false))
        });
        let their_rx = first_rx.clone();
        let receiver = thread::spawn(move || poll_once(their_rx.recv()).and_then(Result::ok));
        let sent = second_tx.try_send(20).is_ok();
        let chosen = select.join().unwrap();
        let received = receiver.join().unwrap();
        let back = second_rx.try_recv().ok();
        match chosen {
            Some(Chosen::Received(message)) => assert_eq!((sent, message, back), (true, 20, None)),
            _ => assert_eq!(sent, back.is_some(), "what was handed over comes back"),
        }
        if received.is_some() {
            assert_ne!(chosen, Some(Chosen::Received(20)));
            assert!(back.is_none(), "two arms took effect");
        }
        if chosen == Some(Chosen::Sent) {
            assert!(back.is_none());
        }
    });
}

/// Race: two selects that offer each its message on both channels, against receives from either.
#[test]
fn model_a_crowd_of_selects_passes_each_message_once() {
    check(1, || {
        let (first_tx, first_rx) = unbuffered();
        let (second_tx, second_rx) = unbuffered();
        let senders: Vec<_> = (0..2u32)
            .map(|message| {
                let (first, second) = (first_tx.clone(), second_tx.clone());
                thread::spawn(move || {
                    block_on(async {
                        let arms = Arms(Some(first.send(message)), Arms(Some(second.send(message)), NoArm));
                        let select = pin!(Select::new(Order::Biased, Otherwise::Wait, arms));
                        match next(select).await {
                            Output::First(result) | Output::Rest(Output::First(result)) => result.unwrap(),
                            Output::Rest(Output::Rest(NothingReady)) => unreachable!(),
                        }
                    })
                })
            })
            .collect();
        let mut received: Vec<_> = (0..2)
            .map(|_| {
                block_on(async {
                    let arms = Arms(Some(second_rx.recv()), Arms(Some(first_rx.recv()), NoArm));
                    let select = pin!(Select::new(Order::Biased, Otherwise::Wait, arms));
                    match next(select).await {
                        Output::First(result) | Output::Rest(Output::First(result)) => result.unwrap(),
                        Output::Rest(Output::Rest(NothingReady)) => unreachable!(),
                    }
                })
            })
            .collect();
        received.sort_unstable();
        assert_eq!(received, [0, 1]);
        for sender in senders {
            sender.join().unwrap();
        }
        assert!(first_rx.try_recv().is_err() && second_rx.try_recv().is_err());
    });
}

/// Race: `default` against a task that moves a message to and fro between two channels, filling one before it empties the other. (Go's
/// NonblockSelectRace, and long enough for a select that looks twice without counting the changes in between.)
#[test]
fn model_default_is_taken_only_if_no_arm_could_go_at_one_moment() {
    check(5, || {
        let (one_tx, one_rx) = bounded(1);
        let (other_tx, other_rx) = bounded(1);
        other_tx.try_send(0).unwrap();
        let (their_one, their_other) = (one_rx.clone(), other_rx.clone());
        let select = thread::spawn(move || {
            block_on(async {
                let arms = Arms(Some(their_one.recv()), Arms(Some(their_other.recv()), NoArm));
                let select = pin!(Select::new(Order::Biased, Otherwise::Default, arms));
                !matches!(next(select).await, Output::Rest(Output::Rest(NothingReady)))
            })
        });
        for (tx, rx) in [(&one_tx, &other_rx), (&other_tx, &one_rx), (&one_tx, &other_rx)] {
            if tx.try_send(1).is_err() || rx.try_recv().is_err() {
                break; // the select has taken one, and no moment is promised any more
            }
        }
        assert!(
            select.join().unwrap(),
            "one of the channels held a message at every moment"
        );
    });
}

/// Race: a select with `default` on either side of a rendezvous, against one that waits.
#[test]
fn model_default_finds_a_select_that_sleeps() {
    check(2, || {
        let (tx, rx) = unbuffered();
        let (other_tx, other_rx) = unbuffered();
        let (their_tx, their_rx) = (tx.clone(), other_rx.clone());
        let waiting = thread::spawn(move || block_on(send_or_receive(&their_tx, 10, &their_rx, false)));
        let tried = block_on(async {
            let select = pin!(two(&other_tx, 20, &rx, false, Otherwise::Default));
            chosen(next(select).await)
        });
        if tried == Chosen::Nothing {
            // It came too early; this one waits.
            assert_eq!(block_on(rx.recv()), Ok(10));
        }
        let met = waiting.join().unwrap();
        match tried {
            Chosen::Sent => assert_eq!(met, Chosen::Received(20)),
            Chosen::Received(message) => assert_eq!((message, met), (10, Chosen::Sent)),
            Chosen::Nothing => assert_eq!(met, Chosen::Sent),
        }
    });
}

/// Race: close against a select and a send that wait.
#[test]
fn model_close_wakes_who_waits() {
    check(2, || {
        let (tx, rx) = unbuffered::<u32>();
        let (_other_tx, other_rx) = unbuffered::<u32>();
        let their_rx = rx.clone();
        let waiting = thread::spawn(move || {
            block_on(async {
                let arms = Arms(Some(their_rx.recv()), Arms(Some(other_rx.recv()), NoArm));
                let select = pin!(Select::new(Order::Biased, Otherwise::Wait, arms));
                match next(select).await {
                    Output::First(result) => result.ok(),
                    _ => unreachable!("nobody sends there"),
                }
            })
        });
        let closer = tx.clone();
        let closing = thread::spawn(move || closer.close());
        let sent = block_on(tx.send(1));
        let received = waiting.join().unwrap();
        assert!(closing.join().unwrap());
        assert_eq!(sent.is_ok(), received.is_some());
        assert!(rx.try_recv().is_err());
    });
}

/// Race: a receive that is dropped after one poll, against a send, with another receiver behind it.
#[test]
fn model_a_dropped_receive_passes_its_message_on() {
    for capacity in [0, 1] {
        check(3, move || {
            let (tx, rx) = bounded(capacity);
            let dropped = thread::spawn({
                let rx = rx.clone();
                move || poll_once(rx.recv())
            });
            let sender = thread::spawn(move || block_on(tx.send(1)).is_ok());
            let first = dropped.join().unwrap();
            if first.is_none() {
                assert_eq!(block_on(rx.recv()), Ok(1));
            }
            assert!(sender.join().unwrap());
        });
    }
}

/// Race: a receive that is dropped while another one waits behind it.
#[test]
fn model_a_promise_given_back_wakes_the_next_receiver() {
    check(2, || {
        let (tx, rx) = unbuffered();
        let their_rx = rx.clone();
        let waiting = thread::spawn(move || block_on(their_rx.recv()));
        let their_tx = tx.clone();
        let sender = thread::spawn(move || block_on(their_tx.send(1)).is_ok());
        let early = poll_once(rx.recv()).and_then(Result::ok);
        assert!(sender.join().unwrap());
        // The end of the channel wakes everybody: it must not come before the message has.
        let open = early.is_none().then_some(tx);
        let later = waiting.join().unwrap();
        drop(open);
        assert_eq!(early.or(later.ok()), Some(1));
        assert!(early.is_none() || later.is_err());
    });
}

/// Race: a send that is dropped after one poll, against a receive.
#[test]
fn model_a_dropped_send_has_sent_or_not() {
    check(3, || {
        let (tx, rx) = unbuffered();
        let sending = thread::spawn(move || poll_once(tx.send(1)));
        let received = block_on(rx.recv());
        let sent = sending.join().unwrap();
        match sent {
            Some(Ok(())) => assert_eq!(received, Ok(1)),
            Some(Err(_)) => unreachable!("the receiver is there"),
            None => {} // taken before it was dropped, or not
        }
    });
}

/// Race: two receivers and two sends over room for one message, in order.
#[test]
fn model_messages_keep_their_order() {
    check(2, || {
        let (tx, rx) = bounded(1);
        let sender = thread::spawn(move || {
            block_on(async {
                tx.send(1).await.unwrap();
                tx.send(2).await.unwrap();
            });
        });
        let dropped = poll_once(rx.recv());
        let rest = block_on(poll_fn({
            let mut received: Vec<u32> = dropped.into_iter().flatten().collect();
            let mut recv = Box::pin(rx.recv());
            let rx = &rx;
            move |cx| {
                while let Poll::Ready(result) = recv.as_mut().poll(cx) {
                    match result {
                        Ok(message) => received.push(message),
                        Err(_) => return Poll::Ready(std::mem::take(&mut received)),
                    }
                    recv.set(rx.recv());
                }
                Poll::Pending
            }
        }));
        assert_eq!(rest, [1, 2]);
        sender.join().unwrap();
    });
}
