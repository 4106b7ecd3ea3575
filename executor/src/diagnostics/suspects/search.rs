//! How suspects are found.
//!
//! Who holds the other end of a channel nobody knows, for a handle is moved without a word. But a dump can look at the memory in which the
//! futures of tasks lie, where [marks](canter_coop::mark) show which ends a task waits for, and words which ends it holds. The memory is read
//! through the kernel, as a debugger reads it: what is written meanwhile, or freed, does no harm.
//!
//! An end may set those free who wait for it if it may move: if a task holds it that does not wait, or has not waited long, or may be
//! woken from outside of the program; or if fewer holders are found than the channel counts, so that the others are somewhere else. Who is set
//! free may move the ends that it holds itself, and so on. Whoever is left at last is a suspect.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use canter_coop::waiting::EndedBy;
use canter_coop::{Waiting, mark};

use super::memory::Memory;
use super::{Party, Suspects};
use crate::diagnostics::{Dump, Kind};
use crate::runtime::Shared;
use crate::task::{Registry, Stage, TaskRef};
use crate::timer::Moment;

/// As many that wait are looked at.
const MOST: usize = 1 << 16;

/// The suspects of a runtime; none where its memory can't be read.
pub(in crate::diagnostics) fn of(shared: &Shared) -> Vec<Suspects> {
    let Some(memory) = Memory::open() else {
        return Vec::new();
    };
    let now = Moment::now();
    let mut search = Search::new(memory);
    visit_all(shared, now, |person| search.find_waiter(person));
    if search.waiters.is_empty() {
        return Vec::new();
    }
    search.count_holders();
    visit_all(shared, now, |person| search.find_holder(person));
    search.set_free();
    search.finish()
}

/// Whoever may wait for an end or hold one.
struct Person {
    /// Where its future lies, which nobody else's does.
    future: Range<usize>,
    kind: Option<Kind>,
    place: &'static Location<'static>,
    /// What for, and for how long; `None` if it does not wait, or does not say for what.
    waits: Option<(Waiting, Duration)>,
}

impl Person {
    fn task(kind: Kind, task: &TaskRef, now: Moment) -> Person {
        let waits = match task.stage() {
            Stage::Ready | Stage::Running => None,
            Stage::Waiting { waiting, since } => waiting.map(|waiting| (waiting, now.since(since))),
        };
        Person {
            future: task.future(),
            kind: Some(kind),
            place: task.spawned_at(),
            waits,
        }
    }

    /// What it has waited for long, if it does.
    fn waits_long(&self) -> Option<(Waiting, Duration)> {
        self.waits.filter(|&(_, waited)| waited >= Dump::SUSPECT_AFTER)
    }
}

/// All whose futures are known. No lock is held while `visit` runs.
fn visit_all(shared: &Shared, now: Moment, mut visit: impl FnMut(&Person)) {
    let mut threads = Vec::new();
    let mut local: Vec<Arc<Registry>> = Vec::new();
    shared.waiters.for_each(|waiter| {
        threads.push(Person {
            future: waiter.future.clone(),
            kind: None,
            place: waiter.called_at,
            waits: waiter.waiting.map(|waiting| (waiting, now.since(waiter.since))),
        });
        local.extend(waiter.local.clone());
    });
    threads.iter().for_each(&mut visit);
    let local = local.iter().map(|registry| &**registry);
    let mut some = Vec::new();
    for registry in shared.task_registries().chain(local) {
        let (kind, mut next) = (registry.kind(), 0);
        while registry.for_some(&mut next, |task| some.push(Person::task(kind, task, now))) {
            some.drain(..).for_each(|person| visit(&person));
        }
    }
}

/// Somebody who has waited long for ends of channels.
struct Waiter {
    kind: Option<Kind>,
    place: &'static Location<'static>,
    waiting: Waiting,
    waited: Duration,
    waits_for: Vec<usize>,
    holds: Vec<usize>,
    is_free: bool,
}

/// Somebody who holds an end.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Holder {
    /// Where its future begins.
    future: usize,
    kind: Option<Kind>,
    place: &'static Location<'static>,
}

/// One end of a channel for which somebody waits.
#[derive(Default)]
struct End {
    waiters: Vec<usize>,
    holders: Vec<Holder>,
    /// How many hold it, as its channel counts.
    count: usize,
    /// Somebody may move it.
    is_free: bool,
}

struct Search {
    memory: Memory,
    waiters: Vec<Waiter>,
    /// By where their futures begin.
    known: HashMap<usize, usize>,
    ends: Vec<End>,
    /// By the addresses of their counts.
    addresses: HashMap<usize, usize>,
}

impl Search {
    fn new(memory: Memory) -> Search {
        Search {
            memory,
            waiters: Vec::new(),
            known: HashMap::new(),
            ends: Vec::new(),
            addresses: HashMap::new(),
        }
    }

    fn find_waiter(&mut self, person: &Person) {
        let Some((waiting, waited)) = person.waits_long() else {
            return;
        };
        if waiting.reason.may_be_ended_by() != EndedBy::Holders || self.waiters.len() == MOST {
            return;
        }
        let (start, words) = self.memory.words(&person.future);
        let waits_for: HashSet<usize> = mark::find(start, words).collect();
        if waits_for.is_empty() {
            return; // its leaf is on the heap
        }
        let index = self.waiters.len();
        let mut waiter = Waiter {
            kind: person.kind,
            place: person.place,
            waiting,
            waited,
            waits_for: Vec::new(),
            holds: Vec::new(),
            is_free: false,
        };
        for address in waits_for {
            let end = *self.addresses.entry(address).or_insert_with(|| {
                self.ends.push(End::default());
                self.ends.len() - 1
            });
            self.ends[end].waiters.push(index);
            waiter.waits_for.push(end);
        }
        self.waiters.push(waiter);
        self.known.insert(person.future.start, index);
    }

    fn count_holders(&mut self) {
        for (&address, &end) in &self.addresses {
            let (_, words) = self.memory.words(&(address..address + size_of::<usize>()));
            self.ends[end].count = words.first().copied().unwrap_or_default();
        }
    }

    fn find_holder(&mut self, person: &Person) {
        let (_, words) = self.memory.words(&person.future);
        let held: HashSet<usize> = words
            .iter()
            .filter_map(|word| self.addresses.get(word).copied())
            .collect();
        let waiter = self.known.get(&person.future.start).copied();
        let waits_for_others = person
            .waits_long()
            .is_some_and(|(waiting, _)| waiting.reason.may_be_ended_by() == EndedBy::Others);
        let holder = Holder {
            future: person.future.start,
            kind: person.kind,
            place: person.place,
        };
        for index in held {
            let end = &mut self.ends[index];
            end.holders.push(holder);
            match waiter {
                Some(waiter) => self.waiters[waiter].holds.push(index),
                None => end.is_free |= !waits_for_others,
            }
        }
    }

    fn set_free(&mut self) {
        let mut free = Vec::new();
        for (index, end) in self.ends.iter_mut().enumerate() {
            // Nobody waits for long for an end that nobody holds: what counted it is gone.
            end.is_free |= end.count == 0 || end.holders.len() < end.count;
            if end.is_free {
                free.push(index);
            }
        }
        while let Some(end) = free.pop() {
            for &waiter in &self.ends[end].waiters {
                let waiter = &mut self.waiters[waiter];
                if !waiter.is_free {
                    waiter.is_free = true;
                    free.extend(&waiter.holds);
                }
            }
        }
    }

    /// Those who are not free, put together where they differ in nothing but in how long they have waited.
    fn finish(self) -> Vec<Suspects> {
        let mut found: Vec<(Suspects, HashSet<usize>)> = Vec::new();
        let mut groups = HashMap::new();
        for waiter in self.waiters.iter().filter(|waiter| !waiter.is_free) {
            let Waiter {
                kind,
                place,
                waiting,
                waited,
                ..
            } = *waiter;
            let key = (kind, place, waiting.reason.as_str(), waiting.place);
            let group = *groups.entry(key).or_insert_with(|| {
                let suspects = Suspects {
                    who: Party {
                        kind,
                        place,
                        count: 0,
                    },
                    waiting,
                    longest: waited,
                    shortest: waited,
                    held_by: Vec::new(),
                };
                found.push((suspects, HashSet::new()));
                found.len() - 1
            });
            let (suspects, ends) = &mut found[group];
            suspects.who.count += 1;
            suspects.longest = suspects.longest.max(waited);
            suspects.shortest = suspects.shortest.min(waited);
            ends.extend(&waiter.waits_for);
        }
        let mut suspects: Vec<Suspects> = found
            .into_iter()
            .map(|(mut suspects, ends)| {
                suspects.held_by = self.parties(&ends);
                suspects
            })
            .collect();
        suspects.sort_by_key(|suspects| Reverse(suspects.longest));
        suspects
    }

    /// Who holds these ends.
    fn parties(&self, ends: &HashSet<usize>) -> Vec<Party> {
        let holders: HashSet<&Holder> = ends.iter().flat_map(|&end| &self.ends[end].holders).collect();
        let mut counts = BTreeMap::new();
        for Holder { kind, place, .. } in holders {
            *counts.entry((*place, *kind)).or_default() += 1;
        }
        let parties = counts.into_iter();
        parties
            .map(|((place, kind), count)| Party { kind, place, count })
            .collect()
    }
}
