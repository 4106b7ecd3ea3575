//! `select!` through the facade, for a program that depends on nothing else.

use std::time::Duration;

use canter::channel::{bounded, never, unbuffered};

#[canter::test]
async fn arms_of_all_kinds_stand_in_a_select() {
    let ((tx, rx), nobody) = (bounded(1), never::<u32>());
    let mut log = Vec::new();
    for _ in 0..2 {
        canter::select! { biased;
            message = rx.recv() => log.push(format!("received {}", message.unwrap())),
            sent = tx.send("word") => log.push(format!("sent {}", sent.is_ok())),
            _ = nobody.recv() => unreachable!(),
        }
    }
    assert_eq!(log, ["sent true", "received word"]);
    let chosen = canter::select! {
        () = canter::time::sleep(Duration::from_millis(1)) => "timer",
        _ = rx.recv() => "message",
    };
    assert_eq!(chosen, "timer");
    let chosen = canter::select! {
        number = canter::spawn(async { 42 }) => number.unwrap(),
        number = nobody.recv() => number.unwrap(),
    };
    assert_eq!(chosen, 42);
    assert!(canter::select! { _ = rx.recv() => false, default => true });
}

#[test]
fn a_thread_selects_beside_a_task() {
    let (tx, rx) = unbuffered();
    let nobody = never::<u32>();
    canter::go(async move { tx.send(7).await.unwrap() });
    let message = canter::select_blocking! {
        message = rx.recv() => message,
        message = nobody.recv() => message,
    };
    assert_eq!(message, Ok(7));
}

#[canter::test(workers = 2)]
async fn tasks_select_on_both_sides() {
    let ((to, requests), (answers, from)) = (unbuffered(), unbuffered());
    canter::go(async move {
        while let Ok(number) = requests.recv().await {
            canter::select! { sent = answers.send(number * 2) => if sent.is_err() { return } }
        }
    });
    let (mut asked, mut sum) = (0_u64, 0);
    for _ in 0..200 {
        canter::select! {
            sent = to.send(asked), if asked < 100 => {
                sent.unwrap();
                asked += 1;
            }
            answer = from.recv() => sum += answer.unwrap(),
        }
    }
    assert_eq!(sum, 99 * 100);
}
