//! Which tasks a dump takes for ones that wait for each other and nobody else.
#![cfg(target_os = "linux")]

use std::future::{pending, poll_fn};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use canter::channel::{Receiver, Sender, bounded, broadcast, oneshot, unbounded, unbuffered, watch};
use canter::diagnostics::{Dump, Kind, Suspects};
use canter::runtime::{Builder, Handle, Runtime};
use canter::sync::Mutex;
use canter::time::sleep;

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

fn runtime() -> Runtime {
    Builder::new().workers(2).build().expect("a runtime starts")
}

/// The dump in which so many are suspects. Whether it ever comes shows the test, by ending.
fn dump_with(handle: &Handle, suspects: usize) -> Dump {
    loop {
        let dump = handle.dump();
        if count(&dump) == suspects {
            return dump;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn count(dump: &Dump) -> usize {
    dump.suspects()
        .iter()
        .map(|suspects| suspects.who().count())
        .sum()
}

/// Lines, places and numbers of those who hold the ends.
fn held_by(suspects: &Suspects) -> Vec<(Option<Kind>, u32, usize)> {
    let parties = suspects.held_by().iter();
    parties
        .map(|party| (party.kind(), party.place().line(), party.count()))
        .collect()
}

/// Two tasks that wait for each other. Whoever began to wait before them has waited as long once they are suspects.
fn wait_for_each_other(runtime: &Runtime) {
    let ((to_first, first), (to_second, second)) = (unbounded::<()>(), unbounded::<()>());
    for (to, from) in [(to_first, second), (to_second, first)] {
        runtime.go(async move {
            from.recv().await.expect("nobody sends");
            to.send(()).await.expect("nobody receives");
        });
    }
}

/// The dump in which those two are suspects, and all that was started before had its time to become one too.
fn dump_in_time(runtime: &Runtime) -> Dump {
    wait_for_each_other(runtime);
    loop {
        let dump = runtime.dump();
        if dump.suspects().iter().any(|suspects| suspects.who().count() == 2) {
            return dump;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn tasks_that_wait_for_each_other_are_suspects_and_hold_each_others_ends() {
    let runtime = runtime();
    wait_for_each_other(&runtime);
    let dump = dump_with(runtime.handle(), 2);
    let [suspects] = dump.suspects() else {
        panic!("{dump}")
    };
    let who = suspects.who();
    assert_eq!((who.kind(), who.count()), (Some(Kind::Task), 2));
    assert_eq!(suspects.waiting().reason.as_str(), "channel receive");
    assert!(suspects.shortest() >= Dump::SUSPECT_AFTER && suspects.longest() >= suspects.shortest());
    assert_eq!(held_by(suspects), [(Some(Kind::Task), who.place().line(), 2)]);
    let text = dump.to_string();
    let line = text.lines().last().expect("there are lines");
    assert!(
        line.starts_with(&format!(
            "2 tasks spawned at {} wait for channel receive at ",
            who.place()
        )),
        "{text}"
    );
    assert!(
        line.ends_with(&format!(
            "; the other ends are held by 2 tasks spawned at {}",
            who.place()
        )),
        "{text}"
    );
}

#[test]
fn a_task_that_holds_the_other_end_itself_is_one() {
    let runtime = runtime();
    runtime.go(async {
        let (tx, rx) = bounded::<u32>(1);
        rx.recv().await.expect("its own sender is alive");
        drop(tx);
    });
    runtime.go(async {
        let (tx, rx) = unbuffered::<u32>();
        tx.send(1).await.expect("its own receiver is alive");
        drop(rx);
    });
    let dump = dump_with(runtime.handle(), 2);
    let mut reasons: Vec<_> = dump
        .suspects()
        .iter()
        .map(|suspects| suspects.waiting().reason.as_str())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["channel receive", "channel send"]);
}

/// Of each kind two wait, in tasks that hold the other end themselves, and one whose other end a sleeper holds.
#[test]
fn every_kind_of_channel_is_looked_at() {
    let runtime = runtime();
    let asleep = |held: Box<dyn Send>| {
        runtime.go(async move {
            sleep(LONG).await;
            drop(held);
        });
    };
    runtime.go(async {
        let (tx, rx) = oneshot::<u32>();
        drop((rx.await, tx));
    });
    runtime.go(async {
        let (mut tx, rx) = oneshot::<u32>();
        drop((tx.closed().await, rx));
    });
    let (tx, rx) = oneshot::<u32>();
    runtime.go(async move { _ = rx.await });
    asleep(Box::new(tx));
    runtime.go(async {
        let (tx, mut rx) = broadcast::<u32>(1);
        drop((rx.recv().await, tx));
    });
    runtime.go(async {
        let (tx, rx) = broadcast::<u32>(1);
        drop((tx.closed().await, rx));
    });
    let (tx, mut rx) = broadcast::<u32>(1);
    runtime.go(async move { _ = rx.recv().await });
    asleep(Box::new(tx));
    runtime.go(async {
        let (tx, mut rx) = watch(1);
        drop((rx.changed().await, tx));
    });
    runtime.go(async {
        let (tx, rx) = watch(1);
        drop((tx.closed().await, rx));
    });
    let (tx, mut rx) = watch(1);
    runtime.go(async move { _ = rx.changed().await });
    asleep(Box::new(tx));
    let dump = dump_in_time(&runtime);
    let own = |suspects: &&Suspects| suspects.who().count() == 1;
    let mut reasons: Vec<_> = dump
        .suspects()
        .iter()
        .filter(own)
        .map(|suspects| suspects.waiting().reason.as_str())
        .collect();
    reasons.sort_unstable();
    let expected = [
        "broadcast close",
        "broadcast receive",
        "oneshot close",
        "oneshot receive",
        "watch change",
        "watch close",
    ];
    assert_eq!(reasons, expected, "{dump}");
}

/// Those who receive hold the other end of nothing that they wait for.
#[test]
fn a_receiver_is_no_sender() {
    let runtime = runtime();
    let (tx, rx) = bounded::<u32>(1);
    for _ in 0..4 {
        let rx = rx.clone();
        runtime.go(async move { while rx.recv().await.is_ok() {} });
    }
    let dump = dump_in_time(&runtime);
    assert_eq!(count(&dump), 2, "the sender is in this thread: {dump}");
    drop(tx);
}

#[test]
fn nobody_is_one_whose_other_end_may_move() {
    let runtime = runtime();
    let receive = |rx: Receiver<u32>| async move { while rx.recv().await.is_ok() {} };
    let receiver = || {
        let (tx, rx) = bounded(1);
        runtime.go(receive(rx));
        tx
    };
    // A task sleeps with it.
    let tx = receiver();
    runtime.go(async move {
        sleep(LONG).await;
        drop(tx);
    });
    // A task waits with it that does not say for what.
    let tx = receiver();
    runtime.go(async move {
        let mut kept = None;
        let silent: Poll<()> = poll_fn(|cx| {
            kept.get_or_insert_with(|| cx.waker().clone());
            Poll::Pending
        })
        .await;
        drop((tx, silent));
    });
    // A task waits with it for a message, or for the time.
    let (tx, (_other, from)) = (receiver(), bounded::<u32>(1));
    runtime.go(async move {
        canter::select! {
            _ = from.recv() => {}
            () = sleep(LONG) => {}
        }
        drop(tx);
    });
    // It lies on the heap, and no task has it.
    let kept: Arc<Sender<u32>> = Arc::new(receiver());
    // One clone is in a task that waits, and the other one is not.
    let tx = receiver();
    let clone = tx.clone();
    runtime.go(async move {
        let (own, from) = bounded::<u32>(1);
        drop((from.recv().await, own, clone));
    });
    // A closure has it.
    let (tx_of_closure, barrier) = (receiver(), Arc::new(Barrier::new(2)));
    let closure = runtime.spawn_blocking({
        let barrier = barrier.clone();
        move || {
            barrier.wait();
            drop(tx_of_closure);
        }
    });
    // It is a weak one.
    let weak = {
        let (tx, rx) = bounded::<u32>(1);
        runtime.go(receive(rx));
        let weak = tx.downgrade();
        thread::spawn(move || drop((tx, thread::park_timeout(LONG))));
        weak
    };
    runtime.go(async move {
        let (own, from) = bounded::<u32>(1);
        drop((from.recv().await, own, weak));
    });
    let dump = dump_in_time(&runtime);
    // Those two, and the two tasks that wait for what they hold themselves.
    assert_eq!(count(&dump), 4, "{dump}");
    assert!(
        dump.suspects()
            .iter()
            .all(|suspects| suspects.held_by().len() == 1)
    );
    barrier.wait();
    drop((kept, tx, runtime.block_on(closure)));
}

/// A sleeper holds the end for which the last of a chain waits.
#[test]
fn nor_is_whoever_waits_for_somebody_whose_other_end_may_move() {
    let runtime = runtime();
    let mut from = None;
    for _ in 0..3 {
        let (tx, rx) = bounded::<u32>(1);
        let from = from.replace(rx);
        runtime.go(async move {
            match from {
                None => sleep(LONG).await,
                Some(from) => _ = from.recv().await,
            }
            drop(tx);
        });
    }
    let dump = dump_in_time(&runtime);
    assert_eq!(count(&dump), 2, "{dump}");
    drop(from);
}

#[test]
fn a_block_on_holds_ends_and_waits_for_them() {
    let runtime = runtime();
    let (tx, rx) = bounded::<u32>(1);
    let weak = tx.downgrade();
    thread::scope(|scope| {
        let place = line!() + 2;
        scope.spawn(|| {
            runtime.block_on(async move {
                let task = canter::spawn(async move { rx.recv().await });
                assert_eq!(task.await.expect("it ends"), Ok(1));
                drop(tx);
            });
        });
        let dump = dump_with(runtime.handle(), 1);
        assert_eq!(held_by(&dump.suspects()[0]), [(None, place, 1)]);
        assert!(
            dump.to_string()
                .contains("; the other ends are held by the `block_on` at ")
        );
        weak.upgrade()
            .expect("it is held")
            .try_send(1)
            .expect("there is room");
    });
    let (tx, rx) = bounded::<u32>(1);
    let weak = tx.downgrade();
    thread::scope(|scope| {
        scope.spawn(|| runtime.block_on(async move { drop((rx.recv().await, tx)) }));
        let dump = dump_with(runtime.handle(), 1);
        assert_eq!(dump.suspects()[0].who().kind(), None);
        weak.upgrade()
            .expect("it is held")
            .try_send(1)
            .expect("there is room");
    });
}

#[test]
fn a_lock_that_a_suspect_holds_is_taken_for_what_it_waits_for() {
    let runtime = runtime();
    let lock = Arc::new(Mutex::new(()));
    let (tx, rx) = unbuffered::<u32>();
    let (locked, is_locked) = unbounded();
    runtime.go({
        let lock = lock.clone();
        async move {
            let _guard = lock.lock().await;
            locked.try_send(()).expect("somebody receives");
            _ = rx.recv().await;
        }
    });
    runtime.block_on(async { is_locked.recv().await.expect("it says so") });
    runtime.go(async move {
        let _guard = lock.lock().await;
        _ = tx.send(1).await;
    });
    let dump = dump_with(runtime.handle(), 1);
    assert_eq!(dump.suspects()[0].waiting().reason.as_str(), "channel receive");
}

#[test]
fn a_select_is_one_if_each_of_its_arms_is_dead() {
    let runtime = runtime();
    let ((tx_a, rx_a), (tx_b, rx_b)) = (bounded::<u32>(1), bounded::<u32>(1));
    let outside = tx_b.clone();
    runtime.go(async move {
        canter::select! {
            _ = rx_a.recv() => {}
            _ = rx_b.recv() => {}
        }
    });
    runtime.go(async move {
        let (own, from) = bounded::<u32>(1);
        drop((from.recv().await, own, tx_a, tx_b));
    });
    let dump = dump_in_time(&runtime);
    assert_eq!(count(&dump), 3, "a clone is in this thread: {dump}");
    drop(outside);
    let dump = dump_with(runtime.handle(), 4);
    let select = |suspects: &&Suspects| suspects.waiting().reason.as_str() == "select";
    let select = dump.suspects().iter().find(select).expect("it is one");
    assert_eq!((select.who().count(), held_by(select).len()), (1, 1));
}

#[test]
fn local_tasks_are_looked_at_as_well() {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    let (end, ended) = unbounded::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            runtime.block_on(async {
                _ = canter::spawn_local(async {
                    let (tx, rx) = bounded::<u32>(1);
                    drop((rx.recv().await, tx));
                });
                ended.recv().await.expect("the end comes");
            });
        });
        let dump = dump_with(&handle, 1);
        assert_eq!(dump.suspects()[0].who().kind(), Some(Kind::LocalTask));
        end.try_send(()).expect("it waits");
    });
}

#[test]
fn whoever_goes_on_is_a_suspect_no_more() {
    let runtime = runtime();
    let (tx, rx) = bounded::<u32>(1);
    let weak = tx.downgrade();
    runtime.go(async move {
        rx.recv().await.expect("a message comes");
        let () = pending().await;
        drop(tx);
    });
    dump_with(runtime.handle(), 1);
    weak.upgrade()
        .expect("it waits")
        .try_send(1)
        .expect("there is room");
    dump_with(runtime.handle(), 0);
}
