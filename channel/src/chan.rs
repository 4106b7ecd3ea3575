//! What a channel is, and what may happen to it under its lock.
//!
//! # What always holds
//!
//! - Messages leave in the order in which they came, all through one queue: also those that are handed to a waiting receiver, and
//!   those that cross an unbuffered channel.
//! - A message that meets a waiting receiver is **promised**: it stays in the queue, the receiver leaves the wait list and is woken,
//!   and takes the oldest message when it comes. Newcomers leave as many messages to it as there are promises. A promised receiver that is
//!   dropped gives the promise back, and the next one gets it: so a cancelled receive can neither lose a message nor change the order.
//! - `available` are the messages beyond the promises, `permits` the places that were reserved. There is **room** while both together are
//!   fewer than the capacity, which is 0 for a rendezvous, and unlimited for an unbounded channel.
//! - A message is available only while no receiver waits, and a sender waits only while there is no room and no receiver waits; selects
//!   that poll or look at the time are passed by and marked, and look later.
//! - After `close` nothing enters the queue. Receivers learn of it when the queue is empty, promises included.
//!
//! A waiting receiver whose future is leaked (`mem::forget`) keeps its promise for ever. So that this withholds a message from nobody who
//! comes for it: a receiver that finds promised messages only gives way once, and then takes what is still there. Whoever comes for a
//! promise and finds the queue empty waits again, before all others.

#![expect(unsafe_code, reason = "the ring and the wait lists stand under the lock")]

use std::fmt;
use std::mem;

use triomphe::ThinArc;

use crate::buffer::{Buffer, Slot};
use crate::claim::Id;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Backoff, Guard, Lock};
use crate::wait_list::{Fit, Popped, State, WaitList};
use crate::wakes::Wakes;

/// The capacity of an unbounded channel: no memory holds as many messages.
pub(crate) const UNLIMITED: usize = isize::MAX as usize;

/// A channel, by reference count. One allocation: header and ring.
pub(crate) struct Chan<T>(ThinArc<Header<T>, Slot<T>>);

/// What each operation touches stands in the first 64 bytes, the line that goes from core to core: from `hint` to the beginning of
/// [`Inside`]'s buffer.
#[repr(C, align(64))]
struct Header<T> {
    hint: AtomicUsize,
    inside: Lock<Inside<T>>,
    capacity: usize,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

#[repr(C)]
struct Inside<T> {
    promised: u32,
    permits: u32,
    senders: WaitList<Offer<T>>,
    receivers: WaitList<Turn>,
    buffer: Buffer<T>,
    closers: WaitList<()>,
}

/// What a sender waits with.
#[derive(Debug)]
pub(crate) enum Offer<T> {
    Message(T),
    /// The sender wants a place, and has no message yet.
    Place,
    /// The message was taken.
    Taken,
}

impl<T> Offer<T> {
    /// The message, if there is one. A wish for a place stays.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        if !matches!(self, Offer::Message(_)) {
            return None;
        }
        match mem::replace(self, Offer::Taken) {
            Offer::Message(message) => Some(message),
            Offer::Place | Offer::Taken => None,
        }
    }
}

/// What a waiting receiver went through.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// It found promised messages only, and lets those come to whom they are promised.
    pub(crate) gave_way: bool,
    /// It was promised a message, and another receiver took that.
    pub(crate) overtaken: bool,
}

/// What came of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Offered {
    Done,
    Full,
    Closed,
    ComeAgain,
}

/// What came of an attempt to receive.
#[derive(Debug)]
#[must_use]
pub(crate) enum Taken<T> {
    Message(T),
    Empty,
    /// There are messages, each of them promised.
    Promised,
    Closed,
    ComeAgain,
}

/// What can be seen of a channel from outside of its lock. It may be outdated by the time that it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hint(usize);

impl Hint {
    const READABLE: usize = 0b001;
    const WRITABLE: usize = 0b010;
    const CLOSED: usize = 0b100;
    const VERSION: usize = 0b1000;

    /// Whether a receive might find something. If not, there was nothing.
    #[inline]
    pub(crate) fn readable(self) -> bool {
        self.0 & Self::READABLE != 0
    }

    /// Whether a send might succeed, or fail.
    #[inline]
    pub(crate) fn writable(self) -> bool {
        self.0 & Self::WRITABLE != 0
    }

    #[inline]
    pub(crate) fn closed(self) -> bool {
        self.0 & Self::CLOSED != 0
    }

    /// Grows with each change of the channel.
    #[inline]
    pub(crate) fn version(self) -> usize {
        self.0 / Self::VERSION
    }
}

impl fmt::Debug for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hint")
            .field("readable", &self.readable())
            .field("writable", &self.writable())
            .field("closed", &self.closed())
            .field("version", &self.version())
            .finish()
    }
}

/// Which side of a channel a handle is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

/// It points to its messages, which do not move with it.
impl<T> Unpin for Chan<T> {}

impl<T> Clone for Chan<T> {
    fn clone(&self) -> Chan<T> {
        Chan(self.0.clone())
    }
}

impl<T> Chan<T> {
    /// A channel with one sender and one receiver.
    pub(crate) fn new(capacity: usize, ring: usize) -> Chan<T> {
        let header = Header {
            hint: AtomicUsize::new(if capacity > 0 { Hint::WRITABLE } else { 0 }),
            inside: Lock::new(Inside {
                promised: 0,
                permits: 0,
                senders: WaitList::new(),
                receivers: WaitList::new(),
                buffer: Buffer::new(),
                closers: WaitList::new(),
            }),
            capacity,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        };
        Chan(ThinArc::from_header_and_iter(
            header,
            (0..ring).map(|_| Slot::empty()),
        ))
    }

    fn header(&self) -> &Header<T> {
        &self.0.header.header
    }

    #[inline]
    pub(crate) fn enter(&self) -> Section<'_, T> {
        let header = self.header();
        Section {
            inside: header.inside.lock(),
            chan: self,
            change: Change::None,
        }
    }

    #[inline]
    pub(crate) fn hint(&self) -> Hint {
        Hint(self.header().hint.load(Ordering::Acquire))
    }

    pub(crate) fn capacity(&self) -> usize {
        self.header().capacity
    }

    pub(crate) fn is_same(&self, other: &Chan<T>) -> bool {
        std::ptr::eq(self.header(), other.header())
    }

    /// Runs an operation that does not wait until it has met nobody who looks at the time.
    #[inline]
    pub(crate) fn until_settled<R>(
        &self,
        mut operation: impl FnMut(&mut Section<'_, T>, &mut Wakes) -> Option<R>,
    ) -> R {
        let mut backoff = Backoff::new();
        loop {
            let mut wakes = Wakes::new();
            let settled = operation(&mut self.enter(), &mut wakes);
            match settled {
                Some(result) => return result,
                None => backoff.pause(),
            }
        }
    }

    pub(crate) fn close(&self) -> bool {
        let mut wakes = Wakes::new();
        self.enter().close(&mut wakes)
    }

    fn handles_of(&self, side: Side) -> &AtomicUsize {
        match side {
            Side::Sender => &self.header().senders,
            Side::Receiver => &self.header().receivers,
        }
    }

    pub(crate) fn handles(&self, side: Side) -> usize {
        self.handles_of(side).load(Ordering::Relaxed)
    }

    /// One more handle beside an existing one.
    pub(crate) fn add_handle(&self, side: Side) {
        self.handles_of(side).fetch_add(1, Ordering::Relaxed);
    }

    /// One more handle, unless the last one is gone.
    pub(crate) fn revive_handle(&self, side: Side) -> bool {
        self.handles_of(side)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count > 0).then_some(count + 1)
            })
            .is_ok()
    }

    /// One handle less. The last one closes the channel; the last receiver also drops what nobody can receive any more.
    pub(crate) fn remove_handle(&self, side: Side) {
        if self.handles_of(side).fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        match side {
            Side::Sender => _ = self.close(),
            Side::Receiver => {
                let _discard = Discard(self);
                self.close();
            }
        }
    }
}

/// Drops what is left in a closed channel, one message after the other and outside of the lock, also when one panics.
struct Discard<'a, T>(&'a Chan<T>);

impl<T> Discard<'_, T> {
    fn next(&self) -> Option<T> {
        self.0.enter().pop()
    }
}

impl<T> Drop for Discard<'_, T> {
    fn drop(&mut self) {
        while let Some(message) = self.next() {
            let rest = Discard(self.0);
            drop(message);
            mem::forget(rest);
        }
    }
}

/// The right to change a channel. What has to be woken is gathered, and woken when the section is over.
pub(crate) struct Section<'a, T> {
    inside: Guard<'a, Inside<T>>,
    chan: &'a Chan<T>,
    change: Change,
}

/// What has to be published when a section is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Some,
    Closed,
}

impl<T> Section<'_, T> {
    /// Messages that a newcomer may take; below zero while a promise has no message, since one was taken after a turn.
    #[inline]
    fn unpromised(&self) -> isize {
        self.inside.buffer.len() as isize - self.inside.promised as isize
    }

    /// Messages that a newcomer may take.
    #[inline]
    pub(crate) fn available(&self) -> usize {
        self.unpromised().max(0) as usize
    }

    /// Messages and places that take up capacity.
    #[inline]
    fn used(&self) -> isize {
        self.unpromised() + self.inside.permits as isize
    }

    #[inline]
    fn has_room(&self) -> bool {
        self.used() < self.chan.capacity() as isize
    }

    pub(crate) fn is_full(&self) -> bool {
        !self.has_room()
    }

    #[inline]
    fn push(&mut self, message: T) {
        self.note_change();
        // SAFETY: `inside` is the guard of the lock, and the slots are this channel's.
        unsafe { self.inside.buffer.push(&self.chan.0.slice, message) };
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.note_change();
        // SAFETY: as in `push`.
        unsafe { self.inside.buffer.pop(&self.chan.0.slice) }
    }

    /// Sends the message if there is room and nobody has to be told: the usual case of a channel that buffers.
    #[inline]
    pub(crate) fn offer_quietly(&mut self, offer: &mut Offer<T>) -> bool {
        let quiet = self.has_room() && self.inside.receivers.is_empty() && !self.is_closed();
        if quiet && matches!(offer, Offer::Message(_)) {
            self.push_offered(offer);
            return true;
        }
        false
    }

    /// Sends the message, or reserves the place, if that can be done at once.
    pub(crate) fn offer(&mut self, offer: &mut Offer<T>, id: Id, wakes: &mut Wakes) -> Offered {
        if self.is_closed() {
            return Offered::Closed;
        }
        match offer {
            Offer::Message(_) => {}
            Offer::Place if self.reserve() => return Offered::Done,
            Offer::Place => return Offered::Full,
            Offer::Taken => return Offered::Done,
        }
        if !self.place_is_free() {
            return Offered::Full;
        }
        if !self.inside.receivers.is_empty() {
            match self.inside.receivers.pop_won(id) {
                Popped::Won(receiver) => {
                    self.inside.promised += 1;
                    receiver.complete(State::Completed, wakes);
                    self.push_offered(offer);
                    return Offered::Done;
                }
                Popped::ComeAgain => return Offered::ComeAgain,
                Popped::Nobody => {}
            }
        }
        if self.has_room() {
            self.push_offered(offer);
            return Offered::Done;
        }
        Offered::Full
    }

    #[inline]
    fn push_offered(&mut self, offer: &mut Offer<T>) {
        if let Some(message) = offer.take() {
            self.push(message);
        }
    }

    /// Whether there is room, or a receiver waits for whom no place is reserved: that is a place as well.
    fn place_is_free(&self) -> bool {
        let beyond = self.used().saturating_sub(self.chan.capacity() as isize);
        beyond < 0 || self.inside.receivers.has_more_than(beyond as usize)
    }

    fn reserve(&mut self) -> bool {
        let free = self.place_is_free();
        if free {
            self.note_change();
            self.inside.permits += 1;
        }
        free
    }

    /// Takes the oldest message that may be taken if nobody has to be told: no sender waits for the room, no receiver for the end.
    #[inline]
    pub(crate) fn take_quietly(&mut self) -> Option<T> {
        let quiet = self.unpromised() > 0 && self.inside.senders.is_empty() && !self.is_closed();
        if quiet { self.pop() } else { None }
    }

    /// Takes the oldest message that may be taken.
    pub(crate) fn take(&mut self, id: Id, wakes: &mut Wakes) -> Taken<T> {
        if self.unpromised() > 0 {
            let message = self.pop();
            self.after_pop(wakes);
            return message.map_or(Taken::Empty, Taken::Message);
        }
        if !self.inside.senders.is_empty() {
            // Who wants a place on an unbuffered channel needs a receiver that waits, and is served before the senders behind it.
            let behind_place = if id == Id::TRY { Fit::No } else { Fit::NotBeyond };
            let popped = self.inside.senders.pop_won_where(id, |offer| match offer {
                Offer::Place => behind_place,
                _ => Fit::Yes,
            });
            match popped {
                Popped::Won(mut sender) => {
                    let message = sender.value().take();
                    sender.complete(State::Completed, wakes);
                    if let Some(message) = message {
                        return Taken::Message(self.pass(message));
                    }
                }
                Popped::ComeAgain => return Taken::ComeAgain,
                Popped::Nobody => {}
            }
        }
        match self.inside.buffer.len() {
            0 if self.is_closed() => Taken::Closed,
            0 => Taken::Empty,
            _ => Taken::Promised,
        }
    }

    /// Lets a message through the queue: it comes out at once, unless others are on their way, of which the oldest comes out.
    fn pass(&mut self, message: T) -> T {
        self.note_change();
        if self.inside.buffer.len() == 0 {
            return message;
        }
        self.push(message);
        self.pop().expect("it holds what was pushed")
    }

    /// Takes the oldest message although it is promised.
    pub(crate) fn take_promised(&mut self, wakes: &mut Wakes) -> Option<T> {
        let message = self.pop();
        self.after_pop(wakes);
        message
    }

    /// For a receiver that was completed: the message that it was promised, unless somebody took it that waited longer than one turn.
    pub(crate) fn redeem(&mut self, wakes: &mut Wakes) -> Option<T> {
        self.inside.promised -= 1;
        // What newcomers may take stays the same, so there is nothing to publish.
        // SAFETY: as in `push`.
        let message = unsafe { self.inside.buffer.pop(&self.chan.0.slice) };
        if self.is_closed() {
            self.after_pop(wakes);
        }
        message
    }

    /// For a receiver that was completed and does not want its message any more.
    pub(crate) fn renounce(&mut self, wakes: &mut Wakes) {
        self.note_change();
        self.inside.promised -= 1;
        self.settle(wakes);
    }

    /// Sends a message in a place that was reserved, or gives the place back.
    pub(crate) fn use_permit(&mut self, offer: &mut Offer<T>, wakes: &mut Wakes) -> Offered {
        self.inside.permits -= 1;
        self.note_change();
        if self.is_closed() {
            return Offered::Closed;
        }
        if let Some(message) = offer.take() {
            self.push(message);
        }
        self.settle(wakes);
        Offered::Done
    }

    /// Sends a message for which there is no room in place of the oldest one, which comes out. An unbuffered channel, and one whose
    /// capacity is all promised or reserved, has none that could make room.
    pub(crate) fn displace(&mut self, offer: &mut Offer<T>, wakes: &mut Wakes) -> Option<T> {
        if self.chan.capacity() == 0 || self.unpromised() <= 0 {
            return None;
        }
        let oldest = self.pop();
        self.push_offered(offer);
        self.settle(wakes);
        oldest
    }

    /// Restores what the module's page says of waiting receivers and senders.
    fn settle(&mut self, wakes: &mut Wakes) {
        loop {
            while self.unpromised() > 0 && self.promise(wakes) {}
            if self.let_in(wakes) {
                continue;
            }
            // A sender and a receiver may have been kept apart by a reservation. The receiver is promised what the sender then brings.
            let apart = !self.inside.senders.is_empty() && self.place_is_free();
            if !apart || !self.promise(wakes) || !self.let_in(wakes) {
                break;
            }
        }
        self.tell_the_end(wakes);
    }

    /// Completes the receiver that waits first, if there is one that can be.
    fn promise(&mut self, wakes: &mut Wakes) -> bool {
        match self.inside.receivers.pop_won(Id::LONE) {
            Popped::Won(receiver) => {
                self.inside.promised += 1;
                receiver.complete(State::Completed, wakes);
                true
            }
            Popped::Nobody | Popped::ComeAgain => false,
        }
    }

    /// What follows when a message has come out.
    #[inline]
    fn after_pop(&mut self, wakes: &mut Wakes) {
        self.let_in(wakes);
        self.tell_the_end(wakes);
    }

    /// Lets senders that wait into the room that there is. Whether it let in any.
    #[inline]
    fn let_in(&mut self, wakes: &mut Wakes) -> bool {
        let mut any = false;
        while !self.inside.senders.is_empty() && self.has_room() {
            let Popped::Won(mut sender) = self.inside.senders.pop_won(Id::LONE) else {
                break;
            };
            match sender.value().take() {
                Some(message) => self.push(message),
                None => self.inside.permits += 1,
            }
            sender.complete(State::Completed, wakes);
            any = true;
        }
        any
    }

    /// Once a closed channel is empty, tells the receivers that wait.
    #[inline]
    fn tell_the_end(&mut self, wakes: &mut Wakes) {
        if self.inside.buffer.len() == 0 && self.is_closed() {
            complete_all(&mut self.inside.receivers, wakes);
        }
    }

    /// Closes the channel, if nobody has.
    fn close(&mut self, wakes: &mut Wakes) -> bool {
        if self.is_closed() {
            return false;
        }
        self.change = Change::Closed;
        complete_all(&mut self.inside.senders, wakes);
        complete_all(&mut self.inside.closers, wakes);
        if self.inside.buffer.len() == 0 {
            complete_all(&mut self.inside.receivers, wakes);
        }
        true
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.change == Change::Closed || Hint(self.chan.header().hint.load(Ordering::Relaxed)).closed()
    }

    #[inline]
    fn note_change(&mut self) {
        if self.change == Change::None {
            self.change = Change::Some;
        }
    }

    pub(crate) fn closers(&mut self) -> &mut WaitList<()> {
        &mut self.inside.closers
    }

    pub(crate) fn senders(&mut self) -> &mut WaitList<Offer<T>> {
        self.note_change();
        &mut self.inside.senders
    }

    pub(crate) fn receivers(&mut self) -> &mut WaitList<Turn> {
        self.note_change();
        &mut self.inside.receivers
    }

    /// Grants the places that receivers who wait are to those who wait for one.
    pub(crate) fn grant_places(&mut self, wakes: &mut Wakes) {
        let wants_place = |offer: &Offer<T>| match offer {
            Offer::Place => Fit::Yes,
            _ => Fit::No,
        };
        while !self.inside.senders.is_empty() && self.place_is_free() {
            match self.inside.senders.pop_won_where(Id::LONE, wants_place) {
                Popped::Won(sender) => {
                    self.inside.permits += 1;
                    sender.complete(State::Completed, wakes);
                }
                Popped::Nobody | Popped::ComeAgain => break,
            }
        }
    }
}

fn complete_all<V>(list: &mut WaitList<V>, wakes: &mut Wakes) {
    while let Popped::Won(waiter) = list.pop_won(Id::LONE) {
        waiter.complete(State::Closed, wakes);
    }
}

impl<T> Drop for Section<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.change == Change::None {
            return;
        }
        let published = &self.chan.header().hint;
        let before = published.load(Ordering::Relaxed);
        let mut hint = (before & !(Hint::READABLE | Hint::WRITABLE)).wrapping_add(Hint::VERSION);
        if self.change == Change::Closed {
            hint |= Hint::CLOSED;
        }
        if hint & Hint::CLOSED != 0 {
            hint |= Hint::READABLE | Hint::WRITABLE;
        }
        if self.unpromised() > 0 || !self.inside.senders.is_empty() {
            hint |= Hint::READABLE;
        }
        if self.has_room() || !self.inside.receivers.is_empty() {
            hint |= Hint::WRITABLE;
        }
        published.store(hint, Ordering::Release);
    }
}

impl<T> fmt::Debug for Chan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.enter().available(); // the writer is user code, and may use the channel
        f.debug_struct("Chan")
            .field("len", &len)
            .field("capacity", &self.capacity())
            .field("closed", &self.hint().closed())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(canter_loom)))]
mod tests {
    use super::{Header, Inside};
    use std::mem::{offset_of, size_of};

    #[test]
    fn what_each_operation_touches_fits_a_cache_line() {
        let before_inside = offset_of!(Header<u64>, inside) + size_of::<usize>();
        assert_eq!(
            before_inside + offset_of!(Inside<u64>, buffer) + 3 * size_of::<usize>(),
            64
        );
    }
}
