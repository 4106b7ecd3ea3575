//! A hierarchical timing wheel: starting and cancelling a timer is O(1) (Varghese and Lauck, "Hashed and hierarchical timing
//! wheels", SOSP 1987).
//!
//! Level 0 has a slot a tick, each level above a slot for all the slots of the one below. A timer lies in the level of
//! the highest six-bit digit in which its tick differs from `now`, in the slot that this digit names. When the wheel comes to
//! the start of a slot above level 0, the timers in it move down. The last level takes everything that is further away: such
//! a timer moves "down" into the same level until it is near enough.
//!
//! Timers live in one vector and are linked by index: no allocation a timer once the vector has grown, and no unsafe. A key
//! carries a serial number, so that a key whose timer has fired finds nothing. Those of one tick fire in the order in which
//! they were started, apart from the ones that were started from further away.

use std::mem;
use std::task::Waker;

use super::clock::Tick;

const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = 6;
/// No timer.
const NIL: u32 = u32::MAX;

/// Names a timer of one wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    serial: u64,
}

#[derive(Debug)]
pub(super) struct Timer {
    tick: Tick,
    /// `None` while the place is vacant; `next` then links the vacant ones.
    pub(super) waker: Option<Waker>,
    serial: u64,
    list: ListId,
    previous: u32,
    next: u32,
}

/// A list of timers: a slot of a level, or the timers that are due.
#[derive(Debug, Clone, Copy)]
struct ListId {
    level: u8,
    slot: u8,
}

/// The due timers are kept as one more level, with one slot.
const DUE: ListId = ListId {
    level: LEVELS as u8,
    slot: 0,
};

#[derive(Debug, Clone, Copy)]
struct List {
    head: u32,
    tail: u32,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    /// A bit for each slot that holds a timer.
    occupied: u64,
    slots: [List; SLOTS],
}

#[derive(Debug)]
pub(crate) struct Wheel {
    now: u64,
    levels: [Level; LEVELS + 1],
    timers: Vec<Timer>,
    vacant: u32,
    len: usize,
    serial: u64,
    /// The last serial number before the wheel was opened.
    before: u64,
    open: bool,
}

impl Wheel {
    /// An empty wheel, which is open.
    pub(crate) fn new() -> Wheel {
        let empty = Level {
            occupied: 0,
            slots: [List { head: NIL, tail: NIL }; SLOTS],
        };
        Wheel {
            now: 0,
            levels: [empty; LEVELS + 1],
            timers: Vec::new(),
            vacant: NIL,
            len: 0,
            serial: 0,
            before: 0,
            open: true,
        }
    }

    /// Begins anew. The keys of timers that were started before are known.
    pub(crate) fn open(&mut self) {
        self.before = self.serial;
        self.open = true;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the timer was started since the wheel was opened.
    pub(crate) fn has_started(&self, key: Key) -> bool {
        self.open && key.serial > self.before
    }

    /// Whether the tick has not passed yet.
    pub(crate) fn is_ahead(&self, tick: Tick) -> bool {
        tick.0 > self.now
    }

    /// Starts a timer, whose tick is ahead.
    #[inline] // `start`, its only caller, is one of the hottest ways
    pub(crate) fn insert(&mut self, tick: Tick, waker: Waker) -> Key {
        debug_assert!(self.is_ahead(tick));
        let list = self.list_of(tick);
        self.serial += 1;
        let timer = Timer {
            tick,
            waker: Some(waker),
            serial: self.serial,
            list,
            previous: NIL,
            next: NIL,
        };
        let index = self.take_place(timer);
        self.link(index, list);
        self.len += 1;
        Key {
            index,
            serial: self.serial,
        }
    }

    /// The waker of a timer that has not fired yet.
    pub(crate) fn waker(&mut self, key: Key) -> Option<&mut Waker> {
        let timer = self.timers.get_mut(key.index as usize)?;
        timer.waker.as_mut().filter(|_| timer.serial == key.serial)
    }

    /// Cancels a timer and gives its waker back, to be dropped without the lock; `None` if it has fired.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Waker> {
        let timer = self.timers.get(key.index as usize)?;
        if timer.serial != key.serial || timer.waker.is_none() {
            return None;
        }
        self.take(key.index)
    }

    /// Moves on to `now`, and pushes the wakers of at most `most` timers that are due. True if some may be left.
    pub(crate) fn advance(&mut self, now: Tick, most: usize, due: &mut Vec<Waker>) -> bool {
        while let Some((level, slot, start)) = self.next_slot() {
            if start > now.0 {
                break;
            }
            self.now = start;
            self.empty_slot(level, slot);
        }
        self.now = self.now.max(now.0);
        for _ in 0..most {
            match self.head(DUE) {
                NIL => return false,
                index => due.extend(self.take(index)),
            }
        }
        true
    }

    /// No timer fires before this tick; at it one may, or timers move to a finer level.
    pub(crate) fn next_tick(&self) -> Tick {
        match self.head(DUE) {
            NIL => self.next_slot().map_or(Tick::NEVER, |(_, _, start)| Tick(start)),
            _ => Tick(self.now),
        }
    }

    /// How many timers run.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Closes the wheel, and gives what it held: the timers, and places without one.
    pub(crate) fn close(&mut self) -> Vec<Timer> {
        let empty = Wheel {
            now: self.now,
            serial: self.serial,
            open: false,
            ..Wheel::new()
        };
        mem::replace(self, empty).timers
    }

    /// The occupied slot that comes first: its level, its number and the tick at which it begins. Of two that begin together
    /// the higher level's, whose timers may move into the other.
    fn next_slot(&self) -> Option<(usize, usize, u64)> {
        let occupied = self.levels[..LEVELS]
            .iter()
            .enumerate()
            .filter(|(_, level)| level.occupied != 0);
        occupied
            .map(|(number, level)| {
                let shift = BITS * number as u32;
                let hand = self.now >> shift;
                // Nothing lies under the hand, so the search begins behind it and ends with it.
                let behind = level.occupied.rotate_right((hand % SLOTS as u64) as u32 + 1);
                let slot = hand + 1 + u64::from(behind.trailing_zeros());
                (number, (slot % SLOTS as u64) as usize, slot << shift)
            })
            .min_by_key(|&(number, _, start)| (start, std::cmp::Reverse(number)))
    }

    /// Moves the timers of a slot that has come under the hand: to the due ones, or down.
    fn empty_slot(&mut self, level: usize, slot: usize) {
        let mut index = self.levels[level].slots[slot].head;
        self.levels[level].slots[slot] = List { head: NIL, tail: NIL };
        self.levels[level].occupied &= !(1 << slot);
        while index != NIL {
            let Timer { tick, next, .. } = self.timers[index as usize];
            let list = if tick.0 <= self.now {
                DUE
            } else {
                self.list_of(tick)
            };
            self.link(index, list);
            index = next;
        }
    }

    fn list_of(&self, tick: Tick) -> ListId {
        let differ = (tick.0 ^ self.now) | 1;
        let level = (differ.ilog2() / BITS).min(LEVELS as u32 - 1);
        // Too far away for the last level: into the slot that its hand comes to last.
        let last_slot = self
            .now
            .saturating_add((SLOTS as u64 - 1) << (BITS * (LEVELS as u32 - 1)));
        let slot = (tick.0.min(last_slot) >> (BITS * level)) % SLOTS as u64;
        ListId {
            level: level as u8,
            slot: slot as u8,
        }
    }

    fn head(&self, list: ListId) -> u32 {
        self.levels[usize::from(list.level)].slots[usize::from(list.slot)].head
    }

    fn link(&mut self, index: u32, id: ListId) {
        let level = &mut self.levels[usize::from(id.level)];
        level.occupied |= 1 << id.slot;
        let list = &mut level.slots[usize::from(id.slot)];
        let previous = mem::replace(&mut list.tail, index);
        if previous == NIL {
            list.head = index;
        } else {
            self.timers[previous as usize].next = index;
        }
        let timer = &mut self.timers[index as usize];
        (timer.list, timer.previous, timer.next) = (id, previous, NIL);
    }

    fn unlink(&mut self, index: u32) {
        let Timer {
            list: id,
            previous,
            next,
            ..
        } = self.timers[index as usize];
        let level = &mut self.levels[usize::from(id.level)];
        let list = &mut level.slots[usize::from(id.slot)];
        match previous {
            NIL => list.head = next,
            _ => self.timers[previous as usize].next = next,
        }
        match next {
            NIL => list.tail = previous,
            _ => self.timers[next as usize].previous = previous,
        }
        if list.head == NIL {
            level.occupied &= !(1 << id.slot);
        }
    }

    fn take_place(&mut self, timer: Timer) -> u32 {
        if self.vacant == NIL {
            let index = u32::try_from(self.timers.len())
                .ok()
                .filter(|&index| index != NIL);
            self.timers.push(timer);
            return index.expect("more than four thousand million timers at once");
        }
        let index = self.vacant;
        self.vacant = self.timers[index as usize].next;
        self.timers[index as usize] = timer;
        index
    }

    /// Takes a timer out of its list and its place.
    fn take(&mut self, index: u32) -> Option<Waker> {
        self.unlink(index);
        let timer = &mut self.timers[index as usize];
        timer.next = self.vacant;
        let waker = timer.waker.take();
        self.vacant = index;
        self.len -= 1;
        if self.len == 0 && self.timers.capacity() > 1024 {
            // The memory of a crowd goes back once the last of it is gone.
            self.timers = Vec::new();
            self.vacant = NIL;
        }
        waker
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    use super::*;

    /// A waker that notes its number.
    struct Note(u64, Arc<Mutex<Vec<u64>>>);

    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    #[derive(Default)]
    struct Notes(Arc<Mutex<Vec<u64>>>);

    impl Notes {
        fn waker(&self, number: u64) -> Waker {
            Waker::from(Arc::new(Note(number, self.0.clone())))
        }

        fn take(&self) -> Vec<u64> {
            mem::take(&mut self.0.lock().unwrap())
        }
    }

    fn fire(wheel: &mut Wheel, now: u64) {
        let mut due = Vec::new();
        while wheel.advance(Tick(now), 7, &mut due) {}
        due.drain(..).for_each(Waker::wake);
    }

    #[test]
    fn a_timer_fires_at_its_tick_and_not_before() {
        for start in [0, 1, 62, 63, 64, 4095, 4096, (1 << 36) - 2, 1 << 40] {
            for after in [
                1,
                2,
                63,
                64,
                65,
                4095,
                4096,
                4097,
                1 << 18,
                1 << 30,
                1 << 36,
                (1 << 36) + 1,
                1 << 45,
            ] {
                let (notes, mut wheel) = (Notes::default(), Wheel::new());
                fire(&mut wheel, start);
                wheel.insert(Tick(start + after), notes.waker(1));
                fire(&mut wheel, start + after - 1);
                assert!(notes.take().is_empty(), "{after} after {start}: early");
                assert!(wheel.next_tick() <= Tick(start + after));
                fire(&mut wheel, start + after);
                assert_eq!(notes.take(), [1], "{after} after {start}: not fired");
                assert_eq!(wheel.next_tick(), Tick::NEVER);
            }
        }
    }

    #[test]
    fn a_tick_is_ahead_until_the_wheel_has_come_to_it() {
        let mut wheel = Wheel::new();
        fire(&mut wheel, 10);
        assert!(!wheel.is_ahead(Tick(3)));
        assert!(!wheel.is_ahead(Tick(10)));
        assert!(wheel.is_ahead(Tick(11)));
    }

    #[test]
    fn timers_of_one_tick_fire_in_the_order_of_their_start() {
        let (notes, mut wheel) = (Notes::default(), Wheel::new());
        for number in 0..20 {
            wheel.insert(Tick(5000), notes.waker(number));
        }
        fire(&mut wheel, 6000);
        assert_eq!(notes.take(), (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn a_key_of_a_timer_that_fired_finds_nothing_also_after_the_memory_went_back() {
        let (notes, mut wheel) = (Notes::default(), Wheel::new());
        let keys: Vec<_> = (0..2000)
            .map(|number| wheel.insert(Tick(7), notes.waker(number)))
            .collect();
        fire(&mut wheel, 7);
        assert_eq!(wheel.timers.capacity(), 0);
        wheel.insert(Tick(9), notes.waker(0));
        for key in keys {
            assert!(wheel.waker(key).is_none());
            assert!(wheel.remove(key).is_none());
        }
    }

    #[test]
    fn a_wheel_that_is_opened_again_knows_the_keys_from_before() {
        let (notes, mut wheel) = (Notes::default(), Wheel::new());
        let key = wheel.insert(Tick(7), notes.waker(1));
        assert!(wheel.has_started(key));
        assert_eq!(wheel.close().len(), 1);
        assert!(!wheel.has_started(key));
        wheel.open();
        let later = wheel.insert(Tick(7), notes.waker(2));
        assert!(!wheel.has_started(key));
        assert!(wheel.waker(key).is_none());
        assert!(wheel.remove(key).is_none());
        assert!(wheel.has_started(later));
        fire(&mut wheel, 7);
        assert_eq!(notes.take(), [2]);
    }

    #[test]
    fn random_starts_and_cancels_agree_with_a_sorted_list() {
        let seed = std::env::var("CANTER_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        println!("CANTER_SEED={seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let (notes, mut wheel) = (Notes::default(), Wheel::new());
        let mut live: Vec<(u64, u64, Key)> = Vec::new();
        let (mut now, serial) = (0, AtomicU64::new(0));
        for _ in 0..20_000 {
            match random.u32(0..10) {
                0..=5 => {
                    let reach = 1 << random.u32(1..38);
                    let tick = now + 1 + random.u64(0..reach);
                    let number = serial.fetch_add(1, Relaxed);
                    live.push((tick, number, wheel.insert(Tick(tick), notes.waker(number))));
                }
                6..=7 if !live.is_empty() => {
                    let (_, _, key) = live.swap_remove(random.usize(0..live.len()));
                    assert!(wheel.remove(key).is_some());
                }
                _ => {
                    let step = 1 << random.u32(1..36);
                    now += random.u64(0..step);
                    fire(&mut wheel, now);
                    let mut expected: Vec<_> = live
                        .iter()
                        .filter(|timer| timer.0 <= now)
                        .map(|timer| timer.1)
                        .collect();
                    live.retain(|timer| timer.0 > now);
                    let mut fired = notes.take();
                    expected.sort_unstable();
                    fired.sort_unstable();
                    assert_eq!(fired, expected);
                }
            }
            assert_eq!(wheel.len, live.len());
        }
    }
}
