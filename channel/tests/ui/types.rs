use std::future::ready;

use canter_channel::{Receiver, Sender, select};

async fn not_a_future(rx: Receiver<u32>) {
    select! {
        _ = rx.recv() => {}
        _ = rx.try_recv() => {}
    }
}

async fn a_future_that_was_awaited() {
    select! {
        _ = ready(1_u32).await => {}
    }
}

async fn wrong_pattern(rx: Receiver<u32>) {
    select! {
        Some(_) = rx.recv() => {}
        else => {}
    }
}

async fn bodies_of_two_types(rx: Receiver<u32>) {
    let _ = select! {
        _ = ready(()) => "word",
        _ = rx.recv() => 1,
    };
}

async fn default_of_another_type(rx: Receiver<u32>) -> u32 {
    select! {
        _ = rx.recv() => 1,
        default => "nothing",
    }
}

async fn condition_that_is_none(rx: Receiver<u32>) {
    select! {
        _ = rx.recv(), if 1 => {}
        else => {}
    }
}

async fn wrong_message(tx: Sender<u32>) {
    select! {
        _ = tx.send("word") => {}
    }
}

async fn unknown_method(tx: Sender<u32>) {
    select! {
        _ = tx.recv() => {}
    }
}

fn main() {}
