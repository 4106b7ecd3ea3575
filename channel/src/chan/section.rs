//! All that happens to a channel, each within one section of its lock.

#![expect(unsafe_code, reason = "the buffer's slots stand under the lock")]

use super::{Chan, Hint, Inside, Offer, Offered, Standing, Taken, Turn};
use crate::claim::Id;
use crate::sync::Guard;
use crate::sync::atomic::Ordering;
use crate::wait_list::{Fit, Popped, State, WaitList};
use canter_coop::Wakes;

/// The right to change a channel. What has to be woken is gathered, and woken when the section is over.
pub(crate) struct Section<'a, T> {
    inside: Guard<'a, Inside<T>>,
    chan: &'a Chan<T>,
    /// What was published last. A change publishes the next one when the section is over.
    hint: Hint,
    changed: bool,
}

impl<'a, T> Section<'a, T> {
    #[inline]
    pub(super) fn new(chan: &'a Chan<T>, inside: Guard<'a, Inside<T>>) -> Section<'a, T> {
        Section {
            inside,
            chan,
            hint: Hint(chan.header().hint.load(Ordering::Relaxed)),
            changed: false,
        }
    }

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
    fn has_free_place(&self) -> bool {
        self.used() < self.chan.capacity() as isize
    }

    /// Whether one more message may go in: into a place, or to a promise that has none.
    #[inline]
    fn has_room(&self) -> bool {
        self.has_free_place() || self.unpromised() < 0 && self.may_reserve()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.chan.capacity() == 0 || !self.has_free_place()
    }

    #[inline]
    fn push(&mut self, message: T) {
        self.note_change();
        // SAFETY: `inside` is the guard of the lock, and the slots are this channel's.
        unsafe { self.inside.buffer.push(self.chan.0.slots(), message) };
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        self.note_change();
        // SAFETY: as in `push`.
        unsafe { self.inside.buffer.pop(self.chan.0.slots()) }
    }

    /// Sends the message if there is room and nobody has to be told: the usual case of a channel that buffers.
    #[inline]
    pub(crate) fn offer_quietly(&mut self, offer: &mut Offer<T>) -> bool {
        let quiet = self.has_free_place() && self.inside.receivers.is_empty() && !self.is_closed();
        if quiet && matches!(offer, Offer::Message(_)) {
            self.push_offered(offer);
            return true;
        }
        false
    }

    /// Whether a message would have to wait, behind senders alone: the usual case of a sender that comes to wait.
    #[inline]
    pub(crate) fn is_plainly_full(&self) -> bool {
        !self.has_free_place() && self.inside.receivers.is_empty() && !self.is_closed()
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
        if !self.may_reserve() {
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
    #[inline]
    fn may_reserve(&self) -> bool {
        self.has_free_place() || {
            let beyond = self.used() - self.chan.capacity() as isize;
            self.inside.receivers.has_more_than(beyond as usize)
        }
    }

    fn reserve(&mut self) -> bool {
        let free = self.may_reserve();
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

    /// The same for a channel that is closed: nobody has to be told before its last message is taken.
    #[inline]
    pub(crate) fn take_quietly_of_closed(&mut self) -> Option<T> {
        let quiet = self.is_closed() && self.unpromised() > 0 && self.inside.buffer.len() > 1;
        if quiet { self.pop() } else { None }
    }

    /// Whether there is nothing to take, and nobody there but receivers: the usual case of a receiver that comes to wait.
    #[inline]
    pub(crate) fn is_plainly_empty(&self) -> bool {
        let nothing = self.inside.buffer.len() == 0 && self.inside.permits == 0;
        nothing && self.inside.senders.is_empty() && !self.is_closed()
    }

    /// Takes the oldest message that may be taken.
    #[inline]
    pub(crate) fn take(&mut self, id: Id, standing: Standing, wakes: &mut Wakes) -> Taken<T> {
        if self.unpromised() > 0 {
            let message = self.pop();
            self.after_pop(wakes);
            return message.map_or(Taken::Empty, Taken::Message);
        }
        if !self.inside.senders.is_empty() && self.is_served(standing) {
            // Who wants a place on an unbuffered channel needs a receiver that waits, and is served before the senders behind it.
            let place = if id == Id::TRY { Fit::No } else { Fit::NotBeyond };
            match self.pop_sender(id, place) {
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
            // On an open unbuffered channel whoever is promised a message has received it, as its sender knows.
            _ if self.chan.capacity() == 0 && !self.is_closed() => Taken::Empty,
            _ => Taken::Promised,
        }
    }

    /// The sender that waits first, of those with a message; and of those that want a place, if that fits.
    #[inline]
    fn pop_sender(&mut self, id: Id, place: Fit) -> Popped<Offer<T>> {
        self.inside.senders.pop_won_where(id, |offer| match offer {
            Offer::Place => place,
            _ => Fit::Yes,
        })
    }

    /// Whether a receiver that stands so may take the message of a sender that waits.
    #[inline]
    fn is_served(&self, standing: Standing) -> bool {
        if self.inside.permits == 0 || self.inside.receivers.is_empty() {
            return true;
        }
        match standing {
            Standing::Newcomer => false,
            Standing::Listed => self.may_reserve(),
            Standing::First => true,
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
    /// If the channel is closed, [`tell_the_end`](Section::tell_the_end) must follow.
    #[inline]
    pub(crate) fn redeem(&mut self) -> Option<T> {
        self.inside.promised -= 1;
        // What newcomers may take stays the same, so there is nothing to publish.
        // SAFETY: as in `push`.
        unsafe { self.inside.buffer.pop(self.chan.0.slots()) }
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
        self.rejoin(wakes);
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

    /// Restores what the module's page says of waiting receivers and senders, where no reservation has kept them apart.
    fn settle(&mut self, wakes: &mut Wakes) {
        loop {
            while self.unpromised() > 0 && self.promise(wakes) {}
            if !self.let_in(wakes) && !self.grant_place(wakes) {
                break;
            }
        }
        self.tell_the_end(wakes);
    }

    /// The same where one has: a sender and a receiver may wait beside each other, and find each other now.
    fn rejoin(&mut self, wakes: &mut Wakes) {
        loop {
            self.settle(wakes);
            if self.inside.senders.is_empty() || !self.may_reserve() {
                return;
            }
            let joined = if self.inside.receivers.has_lone() {
                self.bring_message(wakes)
            } else {
                // A select that can't be won at present would leave the message to nobody: so it is won first, and looks again if the
                // sender, a select as well, can't be.
                self.promise(wakes) && self.let_in(wakes)
            };
            if !joined {
                return;
            }
        }
    }

    /// Takes in the message of the sender that waits longest, unless that one wants a place.
    fn bring_message(&mut self, wakes: &mut Wakes) -> bool {
        let Popped::Won(mut sender) = self.pop_sender(Id::LONE, Fit::NotBeyond) else {
            return false;
        };
        self.push_offered(sender.value());
        sender.complete(State::Completed, wakes);
        true
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
            let place = if self.has_free_place() {
                Fit::Yes
            } else {
                Fit::NotBeyond
            };
            let Popped::Won(mut sender) = self.pop_sender(Id::LONE, place) else {
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
    pub(crate) fn tell_the_end(&mut self, wakes: &mut Wakes) {
        if self.is_over() {
            complete_all(&mut self.inside.receivers, wakes);
        }
    }

    /// Closes the channel, if nobody has.
    pub(super) fn close(&mut self, wakes: &mut Wakes) -> bool {
        if self.is_closed() {
            return false;
        }
        self.note_change();
        self.hint = self.hint.now_closed();
        complete_all(&mut self.inside.senders, wakes);
        complete_all(&mut self.inside.closers, wakes);
        self.tell_the_end(wakes);
        while self.promise(wakes) {} // what is left is promised to others, and may have been left behind: who waits comes to see
        true
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.hint.closed()
    }

    /// Whether nothing will come any more, not even from a promise that is given back.
    pub(crate) fn is_over(&self) -> bool {
        self.is_closed() && self.inside.buffer.len() == 0
    }

    #[inline]
    fn note_change(&mut self) {
        self.changed = true;
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

    /// A receiver was enlisted: with one more of them, somebody may be served who waits for a receiver or for a place.
    #[inline]
    pub(crate) fn receiver_came(&mut self, wakes: &mut Wakes) {
        let reserved = self.inside.permits > 0
            || self
                .inside
                .senders
                .first_is(|offer| matches!(offer, Offer::Place));
        if reserved {
            self.rejoin(wakes);
        }
    }

    /// Grants the place that is free to the sender that waits longest, if that is one who wants a place.
    fn grant_place(&mut self, wakes: &mut Wakes) -> bool {
        let wants_place = |offer: &Offer<T>| matches!(offer, Offer::Place);
        if !self.inside.senders.first_is(wants_place) || !self.may_reserve() {
            return false;
        }
        let popped = self.inside.senders.pop_won_where(Id::LONE, |offer| match offer {
            Offer::Place => Fit::Yes,
            _ => Fit::No,
        });
        match popped {
            Popped::Won(sender) => {
                self.inside.permits += 1;
                sender.complete(State::Completed, wakes);
                true
            }
            Popped::Nobody | Popped::ComeAgain => false,
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
        if !self.changed {
            return;
        }
        let readable = self.unpromised() > 0 || !self.inside.senders.is_empty();
        let writable = self.has_free_place() || !self.inside.receivers.is_empty();
        let Hint(next) = self.hint.next(readable, writable);
        self.chan.header().hint.store(next, Ordering::Release);
    }
}
