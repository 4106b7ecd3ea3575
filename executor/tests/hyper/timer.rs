//! The timer and the executor by themselves.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use canter_executor::hyper::{Executor, Timer};
use canter_executor::{block_on, runtime, task};
use futures::channel::oneshot;
use hyper::rt::{self, Executor as _, Timer as _};

use crate::net_support::guard_against_hanging;

const HOUR: Duration = Duration::from_secs(3600);

/// A sleep of another timer, which never ends.
struct Foreign;

impl Future for Foreign {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl rt::Sleep for Foreign {}

fn place(sleep: &Pin<Box<dyn rt::Sleep>>) -> *const () {
    (&raw const **sleep).cast()
}

/// A sleep is over when its time has come, at once if that has been, and not before.
#[test]
fn sleeps_end_at_their_deadline() {
    let _guard = guard_against_hanging();
    block_on(async {
        let now = Instant::now();
        for mut long in [Timer.sleep(HOUR), Timer.sleep_until(now + HOUR)] {
            assert!(futures::poll!(long.as_mut()).is_pending());
        }
        for mut over in [Timer.sleep(Duration::ZERO), Timer.sleep_until(now)] {
            assert!(futures::poll!(over.as_mut()).is_ready());
        }
        Timer.sleep(Duration::from_millis(5)).await;
        Timer.sleep_until(Instant::now() + Duration::from_millis(5)).await;
    });
}

/// A sleep that is under way is moved to an earlier deadline where it is, without another allocation.
#[test]
fn a_reset_moves_the_sleep_itself() {
    let _guard = guard_against_hanging();
    block_on(async {
        let mut sleep = Timer.sleep(HOUR);
        assert!(futures::poll!(sleep.as_mut()).is_pending());
        let before = place(&sleep);
        Timer.reset(&mut sleep, Instant::now() + Duration::from_millis(5));
        assert_eq!(place(&sleep), before);
        sleep.as_mut().await;

        Timer.reset(&mut sleep, Instant::now() + HOUR);
        assert!(
            futures::poll!(sleep.as_mut()).is_pending(),
            "it is moved after its end, too"
        );
    });
}

/// The sleep of another timer gives way to one of this.
#[test]
fn a_reset_replaces_a_foreign_sleep() {
    let _guard = guard_against_hanging();
    block_on(async {
        let mut sleep: Pin<Box<dyn rt::Sleep>> = Box::pin(Foreign);
        Timer.reset(&mut sleep, Instant::now());
        sleep.await;
    });
}

/// What is executed is a task of the runtime from which it was started.
#[test]
fn what_is_executed_is_a_task_of_the_current_runtime() {
    let _guard = guard_against_hanging();
    let runtime = runtime::Builder::new().workers(3).build().unwrap();
    let (tell, told) = oneshot::channel();
    runtime.block_on(async {
        Executor.execute(async {
            tell.send((task::id().is_some(), runtime::Handle::current().workers()))
                .unwrap();
        });
        assert_eq!(told.await.unwrap(), (true, 3));
    });
}
