//! The same program under any executor, and across them.

use std::thread;

use canter_channel::{Receiver, Sender, bounded, unbounded, unbuffered};
use canter_executor::runtime;
use futures::executor::block_on;
use futures::future::join_all;

const MESSAGES: u64 = 2000;
const SUM: u64 = MESSAGES * (MESSAGES - 1) / 2;

async fn send_all(tx: Sender<u64>, first: u64) {
    for number in (first..MESSAGES).step_by(2) {
        tx.send(number).await.unwrap();
    }
}

async fn receive_all(rx: Receiver<u64>) -> u64 {
    let mut sum = 0;
    while let Ok(number) = rx.recv().await {
        sum += number;
    }
    sum
}

fn kinds() -> Vec<(Sender<u64>, Receiver<u64>)> {
    vec![unbuffered(), bounded(1), bounded(64), unbounded()]
}

#[test]
fn under_the_block_on_of_futures() {
    for (tx, rx) in kinds() {
        let sends = [send_all(tx.clone(), 0), send_all(tx, 1)];
        let receives = [receive_all(rx.clone()), receive_all(rx)];
        let (_, sums) = block_on(futures::future::join(join_all(sends), join_all(receives)));
        assert_eq!(sums.iter().sum::<u64>(), SUM);
    }
}

#[test]
fn between_threads() {
    for (tx, rx) in kinds() {
        let sends = [(tx.clone(), 0), (tx, 1)]
            .map(|(tx, first)| thread::spawn(move || block_on(send_all(tx, first))));
        let receives = [rx.clone(), rx].map(|rx| thread::spawn(move || block_on(receive_all(rx))));
        sends.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(
            receives
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum::<u64>(),
            SUM
        );
    }
}

#[test]
fn under_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    for (tx, rx) in kinds() {
        runtime.block_on(async {
            let sends = [
                tokio::spawn(send_all(tx.clone(), 0)),
                tokio::spawn(send_all(tx, 1)),
            ];
            let receives = [
                tokio::spawn(receive_all(rx.clone())),
                tokio::spawn(receive_all(rx)),
            ];
            join_all(sends).await.into_iter().for_each(|sent| sent.unwrap());
            let sums = join_all(receives).await.into_iter().map(Result::unwrap);
            assert_eq!(sums.sum::<u64>(), SUM);
        });
    }
}

#[test]
fn under_canter() {
    let runtime = runtime::Builder::new().workers(2).build().unwrap();
    for (tx, rx) in kinds() {
        runtime.block_on(async {
            let sends = [
                runtime.spawn(send_all(tx.clone(), 0)),
                runtime.spawn(send_all(tx, 1)),
            ];
            let receives = [
                runtime.spawn(receive_all(rx.clone())),
                runtime.spawn(receive_all(rx)),
            ];
            for send in sends {
                send.await.unwrap();
            }
            let mut sum = 0;
            for receive in receives {
                sum += receive.await.unwrap();
            }
            assert_eq!(sum, SUM);
        });
    }
}

#[test]
fn from_one_executor_to_another() {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let canter = runtime::Builder::new().workers(1).build().unwrap();
    for (tx, rx) in kinds() {
        let sends = canter.spawn(send_all(tx.clone(), 0));
        let sends_too = tokio.spawn(send_all(tx, 1));
        let receives = canter.spawn(receive_all(rx.clone()));
        let receives_too = thread::spawn(move || rx.iter().sum::<u64>());
        canter.block_on(async {
            sends.await.unwrap();
            sends_too.await.unwrap();
        });
        let sum = block_on(receives).unwrap() + receives_too.join().unwrap();
        assert_eq!(sum, SUM);
    }
}

#[test]
fn a_receive_that_is_always_ready_gives_way_to_other_tasks_under_canter() {
    let runtime = runtime::Builder::new().workers(1).build().unwrap();
    let (tx, rx) = unbounded();
    (0..100_000_u64).for_each(|number| tx.try_send(number).unwrap());
    let (stop, stopped) = bounded(1);
    runtime.block_on(async {
        let busy = runtime.spawn(async move {
            let mut received = 0;
            while stopped.is_empty() {
                rx.recv().await.unwrap();
                received += 1;
            }
            received
        });
        let other = runtime.spawn(async move { stop.send(()).await });
        other.await.unwrap().unwrap();
        assert!(
            busy.await.unwrap() < 100_000,
            "the other task had its turn before all was received"
        );
    });
}
