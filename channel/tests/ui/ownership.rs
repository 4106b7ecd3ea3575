use std::future::ready;

use canter_channel::{Receiver, Sender, select};

async fn one_message_in_two_arms(tx: Sender<String>, message: String) {
    select! {
        _ = tx.send(message) => {}
        _ = tx.send(message) => {}
    }
}

async fn what_a_future_took(message: String) {
    select! {
        _ = ready(message) => println!("{message}"),
    }
}

async fn lent_twice(mut text: String) {
    select! {
        _ = async { text.push('a') } => {}
        _ = async { text.push('b') } => {}
    }
}

async fn moved_while_it_is_borrowed(rx: Receiver<u32>) {
    select! {
        _ = rx.recv() => {}
        _ = async { drop(rx) } => {}
    }
}

fn main() {}
