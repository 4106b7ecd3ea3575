//! `Select`: arms that are added and removed while the program runs.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;

use std::collections::HashSet;
use std::future::{pending, poll_fn, ready};
use std::pin::Pin;
use std::task::Poll;
use std::thread;

use by_hand::wait;
use canter_channel::{RecvError, Select, SendError, TryRecvError, bounded, never, unbounded, unbuffered};
use drops::Drops;
use flag::poll;
use futures::executor::block_on;

#[test]
fn a_receive_goes_on_until_its_channel_is_closed_and_empty() {
    let (tx, rx) = bounded(4);
    let mut select = Select::new();
    let arm = select.recv(&rx, |message| message);
    for number in 0..3 {
        tx.try_send(number).unwrap();
    }
    tx.close();
    for number in 0..3 {
        assert_eq!(select.try_wait(), Some((arm, Ok(number))));
        assert_eq!(select.len(), 1);
    }
    assert_eq!(select.try_wait(), Some((arm, Err(RecvError))));
    assert!(select.is_empty());
    assert!(!select.remove(arm), "it has ended");
    assert_eq!(select.try_wait(), None);
}

#[test]
fn a_receive_that_has_waited_goes_on() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    let arm = select.recv(&rx, |message| message.ok());
    for number in 0..3 {
        let mut waiting = Box::pin(select.wait());
        let flag = wait(&mut waiting);
        tx.try_send(number).unwrap();
        assert!(flag.take());
        assert_eq!(by_hand::ready(&mut waiting), (arm, Some(number)));
    }
    let mut waiting = Box::pin(select.wait());
    let flag = wait(&mut waiting);
    drop(tx);
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut waiting), (arm, None));
    drop(waiting);
    assert!(select.is_empty());
}

#[test]
fn a_send_takes_effect_once() {
    let (tx, rx) = bounded(4);
    let mut select = Select::new();
    let arm = select.send(&tx, 7, |sent| sent);
    assert_eq!(select.try_wait(), Some((arm, Ok(()))));
    assert_eq!(select.try_wait(), None);
    assert!(select.is_empty() && !select.remove(arm));
    assert_eq!((rx.try_recv(), rx.len()), (Ok(7), 0));
}

#[test]
fn a_send_that_has_waited_takes_effect_once() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    let arm = select.send(&tx, 7, |sent| sent);
    let mut waiting = Box::pin(select.wait());
    let flag = wait(&mut waiting);
    assert_eq!(rx.try_recv(), Ok(7));
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut waiting), (arm, Ok(())));
    drop(waiting);
    assert!(select.is_empty());
    assert!(rx.try_recv().is_err());
}

#[test]
fn a_send_to_a_closed_channel_gives_the_message_back() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    let waits = select.send(&tx, 1, |sent| sent);
    let mut waiting = Box::pin(select.wait());
    let flag = wait(&mut waiting);
    drop(rx);
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut waiting), (waits, Err(SendError(1))));
    drop(waiting);
    let comes_late = select.send(&tx, 2, |sent| sent);
    assert_eq!(select.try_wait(), Some((comes_late, Err(SendError(2)))));
}

#[test]
fn a_future_takes_effect_once() {
    let mut select = Select::new();
    let arm = select.future(async { 7 }, |number| number * 2);
    select.future(pending::<u32>(), |number| number);
    assert_eq!(select.try_wait(), Some((arm, 14)));
    assert_eq!((select.try_wait(), select.len()), (None, 1));
}

#[test]
fn a_future_wakes_the_select() {
    let (tx, rx) = futures::channel::oneshot::channel();
    let mut select = Select::new();
    let arm = select.future(rx, |message| message.unwrap());
    let mut waiting = Box::pin(select.wait());
    let flag = wait(&mut waiting);
    tx.send(7).unwrap();
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut waiting), (arm, 7));
}

#[test]
fn arms_of_different_types_stand_side_by_side() {
    let ((numbers, rx), (words, words_rx)) = (bounded(1), unbuffered::<&str>());
    numbers.try_send(7).unwrap();
    let mut select = Select::new();
    select.recv(&rx, |number| format!("number {}", number.unwrap()));
    select.send(&words, "a", |sent| format!("sent {}", sent.is_ok()));
    select.future(async { 1.5 }, |number| format!("future {number}"));
    let mut peer = Box::pin(words_rx.recv());
    let _flag = wait(&mut peer);
    let mut told: Vec<_> = (0..3).map(|_| select.wait_blocking().1).collect();
    told.sort();
    assert_eq!(told, ["future 1.5", "number 7", "sent true"]);
    assert_eq!(by_hand::ready(&mut peer), Ok("a"));
}

#[test]
fn an_output_may_change_what_it_borrowed() {
    let (tx, rx) = bounded(4);
    let mut sum = 0;
    let mut select = Select::new();
    select.recv(&rx, |message| sum += message.unwrap());
    for number in 1..=4 {
        tx.try_send(number).unwrap();
        select.wait_blocking();
    }
    drop(select);
    assert_eq!(sum, 10);
}

#[test]
fn the_id_of_a_removed_arm_is_dead_also_when_its_place_is_filled_again() {
    let (tx, rx) = bounded(1);
    let mut select = Select::new();
    let first = select.recv(&rx, |_| 1);
    assert!(select.remove(first));
    assert!(!select.remove(first));
    assert!(select.is_empty());
    let second = select.recv(&rx, |_| 2);
    assert_ne!(first, second);
    assert!(!select.remove(first));
    assert_eq!(select.len(), 1);
    tx.try_send(()).unwrap();
    assert_eq!(select.try_wait(), Some((second, 2)));
}

#[test]
fn the_id_of_an_arm_that_ended_is_dead_also_when_its_place_is_filled_again() {
    let nobody = never::<()>();
    let mut select = Select::new();
    let first = select.future(ready(1), |number| number);
    assert_eq!(select.wait_blocking(), (first, 1));
    let second = select.recv(&nobody, |_| 2);
    assert!(!select.remove(first));
    assert!(select.remove(second));
}

#[test]
fn every_arm_that_was_ever_added_has_an_id_of_its_own() {
    let nobody = never::<()>();
    let mut select = Select::new();
    let mut ids = HashSet::new();
    for round in 0..100 {
        let ended = select.future(ready(()), |()| ());
        assert_eq!(select.wait_blocking(), (ended, ()));
        let removed = select.recv(&nobody, drop);
        if round % 3 > 0 {
            assert!(select.remove(removed));
        }
        assert!(ids.insert(ended) && ids.insert(removed));
    }
}

#[test]
fn a_removed_arm_leaves_its_channel() {
    let (tx, rx) = unbuffered::<u32>();
    let (other, other_rx) = unbuffered();
    let drops = Drops::default();
    let mut select = Select::new();
    let recv = select.recv(&rx, drop);
    let send = select.send(&other, drops.guard(), drop);
    wait(&mut Box::pin(select.wait()));
    assert!(select.remove(recv) && select.remove(send));
    assert_eq!(drops.count(), 1, "the message was dropped unsent");
    assert!(tx.try_send(1).is_err());
    assert!(other_rx.try_recv().is_err());
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    assert!(tx.try_send(1).is_err());
}

#[test]
fn an_arm_that_is_added_between_two_waits_takes_part() {
    let ((first_tx, first_rx), (second_tx, second_rx)) = (unbuffered(), unbuffered());
    let mut select = Select::new();
    select.recv(&first_rx, |message| message.unwrap());
    wait(&mut Box::pin(select.wait()));
    let added = select.recv(&second_rx, |message| message.unwrap());
    let mut waiting = Box::pin(select.wait());
    let flag = wait(&mut waiting);
    second_tx.try_send(2).unwrap();
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut waiting), (added, 2));
    drop(waiting);
    let added = select.future(ready(3), |number| number);
    assert_eq!(select.try_wait(), Some((added, 3)));
    drop(first_tx);
}

#[test]
fn between_two_waits_no_arm_takes_effect() {
    let ((tx, rx), (other, other_rx)) = (unbuffered(), unbuffered());
    let mut select = Select::new();
    select.recv(&rx, |message| message.unwrap());
    select.send(&other, 1, |_| 100);
    wait(&mut Box::pin(select.wait()));
    assert!(tx.try_send(1).is_err());
    assert!(other_rx.try_recv().is_err());
    assert_eq!(select.try_wait(), None);
    assert!(tx.try_send(2).is_err());
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    tx.try_send(3).unwrap();
    assert_eq!(by_hand::ready(&mut waiting).1, 3);
    drop(waiting);
    assert!(tx.try_send(4).is_err());
}

#[test]
fn after_a_wait_that_found_its_arm_by_looking_no_arm_takes_effect() {
    let ((tx, rx), (other, other_rx)) = (unbuffered(), unbuffered::<u32>());
    let mut select = Select::new();
    let arm = select.recv(&rx, |message| message.unwrap());
    select.recv(&other_rx, |message| message.unwrap());
    wait(&mut Box::pin(select.wait()));
    let mut peer = Box::pin(tx.send(1));
    wait(&mut peer);
    assert_eq!(select.try_wait(), Some((arm, 1)));
    assert!(
        other.try_send(2).is_err(),
        "nor does anybody wait for the select to look"
    );
    assert_eq!(by_hand::ready(&mut peer), Ok(()));
}

#[test]
fn a_peer_that_came_between_two_waits_is_met_by_the_next() {
    let ((tx, rx), (other, other_rx)) = (unbuffered(), unbuffered());
    let mut select = Select::new();
    let recv = select.recv(&rx, |message| message.unwrap());
    let send = select.send(&other, 1, |_| 100);
    wait(&mut Box::pin(select.wait()));
    let mut peers = (Box::pin(tx.send(7)), Box::pin(other_rx.recv()));
    let flags = (wait(&mut peers.0), wait(&mut peers.1));
    let told = HashSet::from([select.wait_blocking(), select.wait_blocking()]);
    assert_eq!(told, HashSet::from([(recv, 7), (send, 100)]));
    assert!(flags.0.take() && flags.1.take());
    assert_eq!(by_hand::ready(&mut peers.0), Ok(()));
    assert_eq!(by_hand::ready(&mut peers.1), Ok(1));
}

#[test]
fn a_wait_that_is_dropped_before_anything_happened_keeps_the_arms() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    let arm = select.recv(&rx, |message| message.unwrap());
    for _ in 0..3 {
        wait(&mut Box::pin(select.wait()));
    }
    drop(select.wait());
    assert_eq!(select.len(), 1);
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    tx.try_send(1).unwrap();
    assert_eq!(by_hand::ready(&mut waiting), (arm, 1));
}

#[test]
fn what_took_effect_while_a_wait_was_dropped_is_told_by_the_next() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    let arm = select.recv(&rx, |message| message.unwrap());
    for is_tried in [false, true] {
        let mut waiting = Box::pin(select.wait());
        wait(&mut waiting);
        tx.try_send(1).unwrap();
        drop(waiting);
        assert!(tx.try_send(2).is_err(), "one at a time");
        let told = if is_tried {
            select.try_wait()
        } else {
            Some(select.wait_blocking())
        };
        assert_eq!(told, Some((arm, 1)));
        assert_eq!(select.try_wait(), None);
    }
}

#[test]
fn what_took_effect_while_a_wait_was_dropped_is_told_before_what_is_ready() {
    let (tx, rx) = unbuffered();
    let mut select = Select::biased();
    let ready_arm = select.future(poll_fn(|_| Poll::<u32>::Pending), |number| number);
    let arm = select.recv(&rx, |message| message.unwrap());
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    tx.try_send(1).unwrap();
    drop(waiting);
    select.remove(ready_arm);
    let future = select.future(ready(2), |number| number);
    assert_eq!(select.wait_blocking(), (arm, 1));
    assert_eq!(select.wait_blocking(), (future, 2));
}

#[test]
fn a_send_that_took_effect_while_a_wait_was_dropped_is_told_by_the_next() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    let arm = select.send(&tx, 1, |sent| sent);
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    assert_eq!(rx.try_recv(), Ok(1));
    drop(waiting);
    assert_eq!(select.len(), 1);
    assert_eq!(select.try_wait(), Some((arm, Ok(()))));
    assert!(rx.try_recv().is_err());
}

#[test]
fn a_message_that_was_received_for_an_arm_that_is_removed_goes_back_to_its_place() {
    let (tx, rx) = bounded(4);
    let mut select = Select::new();
    let arm = select.recv(&rx, drop);
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    drop(waiting);
    assert!(select.remove(arm));
    assert_eq!([rx.try_recv(), rx.try_recv()], [Ok(1), Ok(2)]);
    // The select waits for the next as if nothing had been.
    let arm = select.recv(&rx, drop);
    let mut waiting = Box::pin(select.wait());
    let flag = wait(&mut waiting);
    tx.try_send(3).unwrap();
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut waiting).0, arm);
}

#[test]
fn a_message_that_was_received_for_an_arm_goes_back_when_the_select_is_dropped() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    select.recv(&rx, drop);
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    tx.try_send(1).unwrap();
    drop(waiting);
    drop(select);
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn removing_another_arm_keeps_the_one_that_took_effect() {
    let ((tx, rx), other) = (unbuffered(), never());
    let mut select = Select::new();
    let arm = select.recv(&rx, |message| message.unwrap());
    let removed = select.recv(&other, |message| message.unwrap());
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    tx.try_send(1).unwrap();
    drop(waiting);
    assert!(select.remove(removed));
    select.recv(&other, |message| message.unwrap());
    assert_eq!(select.try_wait(), Some((arm, 1)));
}

#[test]
fn a_dead_id_whose_place_took_effect_removes_nothing() {
    let ((tx, rx), other) = (unbuffered(), never());
    let mut select = Select::new();
    let dead = select.recv(&other, |message| message.unwrap());
    assert!(select.remove(dead));
    let arm = select.recv(&rx, |message| message.unwrap());
    let mut waiting = Box::pin(select.wait());
    wait(&mut waiting);
    tx.try_send(1).unwrap();
    drop(waiting);
    assert!(!select.remove(dead));
    assert_eq!(select.try_wait(), Some((arm, 1)));
}

#[test]
fn a_wait_of_a_select_without_arms_waits_for_ever() {
    let (tx, rx) = bounded(1);
    let mut select = Select::new();
    wait(&mut Box::pin(select.wait()));
    assert_eq!(select.try_wait(), None);
    let arm = select.recv(&rx, |message| message.unwrap());
    tx.try_send(1).unwrap();
    assert_eq!(select.try_wait(), Some((arm, 1)));
    let mut default: Select<'_, u32> = Select::default();
    assert!(default.is_empty() && default.try_wait().is_none());
}

#[test]
fn try_wait_leaves_no_trace() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    select.recv(&rx, |message| message.ok());
    select.send(&tx, 1, |_| None);
    for _ in 0..3 {
        assert_eq!(select.try_wait(), None, "it does not meet itself");
        assert!(tx.try_send(2).is_err());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn try_wait_polls_a_future_once() {
    let mut polls = 0;
    let mut select = Select::new();
    let arm = select.future(
        poll_fn(|_| {
            polls += 1;
            if polls == 3 {
                Poll::Ready(polls)
            } else {
                Poll::Pending
            }
        }),
        |polls| polls,
    );
    assert_eq!(
        [select.try_wait(), select.try_wait(), select.try_wait()],
        [None, None, Some((arm, 3))]
    );
}

#[test]
fn a_select_may_name_a_channel_several_times() {
    let (tx, rx) = bounded(8);
    let mut select = Select::new();
    let arms = [(); 3].map(|()| select.recv(&rx, |message| message.unwrap()));
    for number in 0..8 {
        tx.try_send(number).unwrap();
    }
    let told: Vec<_> = (0..8).map(|_| select.wait_blocking()).collect();
    assert!(told.iter().map(|told| told.1).eq(0..8), "each once, and in order");
    assert!(told.iter().all(|told| arms.contains(&told.0)));
    assert_eq!(select.try_wait(), None);
}

#[test]
fn two_dynamic_selects_meet() {
    let (tx, rx) = unbuffered();
    let (mut sends, mut receives) = (Select::new(), Select::new());
    let arm = receives.recv(&rx, |message| message.unwrap());
    for number in 0..3 {
        let sent = sends.send(&tx, number, |sent| sent.unwrap());
        let mut waiting = Box::pin(sends.wait());
        let flag = wait(&mut waiting);
        assert_eq!(receives.wait_blocking(), (arm, number));
        assert!(flag.take());
        assert_eq!(by_hand::ready(&mut waiting), (sent, ()));
    }
}

#[test]
fn a_thousand_arms_each_take_effect_as_often_as_they_are_used() {
    let channels: Vec<_> = (0..1000).map(|_| unbuffered()).collect();
    let mut select = Select::new();
    let arms: Vec<_> = (channels.iter())
        .map(|(_, rx)| select.recv(rx, |message| message.unwrap()))
        .collect();
    for number in [0, 60, 61, 62, 122, 500, 999, 0, 61, 938] {
        let mut waiting = Box::pin(select.wait());
        let flag = wait(&mut waiting);
        channels[number].0.try_send(number).unwrap();
        assert!(flag.take());
        assert_eq!(by_hand::ready(&mut waiting), (arms[number], number));
    }
    assert_eq!(select.len(), 1000);
}

#[test]
fn a_thousand_messages_come_from_a_thousand_arms() {
    let channels: Vec<_> = (0..1000).map(|_| bounded(1)).collect();
    let mut select = Select::new();
    for (_, rx) in &channels {
        select.recv(rx, |message| message.ok());
    }
    assert_eq!(select.try_wait(), None);
    for (number, (tx, _)) in channels.iter().enumerate() {
        tx.try_send(number).unwrap();
        tx.close();
    }
    let mut messages = HashSet::new();
    while !select.is_empty() {
        if let (_, Some(message)) = select.wait_blocking() {
            assert!(messages.insert(message));
        }
    }
    assert_eq!(messages.len(), 1000);
}

#[test]
fn wait_blocking_sleeps_until_another_thread_sends() {
    let channels: Vec<_> = (0..3).map(|_| unbuffered()).collect();
    let mut select = Select::new();
    for (_, rx) in &channels {
        select.recv(rx, |message| message.ok());
    }
    let senders: Vec<_> = channels.iter().map(|(tx, _)| tx.clone()).collect();
    let sum: u32 = thread::scope(|scope| {
        scope.spawn(move || {
            for number in 1..=1000 {
                senders[number as usize % 3].send_blocking(number).unwrap();
            }
        });
        (0..1000).filter_map(|_| select.wait_blocking().1).sum()
    });
    assert_eq!(sum, 500_500);
}

#[test]
fn wait_may_be_an_arm_of_another_select() {
    let ((tx, rx), nobody) = (bounded(1), never::<u32>());
    tx.try_send(7).unwrap();
    let mut inner = Select::new();
    inner.recv(&rx, |message| message.unwrap());
    let chosen = block_on(async {
        canter_channel::select! {
            (_, number) = inner.wait() => number,
            _ = nobody.recv() => unreachable!(),
        }
    });
    assert_eq!(chosen, 7);
}

#[test]
fn arms_are_dropped_with_the_select() {
    let drops = Drops::default();
    let (tx, _rx) = unbuffered();
    let mut select = Select::new();
    select.send(&tx, drops.guard(), drop);
    let held = drops.guard();
    select.future(
        async move {
            pending::<()>().await;
            drop(held);
        },
        drop,
    );
    wait(&mut Box::pin(select.wait()));
    drop(select);
    assert_eq!(drops.count(), 2);
}

#[test]
fn an_arm_is_dropped_when_it_has_ended() {
    let (drops, (tx, _rx)) = (Drops::default(), unbounded());
    let guards = (drops.guard(), drops.guard());
    let mut select = Select::new();
    select.future(async {}, move |()| _ = &guards.0);
    select.send(&tx, (), move |_| _ = &guards.1);
    select.wait_blocking();
    select.wait_blocking();
    assert_eq!((drops.count(), select.len()), (2, 0));
}

#[test]
fn a_select_that_is_woken_for_nothing_keeps_its_place_in_the_line() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    select.recv(&rx, |message| message.unwrap());
    let mut waiting = Box::pin(select.wait());
    let flag = wait(&mut waiting);
    let mut behind = Box::pin(rx.recv());
    let _behind = wait(&mut behind);
    assert!(poll(&mut waiting, &flag).is_pending());
    tx.try_send(1).unwrap();
    assert_eq!(by_hand::ready(&mut waiting).1, 1);
}

#[test]
fn a_select_may_wait_in_a_task_that_moves_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }

    let (tx, rx) = bounded(1);
    let sum = block_on(is_send(async {
        let mut select = Select::new();
        select.recv(&rx, |message| message.unwrap());
        select.send(&tx, 3, |sent| sent.map_or(0, |()| 4));
        select.wait().await.1 + select.wait().await.1
    }));
    assert_eq!(sum, 7);
}

#[test]
fn boxed_futures_are_arms() {
    let mut select = Select::new();
    let futures: Vec<Pin<Box<dyn Future<Output = u32> + Send>>> =
        vec![Box::pin(async { 1 }), Box::pin(pending())];
    for future in futures {
        select.future(future, |number| number);
    }
    assert_eq!(select.wait_blocking().1, 1);
}
