//! Of several arms that are ready each is equally likely, and with `biased` the first one is taken.

use std::future::{pending, ready};

use canter_channel::{Receiver, Select, bounded, never, select_blocking, unbounded};

const CHOICES: u32 = 10_000;

/// Chooses often, and says how many of a hundred choices fell on each of `N` arms.
fn shares<const N: usize>(mut choose: impl FnMut() -> usize) -> [u32; N] {
    let mut counts = [0; N];
    for _ in 0..CHOICES {
        counts[choose()] += 1;
    }
    counts.map(|count| count * 100 / CHOICES)
}

/// An even share misses this range less often than once in 10^20 runs.
#[track_caller]
fn assert_half_each(shares: [u32; 2]) {
    assert!(shares.iter().all(|share| (45..55).contains(share)), "{shares:?}");
}

/// A channel that is always ready to receive from.
fn closed() -> Receiver<()> {
    bounded(1).1
}

#[test]
fn two_channels_that_are_ready_are_chosen_as_often() {
    let (first, second) = (closed(), closed());
    assert_half_each(shares(
        || select_blocking! { _ = first.recv() => 0, _ = second.recv() => 1 },
    ));
}

#[test]
fn messages_are_received_from_two_full_channels_as_often() {
    let (first, second) = (unbounded(), unbounded());
    for _ in 0..CHOICES {
        first.0.try_send(0).unwrap();
        second.0.try_send(1).unwrap();
    }
    assert_half_each(shares(
        || select_blocking! { m = first.1.recv() => m.unwrap(), m = second.1.recv() => m.unwrap() },
    ));
}

#[test]
fn a_send_and_a_receive_that_are_ready_are_chosen_as_often() {
    let ((tx, _rx), other) = (unbounded(), closed());
    assert_half_each(shares(
        || select_blocking! { _ = tx.send(1) => 0, _ = other.recv() => 1 },
    ));
}

#[test]
fn a_channel_and_a_future_that_are_ready_are_chosen_as_often() {
    let channel = closed();
    assert_half_each(shares(
        || select_blocking! { _ = channel.recv() => 0, () = async {} => 1 },
    ));
    assert_half_each(shares(
        || select_blocking! { () = async {} => 0, _ = channel.recv() => 1 },
    ));
}

#[test]
fn two_futures_that_are_ready_are_chosen_as_often() {
    assert_half_each(shares(
        || select_blocking! { () = async {} => 0, () = async {} => 1 },
    ));
}

#[test]
fn each_of_three_ready_arms_among_five_is_chosen_as_often() {
    let (first, second, nobody) = (closed(), closed(), never::<()>());
    let shares: [u32; 5] = shares(|| {
        select_blocking! {
            _ = first.recv() => 0,
            _ = nobody.recv() => 1,
            () = ready(()) => 2,
            () = pending() => 3,
            _ = second.recv() => 4,
        }
    });
    assert_eq!((shares[1], shares[3]), (0, 0));
    for arm in [0, 2, 4] {
        assert!((30..37).contains(&shares[arm]), "{shares:?}");
    }
}

#[test]
fn a_default_takes_no_share() {
    let (first, second) = (closed(), closed());
    assert_half_each(shares(|| {
        select_blocking! { default => unreachable!(), _ = first.recv() => 0, _ = second.recv() => 1 }
    }));
}

#[test]
fn an_arm_that_is_switched_off_takes_no_share() {
    let (first, second) = (closed(), closed());
    let on = false;
    assert_half_each(shares(|| {
        select_blocking! {
            _ = first.recv() => 0,
            () = async {}, if on => unreachable!(),
            _ = second.recv() => 1,
        }
    }));
}

/// A dynamic select with as many arms, of which two are always ready.
fn shares_in_dynamic_select(arms: usize, ready: [usize; 2], waits_before: bool) -> [u32; 2] {
    let (nobody, channels) = (never::<()>(), [unbounded::<()>(), unbounded()]);
    let mut select = Select::new();
    for arm in 0..arms {
        match ready.iter().position(|&ready| ready == arm) {
            Some(number) => select.recv(&channels[number].1, move |_| number),
            None => select.recv(&nobody, |_| unreachable!()),
        };
    }
    if waits_before {
        assert_eq!(select.try_wait(), None);
    }
    for _ in 0..CHOICES {
        for (tx, _) in &channels {
            tx.try_send(()).unwrap();
        }
    }
    shares(|| select.wait_blocking().1)
}

#[test]
fn two_ready_arms_of_a_dynamic_select_are_chosen_as_often() {
    assert_half_each(shares_in_dynamic_select(2, [0, 1], false));
    assert_half_each(shares_in_dynamic_select(100, [17, 83], false));
}

#[test]
fn two_ready_arms_of_a_dynamic_select_that_has_waited_are_chosen_as_often() {
    assert_half_each(shares_in_dynamic_select(2, [0, 1], true));
    assert_half_each(shares_in_dynamic_select(100, [17, 83], true));
    // Places further apart than a word has marks.
    assert_half_each(shares_in_dynamic_select(200, [17, 17 + 61], true));
}

#[test]
fn a_future_and_a_channel_in_a_dynamic_select_are_chosen_as_often() {
    let (tx, rx) = unbounded();
    for _ in 0..CHOICES {
        tx.try_send(()).unwrap();
    }
    assert_half_each(shares(|| {
        let mut select = Select::new();
        select.recv(&rx, |_| 0);
        select.future(ready(()), |()| 1);
        select.wait_blocking().1
    }));
}

#[test]
fn a_biased_dynamic_select_takes_the_arm_that_was_added_first() {
    let (first, second) = (unbounded(), unbounded());
    for waits_before in [false, true] {
        let mut select = Select::biased();
        select.recv(&first.1, |message| message.unwrap());
        select.recv(&second.1, |message| message.unwrap());
        if waits_before {
            assert_eq!(select.try_wait(), None);
        }
        for _ in 0..100 {
            second.0.try_send(2).unwrap();
            first.0.try_send(1).unwrap();
        }
        let taken: Vec<i32> = (0..200).map(|_| select.wait_blocking().1).collect();
        assert!(taken[..100].iter().all(|&number| number == 1), "{taken:?}");
        assert!(taken[100..].iter().all(|&number| number == 2), "{taken:?}");
    }
}

#[test]
fn biased_takes_the_first_arm_that_is_ready() {
    let (channel, nobody) = (closed(), never::<()>());
    for _ in 0..100 {
        select_blocking! { biased;
            _ = nobody.recv() => unreachable!(),
            () = pending() => unreachable!(),
            _ = channel.recv() => {}
            () = async {} => unreachable!(),
            _ = channel.recv() => unreachable!(),
            default => unreachable!(),
        }
        select_blocking! { biased;
            default => unreachable!(),
            () = async {} => {}
            _ = channel.recv() => unreachable!(),
        }
    }
}
