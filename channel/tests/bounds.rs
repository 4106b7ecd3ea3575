//! What can be sent to, and shared between, threads.
//!
//! Each `has` compiles only if the bound holds, each `lacks` only if it does not: two implementations would apply if it did.

#[macro_use]
#[path = "common/lacks.rs"]
mod lacks;

use std::cell::Cell;
use std::fmt::Debug;
use std::marker::PhantomPinned;
use std::rc::Rc;

use canter_channel::{
    Closed, Drain, Iter, Permit, Receiver, Recv, RecvError, RecvMany, Reserve, SendError, SendMany, SendSink,
    Sender, TryRecvError, TrySendError, WeakReceiver, WeakSender,
};

macro_rules! has {
    ($bounds:path: $($type:ty),* $(,)?) => {
        const _: fn() = || {
            fn has<T: $bounds>() {}
            $( has::<$type>(); )*
        };
    };
}

/// Can be sent, and not shared.
type Own = Cell<u8>;
/// Can be neither.
type Local = Rc<u8>;

// Everything moves messages, and shares none: so what can be sent is enough.
has!(Send: Sender<Own>, Receiver<Own>, WeakSender<Own>, WeakReceiver<Own>, SendSink<Own>);
has!(Sync: Sender<Own>, Receiver<Own>, WeakSender<Own>, WeakReceiver<Own>);
has!(Send: canter_channel::Send<'static, Own>, Recv<'static, Own>, Reserve<'static, Own>, Permit<'static, Own>);
has!(Send: SendMany<'static, Own>, RecvMany<'static, Own>, Drain<'static, Own>, Iter<'static, Own>, Closed<'static, Own>);

// What can't be sent stays on its thread, whichever way it would take.
lacks!(Send: Sender<Local>, Receiver<Local>, WeakSender<Local>, WeakReceiver<Local>, SendSink<Local>);
lacks!(Sync: Sender<Local>, Receiver<Local>, WeakSender<Local>, WeakReceiver<Local>, SendSink<Local>);
lacks!(Send: canter_channel::Send<'static, Local>, Recv<'static, Local>, Reserve<'static, Local>);
lacks!(Sync: canter_channel::Send<'static, Local>, Recv<'static, Local>, Reserve<'static, Local>);
lacks!(Send: Permit<'static, Local>, Drain<'static, Local>, Iter<'static, Local>, Closed<'static, Local>);
lacks!(Sync: Permit<'static, Local>, Drain<'static, Local>, Iter<'static, Local>, Closed<'static, Local>);
lacks!(Send: SendMany<'static, Local>, RecvMany<'static, Local>);
lacks!(Sync: SendMany<'static, Local>, RecvMany<'static, Local>);

// Handles can be moved whatever the messages are, and futures that wait can't.
has!(Unpin: Sender<PhantomPinned>, Receiver<PhantomPinned>, WeakSender<PhantomPinned>, WeakReceiver<PhantomPinned>);
has!(Unpin: SendSink<PhantomPinned>, Permit<'static, PhantomPinned>);
lacks!(Unpin: canter_channel::Send<'static, u8>, Recv<'static, u8>, Reserve<'static, u8>, Closed<'static, u8>);
lacks!(Unpin: SendMany<'static, u8>, RecvMany<'static, u8>);

struct Opaque;
has!(Debug: Sender<Opaque>, Receiver<Opaque>, WeakSender<Opaque>, WeakReceiver<Opaque>, SendSink<Opaque>);
has!(Debug: canter_channel::Send<'static, Opaque>, Recv<'static, Opaque>, Reserve<'static, Opaque>, Permit<'static, Opaque>);
has!(Debug: SendMany<'static, Opaque>, RecvMany<'static, Opaque>, Drain<'static, Opaque>, Iter<'static, Opaque>);
has!(Debug: Closed<'static, Opaque>, SendError<Opaque>, TrySendError<Opaque>, RecvError, TryRecvError);

has!(Clone: Sender<Opaque>, Receiver<Opaque>, WeakSender<Opaque>, WeakReceiver<Opaque>);
lacks!(Clone: Permit<'static, u8>, SendSink<u8>);

has!(std::error::Error: SendError<Opaque>, TrySendError<Opaque>, RecvError, TryRecvError);

#[test]
fn futures_do_not_outlive_their_handle_nor_messages_what_they_borrow() {
    trybuild::TestCases::new().compile_fail("tests/bounds/*.rs");
}
