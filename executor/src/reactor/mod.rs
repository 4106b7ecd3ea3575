//! The reactor: which sources of I/O events there are, and what the poller said of each.
//!
//! It has no thread. The driver waits in the kernel and hands the events over; here they become wakers.

mod source;

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::Waker;

use mio::{Interest as MioInterest, Token};

pub use source::Interest;
pub(crate) use source::{Seen, Source, WaiterId};

use crate::sync::{Mutex, lock};
use source::Event;

pub(crate) struct Reactor {
    /// `None` once the reactor has ended, so that the descriptor is closed although sources outlive it.
    registry: RwLock<Option<mio::Registry>>,
    sources: Mutex<Sources>,
}

/// The sources by index. A token carries a generation beside the index, since an event can be on its way when its source
/// goes and another takes the place.
#[derive(Default)]
struct Sources {
    places: Vec<Place>,
    vacant: Vec<usize>,
}

#[derive(Default)]
struct Place {
    generation: usize,
    source: Option<Arc<Source>>,
}

const INDEX_BITS: u32 = usize::BITS / 2;
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;

#[cfg(any(target_os = "linux", target_os = "android"))]
const INTERESTS: MioInterest = MioInterest::READABLE
    .add(MioInterest::WRITABLE)
    .add(MioInterest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const INTERESTS: MioInterest = MioInterest::READABLE.add(MioInterest::WRITABLE);

/// The token of the driver's own waker: an index that no source gets to.
pub(crate) const WAKER: Token = Token(usize::MAX);

impl Reactor {
    pub(crate) fn new(registry: mio::Registry) -> Reactor {
        Reactor {
            registry: RwLock::new(Some(registry)),
            sources: Mutex::new(Sources::default()),
        }
    }

    /// Registers `io` for both directions, and for urgent data where the poller tells of it.
    pub(crate) fn register(&self, io: &mut impl mio::event::Source) -> io::Result<(Arc<Source>, Token)> {
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let Some(registry) = &*registry else {
            return Err(io::Error::other(
                "the runtime has ended: it takes no new source of I/O",
            ));
        };
        let source = Arc::new(Source::new());
        let token = lock(&self.sources).insert(source.clone());
        let registered = registry.register(io, token, INTERESTS);
        if let Err(error) = registered {
            drop(lock(&self.sources).remove(token));
            return Err(error);
        }
        Ok((source, token))
    }

    pub(crate) fn deregister(&self, io: &mut impl mio::event::Source, token: Token) -> io::Result<()> {
        let source = lock(&self.sources).remove(token);
        drop(source);
        match &*self.registry.read().unwrap_or_else(PoisonError::into_inner) {
            Some(registry) => registry.deregister(io),
            None => Ok(()),
        }
    }

    pub(crate) fn has_sources(&self) -> bool {
        let sources = lock(&self.sources);
        sources.vacant.len() < sources.places.len()
    }

    /// Notes what the poller reported and pushes the wakers of those who waited for it. Gives the number of sources that were ready.
    pub(crate) fn dispatch(&self, events: &mio::Events, wakers: &mut Vec<Waker>) -> usize {
        let sources = lock(&self.sources);
        let mut ready = 0;
        for event in events {
            if let Some(source) = sources.get(event.token()) {
                source.notice(Event::from(event), wakers);
                ready += 1;
            }
        }
        ready
    }

    /// Ends all sources, and gives the wakers of those who waited.
    pub(crate) fn close(&self) -> Vec<Waker> {
        *self.registry.write().unwrap_or_else(PoisonError::into_inner) = None;
        let places = std::mem::take(&mut lock(&self.sources).places);
        let mut wakers = Vec::new();
        for source in places.into_iter().filter_map(|place| place.source) {
            source.end(&mut wakers);
        }
        wakers
    }
}

impl Sources {
    fn insert(&mut self, source: Arc<Source>) -> Token {
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        let place = &mut self.places[index];
        place.source = Some(source);
        Token(place.generation << INDEX_BITS | index)
    }

    fn get(&self, token: Token) -> Option<&Arc<Source>> {
        let place = self.places.get(token.0 & INDEX_MASK)?;
        (place.generation == token.0 >> INDEX_BITS)
            .then_some(place.source.as_ref())
            .flatten()
    }

    fn remove(&mut self, token: Token) -> Option<Arc<Source>> {
        self.get(token)?;
        let index = token.0 & INDEX_MASK;
        let place = &mut self.places[index];
        place.generation = (place.generation + 1) & (usize::MAX >> INDEX_BITS);
        self.vacant.push(index);
        place.source.take()
    }
}

impl From<&mio::event::Event> for Event {
    fn from(event: &mio::event::Event) -> Event {
        Event {
            readable: event.is_readable(),
            writable: event.is_writable(),
            urgent: event.is_priority(),
            read_closed: event.is_read_closed() || event.is_error(),
            write_closed: event.is_write_closed() || event.is_error(),
        }
    }
}
