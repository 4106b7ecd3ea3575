//! Signals. Each test has a signal of its own, since they go to the whole process.

#![cfg(unix)]

mod net_support;

use std::io::ErrorKind;
use std::pin::pin;

use canter_executor::signal::ctrl_c;
use canter_executor::signal::unix::{Signal, SignalKind, signal};
use canter_executor::{block_on, spawn};
use futures::StreamExt;
use futures::poll;
use net_support::guard_against_hanging;

/// The handler has run when this returns.
fn raise(kind: SignalKind) {
    signal_hook::low_level::raise(kind.as_raw()).unwrap();
}

async fn nothing_more(signal: &mut Signal) -> bool {
    poll!(&mut pin!(signal.recv())).is_pending()
}

#[test]
fn signals_before_and_during_the_wait_are_received() {
    let _guard = guard_against_hanging();
    block_on(async {
        let kind = SignalKind::user_defined1();
        let mut signal = signal(kind).unwrap();
        raise(kind);
        signal.recv().await.unwrap();
        {
            let mut receive = pin!(signal.recv());
            assert!(poll!(&mut receive).is_pending());
            raise(kind);
            receive.await.unwrap();
        }
        raise(kind);
        signal.next().await.unwrap().unwrap();
        assert_eq!(signal.kind(), kind);
    });
}

#[test]
fn several_signals_at_once_are_one() {
    let _guard = guard_against_hanging();
    block_on(async {
        let kind = SignalKind::user_defined2();
        let mut signal = signal(kind).unwrap();
        for _ in 0..200 {
            raise(kind);
        }
        signal.recv().await.unwrap();
        assert!(nothing_more(&mut signal).await);
    });
}

#[test]
fn all_who_asked_are_told() {
    let _guard = guard_against_hanging();
    block_on(async {
        let kind = SignalKind::window_change();
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let mut signal = signal(kind).unwrap();
                spawn(async move { signal.recv().await })
            })
            .collect();
        raise(kind);
        for told in waiting {
            told.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_wait_that_is_dropped_loses_no_signal() {
    let _guard = guard_against_hanging();
    block_on(async {
        let kind = SignalKind::hangup();
        let mut signal = signal(kind).unwrap();
        {
            let mut receive = pin!(signal.recv());
            assert!(poll!(&mut receive).is_pending());
        }
        raise(kind);
        signal.recv().await.unwrap();
    });
}

#[test]
fn after_the_last_one_is_dropped_the_signal_still_does_not_end_the_program() {
    let _guard = guard_against_hanging();
    block_on(async {
        let kind = SignalKind::alarm();
        let (one, mut other) = (signal(kind).unwrap(), signal(kind).unwrap());
        drop(one);
        raise(kind);
        other.recv().await.unwrap();
        drop(other);
        raise(kind);
        let mut later = signal(kind).unwrap();
        assert!(nothing_more(&mut later).await);
    });
}

#[test]
fn ctrl_c_ends_the_wait_for_it() {
    let _guard = guard_against_hanging();
    block_on(async {
        let mut wait = pin!(ctrl_c());
        assert!(poll!(&mut wait).is_pending());
        raise(SignalKind::interrupt());
        wait.await.unwrap();
    });
}

#[test]
fn signals_that_nobody_can_wait_for_are_errors() {
    block_on(async {
        let names = ["KILL", "STOP", "SEGV", "ILL", "FPE"];
        let forbidden = signal_hook::consts::FORBIDDEN;
        assert_eq!(forbidden.len(), names.len());
        for &number in forbidden.iter().chain(&[0, -1, 9999]) {
            let error = signal(SignalKind::from_raw(number)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(
                error.to_string().contains(&format!("signal {number} ")),
                "{error}"
            );
        }
    });
}

#[test]
fn the_kinds_are_the_signals_of_their_names() {
    use signal_hook::consts::*;
    for (kind, number) in [
        (SignalKind::alarm(), SIGALRM),
        (SignalKind::child(), SIGCHLD),
        (SignalKind::hangup(), SIGHUP),
        (SignalKind::interrupt(), SIGINT),
        (SignalKind::io(), SIGIO),
        (SignalKind::pipe(), SIGPIPE),
        (SignalKind::quit(), SIGQUIT),
        (SignalKind::terminate(), SIGTERM),
        (SignalKind::user_defined1(), SIGUSR1),
        (SignalKind::user_defined2(), SIGUSR2),
        (SignalKind::window_change(), SIGWINCH),
    ] {
        assert_eq!(kind, SignalKind::from_raw(number));
    }
}
