//! A tracked future counts down whatever becomes of it, and when what it held is gone.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/caught.rs"]
mod caught;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::future::{pending, ready as ready_now};
use std::marker::PhantomPinned;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use by_hand::{ready, wait};
use canter_executor::runtime::{Builder, Runtime};
use canter_executor::yield_now;
use canter_sync::WaitGroup;
use caught::caught;
use drops::{Drops, Guard};
use flag::{Flag, poll};
use futures::executor::block_on;
use futures::future::join_all;

fn canter(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

/// Keeps what it holds until it is dropped, also after it ended.
struct Holds {
    polls_left: usize,
    _guard: Guard,
    _pinned: PhantomPinned,
}

impl Holds {
    fn new(drops: &Drops, polls_left: usize) -> Holds {
        Holds {
            polls_left,
            _guard: drops.guard(),
            _pinned: PhantomPinned,
        }
    }
}

impl Future for Holds {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<&'static str> {
        assert!(self.polls_left > 0, "it is polled again after it ended");
        if self.polls_left == 1 {
            Poll::Ready("its output")
        } else {
            Poll::Pending
        }
    }
}

/// A waker that notes how much was gone when it was woken.
struct Witness {
    drops: Drops,
    gone: AtomicUsize,
}

const NOT_WOKEN: usize = usize::MAX;

impl Witness {
    fn new(drops: &Drops) -> Arc<Witness> {
        Arc::new(Witness {
            drops: drops.clone(),
            gone: AtomicUsize::new(NOT_WOKEN),
        })
    }

    fn gone(&self) -> usize {
        self.gone.load(SeqCst)
    }
}

impl Wake for Witness {
    fn wake(self: Arc<Witness>) {
        self.gone.store(self.drops.count(), SeqCst);
    }
}

/// Waits at the group, and tells how much was gone when it was released.
fn witness(group: &WaitGroup, drops: &Drops) -> impl FnOnce() -> usize {
    let witness = Witness::new(drops);
    let group = group.clone();
    let mut waits = Box::pin(async move { group.wait().await });
    let waker = Waker::from(witness.clone());
    let mut poll = move || waits.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
    assert!(!poll(), "it has to wait");
    move || {
        assert!(poll(), "the group is at zero");
        witness.gone()
    }
}

#[test]
fn a_future_counts_from_the_call_until_its_end_and_gives_its_output() {
    let group = WaitGroup::new();
    let mut tracked = Box::pin(group.track(async { 7 }));
    assert_eq!(group.count(), 1);
    let mut waits = Box::pin(group.wait());
    let flag = wait(&mut waits);
    assert_eq!(ready(&mut tracked), 7);
    assert_eq!(group.count(), 0);
    assert!(flag.take());
    drop(tracked);
    assert_eq!(group.count(), 0, "it counts once");
}

#[test]
fn what_can_become_a_future_can_be_tracked() {
    struct Request;
    impl IntoFuture for Request {
        type Output = u8;
        type IntoFuture = std::future::Ready<u8>;
        fn into_future(self) -> Self::IntoFuture {
            ready_now(9)
        }
    }
    let group = WaitGroup::new();
    assert_eq!(block_on(group.track(Request)), 9);
    assert_eq!(block_on(group.track(Box::pin(async { 1 }))), 1);
    assert_eq!(group.count(), 0);
}

#[test]
fn what_the_future_held_is_gone_before_the_group_is_released_when_it_ends() {
    let (group, drops) = (WaitGroup::new(), Drops::default());
    let mut tracked = Box::pin(group.track(Holds::new(&drops, 1)));
    let gone = witness(&group, &drops);
    assert_eq!(ready(&mut tracked), "its output");
    assert_eq!(gone(), 1);
}

#[test]
fn what_the_future_held_is_gone_before_the_group_is_released_when_it_is_dropped() {
    for polls in 0..2 {
        let (group, drops) = (WaitGroup::new(), Drops::default());
        let mut tracked = Box::pin(group.track(Holds::new(&drops, 9)));
        let gone = witness(&group, &drops);
        for _ in 0..polls {
            assert!(poll(&mut tracked, &Flag::new()).is_pending());
        }
        assert_eq!(group.count(), 1);
        drop(tracked);
        assert_eq!(group.count(), 0);
        assert_eq!(gone(), 1);
    }
}

#[test]
fn what_the_future_held_is_gone_before_the_group_is_released_when_it_panics() {
    let (group, drops) = (WaitGroup::new(), Drops::default());
    let guard = drops.guard();
    let mut tracked = Box::pin(group.track(async move {
        let _guard = guard;
        panic!("a tracked future that panics");
    }));
    let gone = witness(&group, &drops);
    let (message, _) = caught(|| poll(&mut tracked, &Flag::new()));
    assert_eq!(message, "a tracked future that panics");
    drop(tracked);
    assert_eq!(gone(), 1);
}

#[test]
fn tasks_that_end_panic_or_are_aborted_release_the_group_under_canter() {
    for workers in [1, 4] {
        let runtime = canter(workers);
        let (group, drops) = (WaitGroup::new(), Drops::default());
        let mut tasks = Vec::new();
        for number in 0..300 {
            let guard = drops.guard();
            let task = runtime.spawn(group.track(async move {
                let _guard = guard;
                match number % 3 {
                    0 => yield_now().await,
                    1 => resume_unwind(Box::new("a task of this test panics")),
                    _ => pending().await,
                }
            }));
            if number % 3 == 2 {
                task.abort();
            }
            tasks.push(task);
        }
        runtime.block_on(group.wait());
        assert_eq!(drops.count(), 300);
        let ended = runtime.block_on(join_all(tasks));
        assert_eq!(ended.iter().filter(|task| task.is_ok()).count(), 100);
    }
}

#[test]
fn tasks_that_end_panic_or_are_aborted_release_the_group_under_tokio() {
    let runtime = tokio();
    let (group, drops) = (WaitGroup::new(), Drops::default());
    for number in 0..300 {
        let guard = drops.guard();
        let task = runtime.spawn(group.track(async move {
            let _guard = guard;
            match number % 3 {
                0 => tokio::task::yield_now().await,
                1 => resume_unwind(Box::new("a task of this test panics")),
                _ => pending().await,
            }
        }));
        if number % 3 == 2 {
            task.abort();
        }
    }
    runtime.block_on(group.wait());
    assert_eq!(drops.count(), 300);
}

#[test]
fn a_task_that_is_aborted_before_its_first_poll_releases_the_group() {
    let runtime = canter(1);
    let (group, drops) = (WaitGroup::new(), Drops::default());
    runtime
        .block_on(runtime.spawn({
            let (group, drops, runtime) = (group.clone(), drops.clone(), runtime.handle().clone());
            async move {
                let guard = drops.guard();
                let task = runtime.spawn(group.track(async move { drop(guard) }));
                task.abort(); // this is the only worker
                group.wait().await;
            }
        }))
        .unwrap();
    assert_eq!(drops.count(), 1);
}

#[test]
fn the_end_of_a_runtime_releases_the_group() {
    let group = WaitGroup::new();
    let runtime = canter(2);
    for _ in 0..100 {
        runtime.go(group.track(pending::<()>()));
    }
    drop(runtime);
    group.wait_blocking();
    let runtime = tokio();
    for _ in 0..100 {
        runtime.spawn(group.track(pending::<()>()));
    }
    drop(runtime);
    group.wait_blocking();
}

#[test]
fn a_tracked_future_may_track_more() {
    let runtime = canter(4);
    fn tree(
        runtime: &canter_executor::runtime::Handle,
        group: &WaitGroup,
        leaves: &Arc<AtomicUsize>,
        depth: usize,
    ) {
        let (handle, inner, counted) = (runtime.clone(), group.clone(), leaves.clone());
        runtime.go(group.track(async move {
            match depth {
                0 => _ = counted.fetch_add(1, SeqCst),
                _ => (0..4).for_each(|_| tree(&handle, &inner, &counted, depth - 1)),
            }
        }));
    }
    let (group, leaves) = (WaitGroup::new(), Arc::default());
    tree(runtime.handle(), &group, &leaves, 5);
    runtime.block_on(group.wait());
    assert_eq!(leaves.load(SeqCst), 4_usize.pow(5));
}

#[test]
fn a_future_that_panics_in_its_drop_counts_down() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a destructor that panics");
        }
    }
    impl Future for Bomb {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    let group = WaitGroup::new();
    let tracked = group.track(Bomb);
    caught(|| drop(tracked));
    assert_eq!(group.count(), 0);

    let mut tracked = Box::pin(group.track(Bomb));
    caught(|| poll(&mut tracked, &Flag::new()));
    drop(tracked);
    assert_eq!(group.count(), 0);
}

#[test]
fn a_poll_after_the_end_is_a_panic_that_says_so_and_counts_nothing() {
    let group = WaitGroup::new();
    group.add(1);
    let mut tracked = Box::pin(group.track(async {}));
    ready(&mut tracked);
    let (message, _) = caught(|| poll(&mut tracked, &Flag::new()));
    assert_eq!(message, "`Tracked` was polled again after it ended");
    drop(tracked);
    assert_eq!(group.count(), 1);
}

#[test]
fn the_debug_form_says_whether_it_ended() {
    let group = WaitGroup::new();
    let mut tracked = Box::pin(group.track(async {}));
    assert_eq!(format!("{tracked:?}"), "Tracked { ended: false, .. }");
    ready(&mut tracked);
    assert_eq!(format!("{tracked:?}"), "Tracked { ended: true, .. }");
}
