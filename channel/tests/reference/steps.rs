//! The steps: what a user may do, and what has to come of it.

use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Poll;

use canter_channel::{SendError, TryRecvError, TrySendError};

use crate::flag::{Flag, poll};
use crate::item::Item;
use crate::operation::{self, Handle, Operation, Outcome, PermitDesk, PermitOrder, Shelf};
use crate::world::{Kind, Pending, Standing, Step, World, new_name};

impl World {
    fn begin(&mut self, kind: Kind, operation: Operation, handle: Handle, extra_handle: bool) -> usize {
        self.pending.push(Pending {
            name: new_name(),
            kind,
            standing: Standing::New,
            place: i64::MAX,
            gave_way: false,
            extra_handle: false,
            operation,
            flag: Flag::new(),
            handle,
        });
        let index = self.pending.len() - 1;
        self.poll_first(index, extra_handle);
        index
    }

    /// An operation with a handle of its own has that from its first poll on.
    fn poll_first(&mut self, index: usize, extra_handle: bool) {
        let name = self.pending[index].name;
        self.poll(name);
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.name == name) {
            pending.extra_handle = extra_handle;
        }
    }

    pub fn send(&mut self, sender: usize, by_sink: bool) {
        let tx = Rc::new((*self.txs[sender]).clone());
        let item = self.ledger.make();
        let id = item.id;
        self.log.add(format_args!("send {id}"));
        let operation: Operation = if by_sink {
            Box::pin(operation::send_by_sink(tx.clone(), item))
        } else {
            Box::pin(operation::send(tx.clone(), item))
        };
        self.begin(Kind::Send(id), operation, Handle::Tx(tx), by_sink);
    }

    pub fn send_many(&mut self, sender: usize, count: usize) {
        let tx = Rc::new((*self.txs[sender]).clone());
        let items: VecDeque<Item> = (0..count).map(|_| self.ledger.make()).collect();
        let ids: VecDeque<usize> = items.iter().map(|item| item.id).collect();
        self.log.add(format_args!("send many {ids:?}"));
        let shelf = Shelf::new(items.into());
        let operation = operation::send_many(tx.clone(), shelf.clone());
        self.begin(
            Kind::SendMany(shelf, ids, 0),
            Box::pin(operation),
            Handle::Tx(tx),
            false,
        );
    }

    pub fn reserve(&mut self, sender: usize, at_once: bool) {
        let tx = Rc::new((*self.txs[sender]).clone());
        self.log.add(format_args!("reserve, at once: {at_once}"));
        let desk = Rc::<PermitDesk>::default();
        let operation = operation::reserve(tx.clone(), desk.clone(), at_once);
        let free = self.place_is_free();
        let count = self.pending.len();
        self.begin(Kind::Reserve(desk), Box::pin(operation), Handle::Tx(tx), false);
        let holds = self.pending.len() > count;
        assert!(!at_once || holds == free, "a place is had at once if one is free");
    }

    pub fn receive(&mut self, receiver: usize, by_stream: bool) {
        let rx = Rc::new((*self.rxs[receiver]).clone());
        self.log.add(format_args!("receive"));
        let operation: Operation = if by_stream {
            Box::pin(operation::receive_by_stream(rx.clone()))
        } else {
            Box::pin(operation::receive(rx.clone()))
        };
        self.begin(Kind::Receive, operation, Handle::Rx(rx), by_stream);
    }

    pub fn receive_many(&mut self, receiver: usize, limit: usize) {
        let rx = Rc::new((*self.rxs[receiver]).clone());
        self.log.add(format_args!("receive many, {limit} at the most"));
        let shelf = Shelf::default();
        let operation = operation::receive_many(rx.clone(), shelf.clone(), limit);
        self.begin(
            Kind::ReceiveMany(shelf, limit),
            Box::pin(operation),
            Handle::Rx(rx),
            false,
        );
    }

    pub fn wait_for_close(&mut self, handle: Handle) {
        self.log.add(format_args!("wait for the close"));
        let handle = match handle {
            Handle::Tx(tx) => Handle::Tx(Rc::new((*tx).clone())),
            Handle::Rx(rx) => Handle::Rx(Rc::new((*rx).clone())),
        };
        let operation = operation::closed(handle.clone());
        self.begin(Kind::Closed, Box::pin(operation), handle, false);
    }

    /// Polls an operation, whether it was woken or not.
    pub fn poll(&mut self, name: usize) {
        let index = self.index_of(name);
        let pending = &mut self.pending[index];
        self.log.add(format_args!("poll {name}, {:?}", pending.standing));
        if name % 3 == 0 {
            pending.flag = Flag::new(); // another waker than the last time
        }
        pending.flag.take();
        let polled = poll(&mut pending.operation, &pending.flag.clone());
        let woken_by_itself = pending.flag.take();
        assert!(
            !woken_by_itself || pending.is_receiver() && (polled.is_pending() || self.closed),
            "{name} woke itself for nothing"
        );
        self.log.add(format_args!(
            "  ready: {}, woken by itself: {woken_by_itself}",
            polled.is_ready()
        ));
        let pending = &mut self.pending[index];
        pending.gave_way &= !matches!(polled, Poll::Pending);
        let took_turn = pending.standing == Standing::Waiting && !pending.gave_way && polled.is_ready();
        assert!(!took_turn, "{name} can go on, and was not woken");
        match polled {
            Poll::Pending => self.still_pending(name, woken_by_itself),
            Poll::Ready(outcome) => self.ended(name, outcome),
        }
    }

    fn index_of(&self, name: usize) -> usize {
        let found = self.pending.iter().position(|pending| pending.name == name);
        found.expect("it is pending")
    }

    fn still_pending(&mut self, name: usize, woken_by_itself: bool) {
        let can_enter = self.place_is_free();
        let place_is_free = self.place_is_free();
        let has_messages = !self.queue.is_empty();
        let in_turn = self.nobody_reserves() && self.waiting_receivers() == 0;
        let could_take = self.available() > 0 || self.waiting_messages() > 0 && in_turn;
        let is_over = self.is_over();
        let closed = self.closed;
        let (new_place, first_place) = (self.new_place(), self.place_before_all());
        let free_places = self.free_places();
        let messages = self.queue.len();
        self.observe_senders(Step::Other);
        self.observe_receivers();
        let index = self.index_of(name);
        let promised = self.promised() - usize::from(self.pending[index].is_promised());
        let sender_came = self.queue.len() > messages && self.queue.len() > promised;
        let pending = &mut self.pending[index];
        let was = pending.standing;
        assert_ne!(
            was,
            Standing::Closed,
            "{name} does not say that the channel is closed"
        );
        match &mut pending.kind {
            Kind::Send(_) => {
                assert!(
                    was != Standing::Served && (was != Standing::New || !can_enter),
                    "{name} can enter"
                );
                pending.wait(new_place);
            }
            Kind::SendMany(_, rest, sent) => {
                if was != Standing::Waiting {
                    assert!(!closed, "{name} does not say that the channel is closed");
                    let entering = rest.len().min(free_places.max(0) as usize);
                    self.queue.extend(rest.drain(..entering));
                    *sent += entering;
                    assert!(!rest.is_empty(), "{name} has sent all");
                    pending.wait(new_place);
                }
            }
            Kind::Reserve(desk) if desk.granted.get() => match was {
                Standing::New => {
                    assert!(place_is_free, "{name} got a place that was not free");
                    pending.standing = Standing::Holding;
                }
                Standing::Served | Standing::Holding => pending.standing = Standing::Holding,
                _ => panic!("{name} has a place, and was not woken"),
            },
            Kind::Reserve(_) => {
                let fails = was == Standing::Served || was == Standing::New && place_is_free;
                assert!(!fails, "{name} has a place");
                pending.wait(new_place);
            }
            Kind::Receive | Kind::ReceiveMany(..) => {
                pending.gave_way = woken_by_itself && !sender_came;
                assert!(!pending.gave_way || has_messages, "{name} gives way to nobody");
                match was {
                    Standing::Served => {
                        assert!(!has_messages, "{name} was promised a message");
                        pending.standing = Standing::Waiting; // another one took it
                        pending.place = first_place;
                    }
                    Standing::New => {
                        assert!(!could_take && !is_over, "{name} can receive");
                        pending.wait(new_place);
                    }
                    _ => {}
                }
                if woken_by_itself && sender_came {
                    pending.standing = Standing::Served; // it was a place for somebody, and then a sender came
                }
            }
            Kind::Closed => {
                assert!(!closed, "{name} does not see the close");
                pending.wait(new_place);
            }
        }
        self.observe_receivers();
    }

    /// Whether no reservation waits before all sends: a receive waits for what comes in its place.
    fn nobody_reserves(&self) -> bool {
        let waiting = self
            .pending
            .iter()
            .filter(|pending| pending.standing == Standing::Waiting);
        let first = waiting.filter(|pending| pending.has_message() || pending.wants_permit());
        first
            .min_by_key(|pending| pending.place)
            .is_none_or(Pending::has_message)
    }

    fn ended(&mut self, name: usize, outcome: Outcome) {
        let can_enter = self.place_is_free();
        let senders_wait = self.waiting_messages() > 0;
        let index = self.index_of(name);
        let older_receivers = {
            let place = self.pending[index].place;
            self.count(|other| {
                other.is_receiver() && other.standing == Standing::Waiting && other.place < place
            })
        };
        let free_places = self.free_places();
        let mut pending = self.pending.remove(index);
        let was = pending.standing;
        let mut received = Vec::new();
        match (&mut pending.kind, outcome) {
            (Kind::Send(id), Outcome::Sent) => {
                if was == Standing::New {
                    assert!(can_enter, "{name} entered without room");
                    assert!(!senders_wait, "{name} overtook a send that waits");
                    self.queue.push_back(*id);
                }
                assert_ne!(was, Standing::Closed, "{name} was not sent");
            }
            (Kind::Send(id), Outcome::Unsent(item)) => {
                assert!(self.closed && was != Standing::Served, "{name} has to be sent");
                match item {
                    Some(item) => assert_eq!(item.id, *id),
                    None => assert!(self.ledger.was_dropped(*id)),
                }
            }
            (Kind::SendMany(shelf, rest, sent), Outcome::SentMany(result)) => {
                if !rest.is_empty() && was == Standing::New {
                    assert!(!senders_wait || self.closed, "{name} overtook a send that waits");
                }
                if result.is_ok() {
                    let entering = rest.len().min(free_places.max(0) as usize);
                    self.queue.extend(rest.drain(..entering));
                    *sent += entering;
                    assert!(rest.is_empty(), "{name} sent more than there is room for");
                    assert_eq!(result, Ok(*sent));
                } else {
                    assert!(self.closed, "{name} fails in an open channel");
                }
                let left: Vec<usize> = shelf.take().iter().map(|item| item.id).collect();
                assert_eq!(left, rest.make_contiguous(), "{name} keeps what it did not send");
            }
            (Kind::Reserve(_), Outcome::NoPermit { closed }) => {
                assert_eq!(closed, self.closed);
                assert!(
                    matches!(was, Standing::New | Standing::Closed),
                    "{name} has a place"
                );
            }
            (Kind::Reserve(_), Outcome::PermitUsed(Err(SendError(_)))) => assert!(self.closed),
            (Kind::Reserve(_), Outcome::PermitUsed(Ok(()))) => panic!("told of in `use_permit`"),
            (Kind::Reserve(_), Outcome::PermitDropped) => {}
            (Kind::Receive, Outcome::Received(item)) => received.extend(item),
            (Kind::ReceiveMany(shelf, limit), Outcome::ReceivedMany(count)) => {
                received = shelf.take();
                assert_eq!(count.unwrap_or(0), received.len());
                assert!(received.len() <= *limit, "{name} received more than it was to");
            }
            (Kind::Closed, Outcome::SawClosed) => assert!(self.closed, "{name} sees a close that was none"),
            _ => panic!("{name} ends as something else"),
        }
        self.observe_senders(Step::Other);
        if pending.is_receiver() {
            assert!(
                !received.is_empty() || self.is_over(),
                "{name} misses what there is"
            );
            assert!(
                received.is_empty() || was != Standing::New || older_receivers == 0,
                "{name} overtook a receive that waits"
            );
            self.expect_oldest(&received);
        }
        if let Kind::ReceiveMany(_, limit) = pending.kind
            && !received.is_empty()
            && received.len() < limit
        {
            assert_eq!(
                self.available(),
                0,
                "{name} leaves messages, and has room for them"
            );
        }
        self.observe_receivers();
        self.drop_parts(pending);
    }

    fn drop_parts(&mut self, pending: Pending) {
        let Pending {
            operation, handle, ..
        } = pending;
        drop(operation);
        self.observe_senders(Step::Other);
        self.observe_receivers();
        self.let_go(handle);
    }

    /// Drops an operation, whatever it waits for.
    pub fn cancel(&mut self, name: usize) {
        let index = self.index_of(name);
        let pending = self.pending.remove(index);
        self.log
            .add(format_args!("cancel {name}, {:?}", pending.standing));
        let Pending {
            operation,
            handle,
            kind,
            standing,
            ..
        } = pending;
        drop(operation);
        match kind {
            Kind::Send(id) if standing != Standing::Served => {
                assert!(self.ledger.was_dropped(id), "{name} drops its message with it");
            }
            Kind::SendMany(shelf, mut rest, _) => {
                let left: Vec<usize> = shelf.take().iter().map(|item| item.id).collect();
                assert_eq!(left, rest.make_contiguous(), "{name} keeps what it did not send");
            }
            Kind::ReceiveMany(shelf, _) => assert!(shelf.take().is_empty(), "{name} has not ended"),
            _ => {}
        }
        self.observe_senders(Step::Other);
        self.observe_receivers();
        self.let_go(handle);
    }

    /// Uses a permit, or drops it.
    pub fn use_permit(&mut self, name: usize, sends: bool) {
        let index = self.index_of(name);
        let mut pending = self.pending.remove(index);
        let Kind::Reserve(desk) = &pending.kind else {
            unreachable!("it holds a permit")
        };
        let mut id = None;
        let order = if sends {
            let item = self.ledger.make();
            id = Some(item.id);
            PermitOrder::Send(item)
        } else {
            PermitOrder::Drop
        };
        self.log.add(format_args!("permit {name} sends {id:?}"));
        desk.order.replace(Some(order));
        match poll(&mut pending.operation, &pending.flag.clone()) {
            Poll::Ready(Outcome::PermitUsed(Ok(()))) => {
                assert!(!self.closed, "a permit of a closed channel was used");
                self.queue.extend(id);
            }
            Poll::Ready(Outcome::PermitUsed(Err(SendError(item)))) => {
                assert!(self.closed, "a permit is a place");
                assert_eq!(Some(item.id), id);
            }
            Poll::Ready(Outcome::PermitDropped) => {}
            _ => panic!("using a permit waits for nothing"),
        }
        self.observe_senders(Step::Other);
        self.observe_receivers();
        self.drop_parts(pending);
    }

    pub fn try_send(&mut self, sender: usize) {
        let item = self.ledger.make();
        let id = item.id;
        self.log.add(format_args!("try_send {id}"));
        let can_enter = self.place_is_free();
        match self.txs[sender].try_send(item) {
            Ok(()) => {
                assert!(can_enter, "try_send without room, and nobody waits");
                self.queue.push_back(id);
            }
            Err(TrySendError::Full(item)) => {
                assert!(
                    !can_enter && !self.closed,
                    "try_send beside room, or a receive that waits"
                );
                assert_eq!(item.id, id);
            }
            Err(TrySendError::Closed(item)) => {
                assert!(self.closed);
                assert_eq!(item.id, id);
            }
        }
        self.observe_senders(Step::Other);
        self.observe_receivers();
    }

    pub fn force_send(&mut self, sender: usize) {
        let item = self.ledger.make();
        let id = item.id;
        self.log.add(format_args!("force_send {id}"));
        let can_enter = self.place_is_free();
        match self.txs[sender].force_send(item) {
            Ok(None) => {
                assert!(can_enter, "force_send without room, and it displaced nothing");
                self.queue.push_back(id);
            }
            Ok(Some(own)) if own.id == id => {
                assert!(!can_enter, "force_send displaced itself beside room");
                let displaceable = self.capacity > 0 && self.available() > 0;
                assert!(!displaceable, "force_send displaces the oldest message");
            }
            Ok(Some(oldest)) => {
                assert!(!can_enter, "force_send displaced a message beside room");
                let displaceable = self.capacity > 0 && self.available() > 0;
                assert!(
                    displaceable,
                    "force_send displaced a message that was promised or handed over"
                );
                self.expect_oldest(&[oldest]);
                self.queue.push_back(id);
            }
            Err(SendError(item)) => {
                assert!(self.closed);
                assert_eq!(item.id, id);
            }
        }
        self.observe_senders(Step::Other);
        self.observe_receivers();
    }

    pub fn try_receive(&mut self, receiver: usize) {
        self.log.add(format_args!("try_recv"));
        let there = self.available() > 0 || self.waiting_messages() > 0;
        let received = self.rxs[receiver].try_recv();
        self.observe_senders(Step::TakesWithoutWaiting);
        match received {
            Ok(item) => {
                assert!(there, "try_recv took a message that was promised");
                self.expect_oldest(&[item]);
            }
            Err(TryRecvError::Empty) => assert!(!there && !self.is_over(), "try_recv misses a message"),
            Err(TryRecvError::Closed) => assert!(self.is_over(), "try_recv in a channel that goes on"),
        }
        self.observe_receivers();
    }

    pub fn drain(&mut self, receiver: usize) {
        self.log.add(format_args!("drain"));
        let there = self.available();
        let received: Vec<Item> = self.rxs[receiver].drain().collect();
        assert_eq!(received.len(), there, "drain takes what is there");
        self.observe_senders(Step::TakesWithoutWaiting);
        self.expect_oldest(&received);
        self.observe_receivers();
    }

    pub fn close(&mut self, by_sender: bool) {
        self.log.add(format_args!("close"));
        let closed_now = match (by_sender, self.txs.first(), self.rxs.first()) {
            (true, Some(tx), _) => tx.close(),
            (false, _, Some(rx)) => rx.close(),
            _ => return,
        };
        assert_eq!(closed_now, !self.closed, "the first close says so");
        self.closed = true;
        self.observe_senders(if closed_now { Step::Closes } else { Step::Other });
        self.observe_receivers();
    }

    pub fn drop_handle(&mut self, of_sender: bool) {
        self.log
            .add(format_args!("drop a handle, of a sender: {of_sender}"));
        let handle = if of_sender {
            self.txs.pop().map(Handle::Tx)
        } else {
            self.rxs.pop().map(Handle::Rx)
        };
        if let Some(handle) = handle {
            self.let_go(handle);
        }
    }

    pub fn add_handle(&mut self, of_sender: bool) {
        self.log
            .add(format_args!("add a handle, of a sender: {of_sender}"));
        if of_sender {
            let upgraded = self.weak_tx.upgrade();
            assert_eq!(
                upgraded.is_some(),
                self.sender_handles() > 0,
                "upgrade of a sender"
            );
            self.txs.extend(upgraded.map(Rc::new));
        } else {
            let upgraded = self.weak_rx.upgrade();
            assert_eq!(
                upgraded.is_some(),
                self.receiver_handles() > 0,
                "upgrade of a receiver"
            );
            self.rxs.extend(upgraded.map(Rc::new));
        }
    }
}

impl Pending {
    /// It is in the line from now on, unless it was before.
    fn wait(&mut self, place: i64) {
        if self.standing != Standing::Waiting {
            self.standing = Standing::Waiting;
            self.place = place;
        }
    }
}
