use std::rc::Rc;

use canter_channel::{Receiver, select};

fn is_send<F: Future + Send>(_: F) {}

fn future_that_is_not_send(rx: Receiver<u32>, shared: Rc<u32>) {
    is_send(async move {
        select! {
            _ = rx.recv() => {}
            _ = async move { drop(shared) } => {}
        }
    });
}

fn message_that_is_not_send(rx: Receiver<Rc<u32>>) {
    is_send(async move {
        select! {
            _ = rx.recv() => {}
        }
    });
}

fn main() {}
