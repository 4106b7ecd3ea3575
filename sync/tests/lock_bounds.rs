//! What can be sent to, and shared between, threads.
//!
//! Each `has` compiles only if the bound holds, each `lacks` only if it does not: two implementations would apply if it did.

#[macro_use]
#[path = "../../channel/tests/common/lacks.rs"]
mod lacks;

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::marker::PhantomPinned;
use std::rc::Rc;
use std::sync::Arc;

use canter_sync::condvar::WaitNotified;
use canter_sync::mutex::Lock;
use canter_sync::rw_lock::{Acquire, Read, Upgradable, Upgrade, Write};
use canter_sync::{
    Condvar, Mutex, MutexGuard, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard,
    OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
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
/// Can be shared, and not sent.
type Fixed = std::sync::MutexGuard<'static, u8>;
/// Can be neither.
type Local = Rc<u8>;

type OfMutex<T> = Lock<&'static Mutex<T>, T>;
type OfOwnedMutex<T> = Lock<Arc<Mutex<T>>, T>;
type Told<T> = WaitNotified<'static, &'static Mutex<T>, T>;
type OwnedTold<T> = WaitNotified<'static, Arc<Mutex<T>>, T>;
type OfRwLock<A, T> = Acquire<A, &'static RwLock<T>, T>;
type OfOwnedRwLock<A, T> = Acquire<A, Arc<RwLock<T>>, T>;
type ToWrite<T> = Upgrade<&'static RwLock<T>, T>;
type ToOwnedWrite<T> = Upgrade<Arc<RwLock<T>>, T>;

// A mutex lends its value to one at a time: it shares what can be sent.
has!(Send: Mutex<Own>, MutexGuard<'static, Own>, OwnedMutexGuard<Own>);
has!(Sync: Mutex<Own>, OfMutex<Own>, OfOwnedMutex<Own>);
has!(Send: OfMutex<Own>, OfOwnedMutex<Own>, Told<Own>, OwnedTold<Own>);
lacks!(Send: Mutex<Fixed>, MutexGuard<'static, Fixed>, OwnedMutexGuard<Fixed>, OfMutex<Fixed>, OfOwnedMutex<Fixed>);
lacks!(Sync: Mutex<Fixed>);
lacks!(Send: Mutex<Local>, MutexGuard<'static, Local>, OwnedMutexGuard<Local>, OfMutex<Local>, OfOwnedMutex<Local>);
lacks!(Sync: Mutex<Local>, MutexGuard<'static, Local>, OwnedMutexGuard<Local>, OfMutex<Local>, OfOwnedMutex<Local>);
lacks!(Send: Told<Fixed>, OwnedTold<Fixed>, Told<Local>, OwnedTold<Local>);

// Whoever shares a guard shares the value.
has!(Sync: MutexGuard<'static, u8>, OwnedMutexGuard<u8>, Told<u8>, OwnedTold<u8>);
lacks!(Sync: MutexGuard<'static, Own>, OwnedMutexGuard<Own>, Told<Own>, OwnedTold<Own>);

// Readers share the value, and any of the guards may be dropped, with a writer's last word, on another thread.
has!(Send: RwLock<u8>, RwLockReadGuard<'static, u8>, RwLockUpgradableReadGuard<'static, u8>, RwLockWriteGuard<'static, u8>);
has!(Sync: RwLock<u8>, RwLockReadGuard<'static, u8>, RwLockUpgradableReadGuard<'static, u8>, RwLockWriteGuard<'static, u8>);
has!(Send: OwnedRwLockReadGuard<u8>, OwnedRwLockUpgradableReadGuard<u8>, OwnedRwLockWriteGuard<u8>);
has!(Sync: OwnedRwLockReadGuard<u8>, OwnedRwLockUpgradableReadGuard<u8>, OwnedRwLockWriteGuard<u8>);
has!(Send: OfRwLock<Read, u8>, OfOwnedRwLock<Upgradable, u8>, OfRwLock<Write, u8>, ToWrite<u8>, ToOwnedWrite<u8>);
has!(Send: RwLock<Own>);
lacks!(Sync: RwLock<Own>, RwLockReadGuard<'static, Own>, RwLockUpgradableReadGuard<'static, Own>, RwLockWriteGuard<'static, Own>);
lacks!(Send: RwLockReadGuard<'static, Own>, RwLockUpgradableReadGuard<'static, Own>, RwLockWriteGuard<'static, Own>);
lacks!(Send: OwnedRwLockReadGuard<Own>, OwnedRwLockUpgradableReadGuard<Own>, OwnedRwLockWriteGuard<Own>);
lacks!(Sync: OwnedRwLockReadGuard<Own>, OwnedRwLockUpgradableReadGuard<Own>, OwnedRwLockWriteGuard<Own>);
lacks!(Send: OfRwLock<Read, Own>, OfOwnedRwLock<Read, Own>, OfRwLock<Write, Own>, ToWrite<Own>, ToOwnedWrite<Own>);
lacks!(Send: RwLock<Fixed>, RwLockReadGuard<'static, Fixed>, OwnedRwLockReadGuard<Fixed>, RwLockWriteGuard<'static, Fixed>);
lacks!(Sync: RwLock<Fixed>, RwLock<Local>, RwLockReadGuard<'static, Local>, OwnedRwLockReadGuard<Local>);
lacks!(Send: RwLock<Local>, RwLockReadGuard<'static, Local>, OwnedRwLockReadGuard<Local>, OwnedRwLockWriteGuard<Local>);
lacks!(Send: OfRwLock<Read, Local>, OfOwnedRwLock<Write, Local>, ToWrite<Local>, ToOwnedWrite<Local>);

has!(Send: Condvar);
has!(Sync: Condvar);

// Guards and futures can be moved, whatever the value is.
has!(Unpin: MutexGuard<'static, PhantomPinned>, OwnedMutexGuard<PhantomPinned>);
has!(Unpin: OfMutex<PhantomPinned>, OfOwnedMutex<PhantomPinned>, Told<PhantomPinned>, OwnedTold<PhantomPinned>);
has!(Unpin: RwLockReadGuard<'static, PhantomPinned>, OwnedRwLockWriteGuard<PhantomPinned>);
has!(Unpin: OfRwLock<Read, PhantomPinned>, OfOwnedRwLock<Write, PhantomPinned>, ToWrite<PhantomPinned>, ToOwnedWrite<PhantomPinned>);

// There is one guard for each time that something is locked.
lacks!(Clone: MutexGuard<'static, u8>, OwnedMutexGuard<u8>, OfMutex<u8>, Told<u8>);
lacks!(Clone: RwLockReadGuard<'static, u8>, RwLockUpgradableReadGuard<'static, u8>, RwLockWriteGuard<'static, u8>);
lacks!(Clone: OwnedRwLockReadGuard<u8>, OfRwLock<Read, u8>, ToWrite<u8>);

// Who reads does not write.
has!(std::ops::DerefMut: MutexGuard<'static, u8>, OwnedMutexGuard<u8>, RwLockWriteGuard<'static, u8>, OwnedRwLockWriteGuard<u8>);
lacks!(std::ops::DerefMut: RwLockReadGuard<'static, u8>, RwLockUpgradableReadGuard<'static, u8>);
lacks!(std::ops::DerefMut: OwnedRwLockReadGuard<u8>, OwnedRwLockUpgradableReadGuard<u8>);

// The value's own words, where it has some; a future shows nothing of it.
struct Opaque;
has!(Debug: Mutex<u8>, MutexGuard<'static, u8>, RwLock<u8>, RwLockReadGuard<'static, u8>, Condvar);
has!(Debug: OfMutex<Opaque>, Told<Opaque>, OfRwLock<Read, Opaque>, ToWrite<Opaque>);
has!(Display: MutexGuard<'static, u8>, RwLockWriteGuard<'static, u8>);
lacks!(Debug: Mutex<Opaque>, MutexGuard<'static, Opaque>, RwLock<Opaque>, RwLockWriteGuard<'static, Opaque>);
