//! One caller computes, the others share the result.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::once::OnceCell;

/// Calls that are made at the same time for the same key are one call: one caller computes, the others share its result. Go's
/// `x/sync/singleflight`.
///
/// Clones share the calls. A result is not kept: who comes after a call has ended begins the next one.
///
/// # Examples
///
/// ```
/// use canter_sync::SingleFlight;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// # futures::executor::block_on(async {
/// let lookups = SingleFlight::new();
/// let computed = AtomicU32::new(0);
/// let lookup = async || {
///     computed.fetch_add(1, Ordering::Relaxed);
///     canter_executor::yield_now().await;
///     "127.0.0.1"
/// };
/// let (one, other) = futures::join!(lookups.run("localhost", &lookup), lookups.run("localhost", &lookup));
/// assert_eq!((one.value, other.value), ("127.0.0.1", "127.0.0.1"));
/// assert_eq!(computed.into_inner(), 1);
/// # });
/// ```
pub struct SingleFlight<K, V> {
    calls: Arc<Mutex<Calls<K, V>>>,
}

type Calls<K, V> = HashMap<K, Call<V>>;

/// A call that is under way, and how many callers share it.
struct Call<V> {
    result: Arc<OnceCell<V>>,
    callers: usize,
}

/// The result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight<V> {
    /// What was computed.
    pub value: V,
    /// Whether somebody else computed it.
    pub shared: bool,
}

impl<K: Hash + Eq + Clone, V: Clone> SingleFlight<K, V> {
    /// No calls yet.
    pub fn new() -> SingleFlight<K, V> {
        SingleFlight {
            calls: Arc::default(),
        }
    }

    /// Awaits the future of `compute`, or, if somebody does that for the same key already, the result of that.
    ///
    /// # Panics
    ///
    /// If `compute` panics so does this, and one of those that share the call computes instead.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future of the one that computes drops that of `compute` where it stands, and one of those that share the call computes
    /// instead. Dropping another one changes nothing.
    #[track_caller]
    pub fn run<F: AsyncFnOnce() -> V>(&self, key: K, compute: F) -> impl Future<Output = Flight<V>> {
        let place = Location::caller();
        async move {
            let share = self.share(key);
            let mut shared = true;
            let compute = async || {
                shared = false;
                compute().await
            };
            let value = share.result.get_or_init_at(compute, place).await.clone();
            Flight { value, shared }
        }
    }

    /// Callers that come from now on don't share the call that is under way for this key, but begin the next one.
    pub fn forget(&self, key: &K) {
        let forgotten = self.lock().remove_entry(key);
        drop(forgotten); // when the lock has been left
    }

    /// Takes part in the call that is under way for the key, or begins one.
    fn share(&self, key: K) -> Share<'_, K, V> {
        let mut ended = None;
        let mut fresh = Some((key.clone(), Arc::new(OnceCell::new())));
        let mut calls = self.lock();
        let result = match calls.get_mut(&key) {
            Some(call) if call.result.get().is_none() => {
                call.callers += 1;
                call.result.clone()
            }
            _ => {
                let (key, result) = fresh.take().expect("it was made above");
                ended = calls.remove_entry(&key);
                let call = Call {
                    result: result.clone(),
                    callers: 1,
                };
                calls.insert(key, call);
                result
            }
        };
        drop(calls);
        drop((ended, fresh));
        Share {
            flights: self,
            key,
            result,
        }
    }
}

impl<K, V> SingleFlight<K, V> {
    /// How many calls are under way.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no call is under way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Calls<K, V>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Default for SingleFlight<K, V> {
    fn default() -> SingleFlight<K, V> {
        SingleFlight::new()
    }
}

impl<K, V> Clone for SingleFlight<K, V> {
    fn clone(&self) -> SingleFlight<K, V> {
        SingleFlight {
            calls: self.calls.clone(),
        }
    }
}

impl<K, V> fmt::Debug for SingleFlight<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight")
            .field("calls", &self.len())
            .finish()
    }
}

/// One caller's part in a call. The call is over when it has a result, or when nobody takes part in it any more.
struct Share<'a, K: Hash + Eq, V> {
    flights: &'a SingleFlight<K, V>,
    key: K,
    result: Arc<OnceCell<V>>,
}

impl<K: Hash + Eq, V> Drop for Share<'_, K, V> {
    fn drop(&mut self) {
        let mut calls = self.flights.lock();
        let Some(call) = calls.get_mut(&self.key) else {
            return;
        };
        if !Arc::ptr_eq(&call.result, &self.result) {
            return;
        }
        call.callers -= 1;
        if call.callers > 0 && self.result.get().is_none() {
            return;
        }
        let ended = calls.remove_entry(&self.key);
        drop(calls);
        drop(ended);
    }
}
