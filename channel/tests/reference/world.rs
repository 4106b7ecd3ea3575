//! What the reference knows of the channel, and what it holds against it after each step.
//!
//! It sees what any user sees: results, wake-ups and lengths. From those it keeps its own account of the line of those who wait,
//! and of the messages in the channel, and says what must hold.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;

use canter_channel::{Receiver, Sender, WeakReceiver, WeakSender, bounded, unbounded};

use crate::flag::Flag;
use crate::item::{Item, Ledger};
use crate::operation::{Handle, Operation, PermitDesk, Rx, Shelf, Tx};

pub struct World {
    /// `usize::MAX` if it is unbounded.
    pub capacity: usize,
    pub ledger: Ledger,
    pub txs: Vec<Tx>,
    pub rxs: Vec<Rx>,
    pub weak_tx: WeakSender<Item>,
    pub weak_rx: WeakReceiver<Item>,
    pub pending: Vec<Pending>,
    /// The messages in the channel, those that are promised to receivers included.
    pub queue: VecDeque<usize>,
    pub closed: bool,
    pub log: Log,
    next_place: i64,
}

/// An operation that is under way.
pub struct Pending {
    pub name: usize,
    pub kind: Kind,
    pub standing: Standing,
    /// In the line: who has the lower one is served before.
    pub place: i64,
    /// A receiver that found promised messages only, and was woken at once to look again.
    pub gave_way: bool,
    /// Whether it has a handle of its own beside `handle`.
    pub extra_handle: bool,
    pub operation: Operation,
    pub flag: Arc<Flag>,
    pub handle: Handle,
}

pub enum Kind {
    Send(usize),
    /// What has not entered the channel; when it waits, with the first of them.
    SendMany(Shelf<VecDeque<Item>>, VecDeque<usize>, usize),
    Reserve(Rc<PermitDesk>),
    Receive,
    ReceiveMany(Shelf<Vec<Item>>, usize),
    Closed,
}

/// How an operation stands, as far as results and wake-ups told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    New,
    /// In the line.
    Waiting,
    /// Woken: its message was taken, its place granted, or a message promised to it.
    Served,
    /// Woken since the channel was closed.
    Closed,
    /// It has a permit.
    Holding,
}

/// The steps so far. A failing test shows them.
#[derive(Default)]
pub struct Log(String);

impl Log {
    pub fn add(&mut self, step: std::fmt::Arguments<'_>) {
        writeln!(self.0, "  {step}").expect("a string grows");
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0);
        }
    }
}

impl World {
    pub fn new(capacity: usize) -> World {
        let (tx, rx) = if capacity == usize::MAX {
            unbounded()
        } else {
            bounded(capacity)
        };
        let mut log = Log::default();
        log.add(format_args!("capacity {capacity}"));
        World {
            capacity,
            ledger: Ledger::default(),
            weak_tx: tx.downgrade(),
            weak_rx: rx.downgrade(),
            txs: vec![Rc::new(tx)],
            rxs: vec![Rc::new(rx)],
            pending: Vec::new(),
            queue: VecDeque::new(),
            closed: false,
            log,
            next_place: 0,
        }
    }

    pub fn count(&self, of: impl Fn(&Pending) -> bool) -> usize {
        self.pending.iter().filter(|pending| of(pending)).count()
    }

    pub fn waiting_receivers(&self) -> usize {
        self.count(|pending| pending.is_receiver() && pending.standing == Standing::Waiting)
    }

    /// Senders that wait with a message.
    pub fn waiting_messages(&self) -> usize {
        self.count(|pending| pending.has_message() && pending.standing == Standing::Waiting)
    }

    fn waiting_for_permits(&self) -> usize {
        self.count(|pending| pending.wants_permit() && pending.standing == Standing::Waiting)
    }

    /// Permits that were granted and not used.
    pub fn permits(&self) -> usize {
        self.count(|pending| {
            pending.wants_permit() && matches!(pending.standing, Standing::Served | Standing::Holding)
        })
    }

    pub fn promised(&self) -> usize {
        self.count(Pending::is_promised)
    }

    /// Messages that are promised to nobody. Fewer than none while a promise has no message, since another receiver took it.
    fn unpromised(&self) -> isize {
        self.queue.len() as isize - self.promised() as isize
    }

    pub fn available(&self) -> usize {
        self.unpromised().max(0) as usize
    }

    /// Messages and places that take up capacity.
    pub fn used(&self) -> isize {
        self.unpromised() + self.permits() as isize
    }

    /// The capacity, and so many more places.
    pub fn places(&self, more: usize) -> isize {
        isize::try_from(self.capacity)
            .unwrap_or(isize::MAX)
            .saturating_add_unsigned(more)
    }

    pub fn has_room(&self) -> bool {
        self.used() < self.places(0)
    }

    /// Whether a message can enter, or a place be had, without waiting: there is room, or a receiver waits for whom no place is reserved.
    pub fn place_is_free(&self) -> bool {
        self.free_places() > 0
    }

    /// How many messages can enter, one after the other.
    pub fn free_places(&self) -> isize {
        if self.closed {
            0
        } else {
            self.places(self.waiting_receivers()).saturating_sub(self.used())
        }
    }

    pub fn is_over(&self) -> bool {
        self.closed && self.queue.is_empty()
    }

    pub fn new_place(&mut self) -> i64 {
        self.next_place += 1;
        self.next_place
    }

    pub fn place_before_all(&self) -> i64 {
        self.pending
            .iter()
            .map(|pending| pending.place)
            .min()
            .unwrap_or(0)
            .min(0)
            - 1
    }

    /// Takes note of the senders that a step has woken.
    pub fn observe_senders(&mut self, step: Step) {
        self.pending.sort_by_key(|pending| pending.place);
        let mut message_stays = false;
        let mut place_stays = false;
        for pending in &mut self.pending {
            if pending.standing != Standing::Waiting || pending.is_receiver() {
                continue;
            }
            let woken = pending.flag.take();
            let name = pending.name;
            if step == Step::Closes {
                assert!(woken, "{name} does not learn that the channel was closed");
                pending.standing = Standing::Closed;
                continue;
            }
            if pending.has_message() {
                assert!(
                    !woken || !message_stays,
                    "{name} is served before a send that waits longer"
                );
                let in_line = step != Step::TakesWithoutWaiting;
                assert!(
                    !woken || !in_line || !place_stays,
                    "{name} is served before a reservation that waits longer"
                );
                message_stays |= !woken;
            } else if pending.wants_permit() {
                assert!(
                    !woken || !message_stays && !place_stays,
                    "{name} gets the place of a sender that waits longer"
                );
                place_stays |= !woken;
            } else {
                assert!(!woken, "{name} was told of a close that was none");
            }
            if woken {
                self.log.add(format_args!("  {name} was served"));
                pending.standing = Standing::Served;
                self.queue.extend(pending.served_message());
            }
        }
    }

    /// Takes note of the receivers that a step has woken.
    pub fn observe_receivers(&mut self) {
        let is_over = self.is_over();
        self.pending.sort_by_key(|pending| pending.place);
        let mut other_stays = false;
        for pending in &mut self.pending {
            if pending.standing != Standing::Waiting || !pending.is_receiver() {
                continue;
            }
            let woken = pending.flag.take();
            let name = pending.name;
            if woken {
                assert!(
                    !other_stays,
                    "{name} is served before a receive that waits longer"
                );
                pending.standing = if is_over {
                    Standing::Closed
                } else {
                    Standing::Served
                };
                self.log.add(format_args!("  {name}: {:?}", pending.standing));
            } else {
                assert!(
                    !is_over,
                    "{name} does not learn that the channel is closed and empty"
                );
                other_stays = true;
            }
        }
    }

    /// The messages that a step has taken out are the oldest, and were not dropped.
    pub fn expect_oldest(&mut self, items: &[Item]) {
        for item in items {
            assert_eq!(
                Some(item.id),
                self.queue.pop_front(),
                "the oldest message comes first"
            );
            assert!(
                !self.ledger.was_dropped(item.id),
                "a message that was dropped is received"
            );
        }
    }

    /// What must hold between two steps.
    pub fn check(&self) {
        let available = self.available();
        let receivers = self.waiting_receivers();
        let messages = self.waiting_messages();
        let reservations = self.waiting_for_permits();
        if self.closed {
            assert_eq!(
                messages + reservations,
                0,
                "nobody waits to send into a closed channel"
            );
        }
        assert!(
            available == 0 || receivers == 0,
            "a receive waits beside a message"
        );
        assert!(
            messages == 0 || !self.place_is_free(),
            "a send waits beside room, or a receiver"
        );
        assert!(
            reservations == 0 || !self.place_is_free(),
            "a reservation waits beside a place"
        );
        if let Some(tx) = self.txs.first() {
            self.check_views(
                tx.len(),
                tx.is_empty(),
                tx.is_full(),
                tx.is_closed(),
                tx.capacity(),
            );
            self.check_counts(tx.sender_count(), tx.receiver_count());
        }
        if let Some(rx) = self.rxs.first() {
            self.check_views(
                rx.len(),
                rx.is_empty(),
                rx.is_full(),
                rx.is_closed(),
                rx.capacity(),
            );
            self.check_counts(rx.sender_count(), rx.receiver_count());
        }
    }

    fn check_views(&self, len: usize, empty: bool, full: bool, closed: bool, capacity: Option<usize>) {
        assert_eq!(len, self.available(), "len");
        assert_eq!(empty, self.available() == 0, "is_empty");
        assert_eq!(full, self.capacity == 0 || !self.has_room(), "is_full");
        assert_eq!(closed, self.closed, "is_closed");
        assert_eq!(capacity.unwrap_or(usize::MAX), self.capacity, "capacity");
    }

    fn check_counts(&self, senders: usize, receivers: usize) {
        assert_eq!(senders, self.sender_handles(), "sender_count");
        assert_eq!(receivers, self.receiver_handles(), "receiver_count");
    }

    pub fn sender_handles(&self) -> usize {
        let of_operations = self
            .pending
            .iter()
            .filter(|pending| matches!(pending.handle, Handle::Tx(_)));
        self.txs.len() + of_operations.map(Pending::handles).sum::<usize>()
    }

    pub fn receiver_handles(&self) -> usize {
        let of_operations = self
            .pending
            .iter()
            .filter(|pending| matches!(pending.handle, Handle::Rx(_)));
        self.rxs.len() + of_operations.map(Pending::handles).sum::<usize>()
    }

    /// A handle is dropped, which is no longer counted as one.
    pub fn let_go(&mut self, handle: Handle) {
        match handle {
            Handle::Tx(tx) => {
                let tx = Rc::try_unwrap(tx).unwrap_or_else(|_| panic!("it is held once"));
                self.let_go_of_sender(tx);
            }
            Handle::Rx(rx) => {
                let rx = Rc::try_unwrap(rx).unwrap_or_else(|_| panic!("it is held once"));
                self.let_go_of_receiver(rx);
            }
        }
    }

    fn let_go_of_sender(&mut self, tx: Sender<Item>) {
        let closes = self.sender_handles() == 0 && !self.closed;
        drop(tx);
        self.closed |= closes;
        self.observe_senders(if closes { Step::Closes } else { Step::Other });
        self.observe_receivers();
    }

    fn let_go_of_receiver(&mut self, rx: Receiver<Item>) {
        let last = self.receiver_handles() == 0;
        let closes = last && !self.closed;
        drop(rx);
        if last {
            for id in self.queue.drain(..) {
                assert!(
                    self.ledger.was_dropped(id),
                    "nobody can receive message {id} any more"
                );
            }
        }
        self.closed |= closes;
        self.observe_senders(if closes { Step::Closes } else { Step::Other });
        self.observe_receivers();
    }
}

/// What a step may do to those who wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Closes,
    /// It takes from a sender that has a message, whoever waits for a place before it.
    TakesWithoutWaiting,
    Other,
}

impl Pending {
    pub fn is_receiver(&self) -> bool {
        matches!(self.kind, Kind::Receive | Kind::ReceiveMany(..))
    }

    /// A receiver to whom a message is promised.
    pub fn is_promised(&self) -> bool {
        self.is_receiver() && self.standing == Standing::Served
    }

    pub fn has_message(&self) -> bool {
        matches!(self.kind, Kind::Send(_) | Kind::SendMany(..))
    }

    pub fn wants_permit(&self) -> bool {
        matches!(self.kind, Kind::Reserve(_))
    }

    /// The message with which it waited, now that it is in the channel.
    fn served_message(&mut self) -> Option<usize> {
        match &mut self.kind {
            Kind::Send(id) => Some(*id),
            Kind::SendMany(_, rest, sent) => {
                *sent += 1;
                rest.pop_front()
            }
            _ => None,
        }
    }

    fn handles(&self) -> usize {
        1 + usize::from(self.extra_handle)
    }
}

thread_local! {
    static NAMES: Cell<usize> = const { Cell::new(0) };
}

pub fn new_name() -> usize {
    NAMES.replace(NAMES.get() + 1)
}
