//! Operations that wait: futures of one type, whatever they do.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use canter_channel::{Receiver, SendError, Sender, TrySendError};
use futures::{SinkExt, StreamExt};

use crate::item::Item;

pub type Tx = Rc<Sender<Item>>;
pub type Rx = Rc<Receiver<Item>>;
pub type Operation = Pin<Box<dyn Future<Output = Outcome>>>;

/// What came of an operation.
pub enum Outcome {
    Sent,
    /// The channel is closed, and the message came back; a sink drops it.
    Unsent(Option<Item>),
    SentMany(Result<usize, SendError<()>>),
    Received(Option<Item>),
    ReceivedMany(Option<usize>),
    NoPermit {
        closed: bool,
    },
    PermitUsed(Result<(), SendError<Item>>),
    PermitDropped,
    SawClosed,
}

pub async fn send(tx: Tx, item: Item) -> Outcome {
    match tx.send(item).await {
        Ok(()) => Outcome::Sent,
        Err(SendError(item)) => Outcome::Unsent(Some(item)),
    }
}

pub async fn send_by_sink(tx: Tx, item: Item) -> Outcome {
    let mut sink = Sender::clone(&tx).into_sink();
    match sink.send(item).await {
        Ok(()) => Outcome::Sent,
        Err(SendError(())) => Outcome::Unsent(None),
    }
}

/// Messages that outlive the operation which sends or receives them.
pub type Shelf<C> = Rc<RefCell<C>>;

/// Puts on the shelf what it holds when it is dropped.
struct Shelved<C: Default>(C, Shelf<C>);

impl<C: Default> Drop for Shelved<C> {
    fn drop(&mut self) {
        *self.1.borrow_mut() = std::mem::take(&mut self.0);
    }
}

pub async fn send_many(tx: Tx, shelf: Shelf<VecDeque<Item>>) -> Outcome {
    let messages = shelf.take();
    let mut messages = Shelved(messages, shelf);
    Outcome::SentMany(tx.send_many(&mut messages.0).await)
}

pub async fn receive(rx: Rx) -> Outcome {
    Outcome::Received(rx.recv().await.ok())
}

pub async fn receive_by_stream(rx: Rx) -> Outcome {
    Outcome::Received(Receiver::clone(&rx).next().await)
}

pub async fn receive_many(rx: Rx, shelf: Shelf<Vec<Item>>, limit: usize) -> Outcome {
    let mut buffer = Shelved(Vec::new(), shelf);
    Outcome::ReceivedMany(rx.recv_many(&mut buffer.0, limit).await.ok())
}

/// What whoever holds a permit is told to do with it.
#[derive(Default)]
pub struct PermitDesk {
    pub granted: Cell<bool>,
    pub order: RefCell<Option<PermitOrder>>,
}

pub enum PermitOrder {
    Send(Item),
    Drop,
}

pub async fn reserve(tx: Tx, desk: Rc<PermitDesk>, at_once: bool) -> Outcome {
    let permit = if at_once {
        match tx.try_reserve() {
            Ok(permit) => permit,
            Err(error) => {
                return Outcome::NoPermit {
                    closed: matches!(error, TrySendError::Closed(())),
                };
            }
        }
    } else {
        match tx.reserve().await {
            Ok(permit) => permit,
            Err(SendError(())) => return Outcome::NoPermit { closed: true },
        }
    };
    desk.granted.set(true);
    let order = poll_fn(|_| desk.order.take().map_or(Poll::Pending, Poll::Ready)).await;
    match order {
        PermitOrder::Send(item) => Outcome::PermitUsed(permit.send(item)),
        PermitOrder::Drop => {
            drop(permit);
            Outcome::PermitDropped
        }
    }
}

/// Waits for the end, as seen from either side.
pub async fn closed(handle: Handle) -> Outcome {
    match &handle {
        Handle::Tx(tx) => tx.closed().await,
        Handle::Rx(rx) => rx.closed().await,
    }
    Outcome::SawClosed
}

/// What keeps one side of the channel there.
#[derive(Clone)]
pub enum Handle {
    Tx(Tx),
    Rx(Rx),
}
