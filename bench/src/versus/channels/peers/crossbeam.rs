//! `crossbeam-channel`, between threads: all rows, and a select of its own. What is awaited here blocks.

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};

use super::copies;
use crate::versus::channels::{Channel, Ends, MessageReceiver, MessageSender, SELECT_CHANNELS, Shape};

pub(super) struct Crossbeam;

impl Channel for Crossbeam {
    const NAME: &'static str = "crossbeam-threads";
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn open(shape: Shape) -> Option<Ends<Sender<u64>, Receiver<u64>>> {
        let (sender, receiver) = match shape.capacity {
            Some(capacity) => bounded(capacity),
            None => unbounded(),
        };
        Some((copies(sender, shape.senders), copies(receiver, shape.receivers)))
    }
}

impl MessageSender for Sender<u64> {
    async fn send_message(&mut self, message: u64) {
        self.send(message).expect("the channel is open");
    }
}

impl MessageReceiver for Receiver<u64> {
    async fn receive_message(&mut self) -> Option<u64> {
        self.recv().ok()
    }

    async fn select_message(receivers: &mut [Self; SELECT_CHANNELS]) -> Option<u64> {
        let [first, second, third, fourth] = receivers;
        let message = select! {
            recv(first) -> message => message,
            recv(second) -> message => message,
            recv(third) -> message => message,
            recv(fourth) -> message => message,
        };
        // The senders are dropped together: once one channel is closed, the others hold all that is left.
        message
            .ok()
            .or_else(|| receivers.iter().find_map(|receiver| receiver.try_recv().ok()))
    }
}
