//! Several messages at once.

#![expect(unsafe_code, reason = "a future is pinned with the slot in it")]

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::chan::{Borrowed, Chan, Offer, Offered, Standing, Taken};
use crate::claim::Id;
use crate::error::{RecvError, SendError};
use crate::recv::RecvSlot;
use crate::send::{Closed, SendSlot};
use canter_coop::Wakes;

/// How many messages move under one lock.
const BATCH: usize = 32;

/// The future of [`Sender::send_many`](crate::Sender::send_many).
#[must_use = "a future does nothing until it is awaited"]
pub struct SendMany<'a, T> {
    slot: SendSlot<T, Borrowed<'a, T>>,
    /// Whether the slot holds the message that comes before the queue.
    holds: bool,
    messages: &'a mut VecDeque<T>,
    sent: usize,
    place: &'static Location<'static>,
}

impl<'a, T> SendMany<'a, T> {
    pub(crate) fn new(
        chan: Borrowed<'a, T>,
        messages: &'a mut VecDeque<T>,
        place: &'static Location<'static>,
    ) -> SendMany<'a, T> {
        SendMany {
            slot: SendSlot::new(chan, Offer::Taken),
            holds: false,
            messages,
            sent: 0,
            place,
        }
    }
}

/// Sends from the front what can be sent at once.
fn send_batch<T>(chan: &Chan<T>, messages: &mut VecDeque<T>) -> (usize, Offered) {
    let mut wakes = Wakes::new();
    let mut section = chan.enter();
    for sent in 0..BATCH {
        let Some(message) = messages.pop_front() else {
            return (sent, Offered::Done);
        };
        let mut offer = Offer::Message(message);
        let offered = section.offer(&mut offer, Id::LONE, &mut wakes);
        if let Some(message) = offer.take() {
            messages.push_front(message);
            return (sent, offered);
        }
    }
    (BATCH, Offered::Done)
}

impl<T> Future for SendMany<'_, T> {
    type Output = Result<usize, SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: only the slot has to stay where it is, and it does.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: the slot is pinned with the future.
        let mut slot = unsafe { Pin::new_unchecked(&mut this.slot) };
        loop {
            if this.holds {
                match ready!(slot.as_ref().poll(cx, this.place)) {
                    Ok(()) => this.sent += 1,
                    Err(Closed) => {
                        if let Some(message) = slot.as_mut().take_back() {
                            this.messages.push_front(message);
                        }
                        this.holds = false;
                        return Poll::Ready(Err(SendError(())));
                    }
                }
                this.holds = false;
            }
            let (sent, _) = send_batch(slot.chan(), this.messages);
            this.sent += sent;
            let Some(next) = this.messages.pop_front() else {
                return Poll::Ready(Ok(this.sent));
            };
            slot.as_mut().set_offer(Offer::Message(next)); // waits if there is no room, and takes part in the budget
            this.holds = true;
        }
    }
}

impl<T> Drop for SendMany<'_, T> {
    fn drop(&mut self) {
        if self.holds {
            // SAFETY: the slot has not been moved since it was polled, and is not afterwards.
            let slot = unsafe { Pin::new_unchecked(&mut self.slot) };
            if let Some(message) = slot.take_back() {
                self.messages.push_front(message);
            }
        }
    }
}

impl<T> fmt::Debug for SendMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMany")
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

/// The future of [`Receiver::recv_many`](crate::Receiver::recv_many).
#[must_use = "a future does nothing until it is awaited"]
pub struct RecvMany<'a, T> {
    slot: RecvSlot<T, Borrowed<'a, T>>,
    buffer: &'a mut Vec<T>,
    limit: usize,
    place: &'static Location<'static>,
}

impl<'a, T> RecvMany<'a, T> {
    pub(crate) fn new(
        chan: Borrowed<'a, T>,
        buffer: &'a mut Vec<T>,
        limit: usize,
        place: &'static Location<'static>,
    ) -> RecvMany<'a, T> {
        RecvMany {
            slot: RecvSlot::new(chan),
            buffer,
            limit,
            place,
        }
    }
}

/// Appends what can be received at once, as far as the buffer has room without an allocation. Whether more may be there.
fn receive_batch<T>(chan: &Chan<T>, buffer: &mut Vec<T>, most: usize) -> bool {
    let mut wakes = Wakes::new();
    let mut section = chan.enter();
    for _ in 0..most.min(BATCH) {
        match section.take(Id::LONE, Standing::Newcomer, &mut wakes) {
            Taken::Message(message) => buffer.push(message),
            Taken::Empty | Taken::Promised | Taken::Closed | Taken::ComeAgain => return false,
        }
    }
    true
}

impl<T> Future for RecvMany<'_, T> {
    type Output = Result<usize, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: only the slot has to stay where it is, and it does.
        let this = unsafe { self.get_unchecked_mut() };
        if this.limit == 0 {
            return Poll::Ready(Ok(0));
        }
        // SAFETY: the slot is pinned with the future.
        let slot = unsafe { Pin::new_unchecked(&this.slot) };
        let first = match ready!(slot.poll(cx, this.place)) {
            Ok(first) => first,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let before = this.buffer.len();
        this.buffer.push(first);
        loop {
            let wanted = this.limit - (this.buffer.len() - before);
            let there = slot.chan().enter().available();
            this.buffer.reserve(wanted.min(there.max(1)));
            let most = wanted.min(this.buffer.capacity() - this.buffer.len());
            if wanted == 0 || !receive_batch(slot.chan(), this.buffer, most) {
                return Poll::Ready(Ok(this.buffer.len() - before));
            }
        }
    }
}

impl<T> fmt::Debug for RecvMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvMany")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
