//! `select!` under the executors of others, and under canter's.

use std::time::Duration;

use canter_channel::{Receiver, Sender, never, select, unbuffered};
use canter_executor::runtime::Runtime;

const MESSAGES: u64 = 2_000;

/// Serves requests until its peers have gone, and answers each with its double.
async fn serve(requests: Receiver<u64>, answers: Sender<u64>, stop: Receiver<()>) -> u64 {
    let mut served = 0;
    loop {
        let request = select! {
            request = requests.recv() => request,
            _ = stop.recv() => return served,
        };
        let Ok(request) = request else { return served };
        select! {
            sent = answers.send(request * 2) => if sent.is_err() { return served },
            _ = stop.recv() => return served,
        }
        served += 1;
    }
}

async fn ask(requests: Sender<u64>, answers: Receiver<u64>) -> u64 {
    let (mut asked, mut answered, mut sum) = (0, 0, 0);
    while answered < MESSAGES {
        select! {
            sent = requests.send(asked), if asked < MESSAGES => {
                sent.unwrap();
                asked += 1;
            }
            answer = answers.recv() => {
                sum += answer.unwrap();
                answered += 1;
            }
        }
    }
    sum
}

#[test]
fn under_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let ((to, requests), (answers, from)) = (unbuffered(), unbuffered());
        let servers = [(); 3].map(|()| tokio::spawn(serve(requests.clone(), answers.clone(), never())));
        drop((requests, answers));
        assert_eq!(
            tokio::spawn(ask(to, from)).await.unwrap(),
            MESSAGES * (MESSAGES - 1)
        );
        let mut served = 0;
        for server in servers {
            served += server.await.unwrap();
        }
        assert_eq!(served, MESSAGES);
    });
}

#[test]
fn under_canter() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime.block_on(async {
        let ((to, requests), (answers, from)) = (unbuffered(), unbuffered());
        let servers =
            [(); 3].map(|()| canter_executor::spawn(serve(requests.clone(), answers.clone(), never())));
        drop((requests, answers));
        let sum = canter_executor::spawn(ask(to, from)).await.unwrap();
        assert_eq!(sum, MESSAGES * (MESSAGES - 1));
        let mut served = 0;
        for server in servers {
            served += server.await.unwrap();
        }
        assert_eq!(served, MESSAGES);
    });
}

#[test]
fn between_tokio_and_canter() {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let canter = Runtime::builder().workers(1).build().unwrap();
    let ((to, requests), (answers, from)) = (unbuffered(), unbuffered());
    let server = tokio.spawn(serve(requests, answers, never()));
    let sum = canter.block_on(canter.spawn(ask(to, from))).unwrap();
    assert_eq!(sum, MESSAGES * (MESSAGES - 1));
    assert_eq!(tokio.block_on(server).unwrap(), MESSAGES);
}

#[test]
fn timers_and_tasks_of_canter_are_arms() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let nobody = never::<u32>();
    runtime.block_on(async {
        select! {
            () = canter_executor::time::sleep(Duration::from_millis(1)) => {}
            _ = nobody.recv() => unreachable!(),
        }
        let joined = select! {
            number = canter_executor::spawn(async { 7 }) => number.unwrap(),
            _ = nobody.recv() => unreachable!(),
        };
        assert_eq!(joined, 7);
    });
}

#[test]
fn timers_and_tasks_of_tokio_are_arms() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let nobody = never::<u32>();
    runtime.block_on(async {
        let joined = select! {
            number = tokio::spawn(async { 7 }) => number.unwrap(),
            _ = nobody.recv() => unreachable!(),
        };
        assert_eq!(joined, 7);
        let permits = tokio::sync::Semaphore::new(1);
        select! {
            permit = permits.acquire() => assert!(permit.is_ok()),
            _ = nobody.recv() => unreachable!(),
        }
    });
}

#[test]
fn a_task_that_always_finds_an_arm_ready_gives_way_to_others() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    runtime.block_on(async {
        let (tx, rx) = canter_channel::unbounded();
        let (stop, stopped) = canter_channel::bounded(1);
        let busy = canter_executor::spawn(async move {
            let mut rounds = 0_u64;
            loop {
                select! { biased;
                    _ = stopped.recv() => return rounds,
                    sent = tx.send(()) => sent.unwrap(),
                    _ = rx.recv() => {}
                }
                rounds += 1;
            }
        });
        let other = canter_executor::spawn(async move { stop.send(()).await });
        other.await.unwrap().unwrap();
        busy.await.unwrap();
    });
}
