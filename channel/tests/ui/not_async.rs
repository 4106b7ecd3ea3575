use canter_channel::{Receiver, select};

fn plain_function(rx: Receiver<u32>) {
    select! {
        _ = rx.recv() => {}
    }
}

fn main() {}
