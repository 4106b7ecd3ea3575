//! A receiver as a stream, a sender as a sink.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use by_hand::{ready, wait};
use canter_channel::{Receiver, SendError, SendSink, bounded, unbounded, unbuffered};
use drops::Drops;
use flag::Flag;
use futures::executor::block_on;
use futures::future::join;
use futures::stream::{self, FusedStream};
use futures::{FutureExt, Sink, SinkExt, Stream, StreamExt};

fn poll_next<T>(rx: &mut Receiver<T>, flag: &Arc<Flag>) -> Poll<Option<T>> {
    Pin::new(rx).poll_next(&mut Context::from_waker(&flag.waker()))
}

fn poll_flush<T>(sink: &mut SendSink<T>, flag: &Arc<Flag>) -> Poll<Result<(), SendError<()>>> {
    Pin::new(sink).poll_flush(&mut Context::from_waker(&flag.waker()))
}

fn poll_ready<T>(sink: &mut SendSink<T>, flag: &Arc<Flag>) -> Poll<Result<(), SendError<()>>> {
    Pin::new(sink).poll_ready(&mut Context::from_waker(&flag.waker()))
}

#[test]
fn a_stream_gives_all_messages_and_ends_when_the_channel_is_closed_and_empty() {
    for (tx, rx) in [unbuffered(), bounded(1), bounded(7), unbounded()] {
        let sends = async move {
            for number in 0..100 {
                tx.send(number).await.unwrap();
            }
        };
        let ((), received) = block_on(join(sends, rx.collect::<Vec<_>>()));
        assert!((0..100).eq(received));
    }
}

#[test]
fn a_stream_that_waits_is_woken_by_a_message_and_by_the_end() {
    let (tx, mut rx) = bounded(1);
    let flag = Flag::new();
    assert!(poll_next(&mut rx, &flag).is_pending());
    tx.try_send(1).unwrap();
    assert!(flag.take());
    assert_eq!(poll_next(&mut rx, &flag), Poll::Ready(Some(1)));
    assert!(poll_next(&mut rx, &flag).is_pending());
    drop(tx);
    assert!(flag.take());
    assert_eq!(poll_next(&mut rx, &flag), Poll::Ready(None));
    assert_eq!(
        poll_next(&mut rx, &flag),
        Poll::Ready(None),
        "it stays at its end"
    );
}

#[test]
fn a_stream_that_is_polled_with_another_waker_wakes_that() {
    let (tx, mut rx) = unbuffered();
    let (first, second) = (Flag::new(), Flag::new());
    assert!(poll_next(&mut rx, &first).is_pending());
    assert!(poll_next(&mut rx, &second).is_pending());
    tx.try_send(1).unwrap();
    assert!(second.take());
    assert_eq!(poll_next(&mut rx, &second), Poll::Ready(Some(1)));
}

#[test]
fn a_stream_keeps_its_turn_when_next_is_dropped_and_leaves_it_when_it_is_dropped_itself() {
    let (tx, mut rx) = unbuffered();
    let other = rx.clone();
    assert!(rx.next().now_or_never().is_none());
    let mut recv = Box::pin(other.recv());
    let woken = wait(&mut recv);
    tx.try_send(1).unwrap();
    assert!(!woken.take(), "the stream came first");
    drop(rx);
    assert!(woken.take());
    assert_eq!(ready(&mut recv), Ok(1));
}

#[test]
fn a_stream_can_be_moved_while_it_waits() {
    let (tx, mut rx) = unbuffered();
    let flag = Flag::new();
    assert!(poll_next(&mut rx, &flag).is_pending());
    let mut moved = Box::new(rx);
    tx.try_send(1).unwrap();
    assert!(flag.take());
    assert_eq!(poll_next(&mut moved, &flag), Poll::Ready(Some(1)));
}

#[test]
fn a_stream_is_terminated_when_the_channel_is_closed_and_empty() {
    let (tx, mut rx) = bounded(1);
    assert!(!rx.is_terminated());
    tx.try_send(1).unwrap();
    drop(tx);
    assert!(!rx.is_terminated(), "there is a message left");
    assert_eq!(rx.next().now_or_never(), Some(Some(1)));
    assert!(rx.is_terminated());
    assert_eq!(rx.next().now_or_never(), Some(None));
}

#[test]
fn a_stream_is_not_terminated_while_a_message_is_promised_to_it() {
    let (tx, mut rx) = bounded(1);
    let flag = Flag::new();
    assert!(poll_next(&mut rx, &flag).is_pending());
    tx.try_send(1).unwrap();
    drop(tx);
    assert!(!rx.is_terminated(), "it has a message to give");
    assert_eq!(poll_next(&mut rx, &flag), Poll::Ready(Some(1)));
    assert!(rx.is_terminated());
}

#[test]
fn a_select_over_fused_streams_misses_no_message() {
    let (tx, mut rx) = bounded(1);
    let (kick, mut kicked) = unbounded();
    let received = block_on(async {
        let mut tx = Some(tx);
        let mut received = Vec::new();
        kick.try_send(()).unwrap();
        drop(kick);
        loop {
            futures::select_biased! {
                message = rx.select_next_some() => received.push(message),
                _ = kicked.select_next_some() => {
                    if let Some(tx) = tx.take() {
                        tx.try_send(1).unwrap(); // promised to the stream, which was polled before
                    }
                }
                complete => break received,
            }
        }
    });
    assert_eq!(received, [1]);
}

#[test]
fn a_stream_promises_no_more_messages_than_there_are() {
    let (tx, rx) = unbounded();
    (0..3).for_each(|number| tx.try_send(number).unwrap());
    assert_eq!(rx.size_hint().1, None);
    assert!(rx.size_hint().0 <= 3);
}

#[test]
fn a_sink_sends_all_and_closes_only_its_own_sender() {
    for (tx, rx) in [unbuffered(), bounded(1), bounded(7), unbounded()] {
        let other = tx.clone();
        let sends = async move {
            let mut sink = tx.into_sink();
            sink.send_all(&mut stream::iter(0..100).map(Ok)).await.unwrap();
            sink.close().await.unwrap();
            assert!(sink.send(0).await.is_err());
            assert!(sink.into_sender().is_none());
        };
        let ((), received) = block_on(join(sends, receive(&rx, 100)));
        assert!((0..100).eq(received));
        assert!(!rx.is_closed());
        drop(other);
        assert!(rx.is_closed());
    }
}

async fn receive<T>(rx: &Receiver<T>, count: usize) -> Vec<T> {
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.push(rx.recv().await.unwrap());
    }
    messages
}

#[test]
fn a_sink_is_ready_when_it_holds_no_message() {
    let (tx, rx) = bounded(1);
    let mut sink = tx.into_sink();
    let flag = Flag::new();
    for number in 0..2 {
        assert_eq!(poll_ready(&mut sink, &flag), Poll::Ready(Ok(())));
        sink.start_send_unpin(number).unwrap();
    }
    assert!(poll_ready(&mut sink, &flag).is_pending());
    assert!(poll_flush(&mut sink, &flag).is_pending());
    assert_eq!(rx.try_recv(), Ok(0));
    assert!(flag.take());
    assert_eq!(poll_flush(&mut sink, &flag), Poll::Ready(Ok(())));
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
#[should_panic(expected = "poll_ready")]
fn start_send_into_a_sink_that_holds_a_message_panics() {
    let (tx, _rx) = unbuffered();
    let mut sink = tx.into_sink();
    sink.start_send_unpin(1).unwrap();
    _ = sink.start_send_unpin(2);
}

#[test]
fn a_sink_that_is_dropped_drops_the_message_that_it_holds() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered();
    let mut sink = tx.into_sink();
    sink.start_send_unpin(drops.guard()).unwrap();
    assert!(poll_flush(&mut sink, &Flag::new()).is_pending());
    drop(sink);
    assert_eq!(drops.count(), 1);
    assert!(rx.try_recv().is_err());
}

#[test]
fn the_sender_of_a_sink_comes_back_without_the_message_that_it_holds() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered();
    let mut sink = tx.into_sink();
    sink.start_send_unpin(drops.guard()).unwrap();
    assert!(poll_flush(&mut sink, &Flag::new()).is_pending());
    let tx = sink.into_sender().unwrap();
    assert_eq!((drops.count(), tx.sender_count()), (1, 1));
    assert!(rx.try_recv().is_err() && !rx.is_closed());
}

#[test]
fn a_sink_fails_when_the_channel_is_closed() {
    let (tx, rx) = bounded(1);
    let mut sink = tx.clone().into_sink();
    drop(rx);
    assert_eq!(block_on(sink.send(1)), Err(SendError(())));
    assert_eq!(
        poll_ready(&mut sink, &Flag::new()),
        Poll::Ready(Err(SendError(())))
    );
}

#[test]
fn a_sink_that_waits_fails_when_the_channel_is_closed_and_drops_its_message_once() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered();
    let mut sink = tx.into_sink();
    sink.start_send_unpin(drops.guard()).unwrap();
    let flag = Flag::new();
    assert!(poll_flush(&mut sink, &flag).is_pending());
    rx.close();
    assert!(flag.take());
    assert!(matches!(
        poll_flush(&mut sink, &flag),
        Poll::Ready(Err(SendError(())))
    ));
    assert_eq!(drops.count(), 1);
    assert!(
        matches!(poll_flush(&mut sink, &flag), Poll::Ready(Ok(()))),
        "it holds nothing any more"
    );
    drop(sink);
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_sink_that_closes_waits_until_its_message_was_taken() {
    let (tx, rx) = unbuffered();
    let mut sink = tx.into_sink();
    sink.start_send_unpin(1).unwrap();
    let mut close = Box::pin(sink.close());
    let woken = wait(&mut close);
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(woken.take());
    assert!(!rx.is_closed());
    assert_eq!(ready(&mut close), Ok(()));
    assert!(rx.is_closed());
}

#[test]
fn sinks_and_sends_that_wait_in_one_line_are_served_in_order() {
    let (tx, rx) = bounded(1);
    tx.try_send(0).unwrap();
    let mut sink = tx.clone().into_sink();
    let mut other_sink = tx.clone().into_sink();
    let mut first = Box::pin(sink.send(1));
    let mut second = Box::pin(tx.send(2));
    let mut third = Box::pin(other_sink.send(3));
    let mut fourth = Box::pin(tx.send(4));
    let woken = [
        wait(&mut first),
        wait(&mut second),
        wait(&mut third),
        wait(&mut fourth),
    ];
    for turn in 0..4 {
        assert_eq!(rx.try_recv(), Ok(turn));
        let seen: Vec<_> = woken.iter().map(|flag| flag.take()).collect();
        assert_eq!(seen, (0..4).map(|at| at == turn).collect::<Vec<_>>());
    }
    assert_eq!([ready(&mut first), ready(&mut third)], [Ok(()), Ok(())]);
    assert_eq!([ready(&mut second), ready(&mut fourth)], [Ok(()), Ok(())]);
}
