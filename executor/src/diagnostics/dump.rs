//! What every task of a runtime does: grouped, so that a million tasks are a page.
//!
//! Tasks fall into one group if they were spawned at one place and do the same thing: run, are ready, or wait for the same reason at the
//! same place. Of each group the number of its tasks is kept, and a few of those that wait longest. So the memory of a dump grows with the
//! number of places in the program. The registries are locked for a bounded number of tasks at a time, and no task is stopped.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use canter_coop::{Reason, Waiting};

use super::suspects::{self, Suspects};
use crate::runtime::Shared;
use crate::task::{Registry, Stage, TaskId, TaskRef};
use crate::timer::Moment;

/// What the tasks of one runtime were doing when they were looked at.
///
/// [`Runtime::dump`](crate::runtime::Runtime::dump) makes one. Its `Display` is for people: a line for each thread in a `block_on` and for
/// each group of tasks, those that wait longest first. With the feature `serde` it can be serialised: places as `file:line:column`, times
/// as whole milliseconds in fields that end with `_ms`.
///
/// Local tasks are there if they run in a `block_on` that waits at this moment; those of a `LocalSet` within a task are not.
///
/// Times are exact to some hundredths of a second.
#[derive(Debug, Clone)]
pub struct Dump {
    pub(super) threads: Vec<BlockedThread>,
    pub(super) groups: Vec<Group>,
    pub(super) suspects: Vec<Suspects>,
}

/// A thread that waits in a `block_on`.
#[derive(Debug, Clone)]
pub struct BlockedThread {
    pub(super) name: Option<String>,
    pub(super) called_at: &'static Location<'static>,
    pub(super) waiting: Option<Waiting>,
    pub(super) waited: Duration,
}

/// Tasks that were spawned at one place and do the same.
#[derive(Debug, Clone)]
pub struct Group {
    pub(super) kind: Kind,
    pub(super) spawned_at: &'static Location<'static>,
    pub(super) state: State,
    pub(super) count: usize,
    pub(super) longest: Option<Duration>,
    pub(super) shortest: Option<Duration>,
    pub(super) sample: Vec<Described>,
}

/// What was spawned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A task that any worker may run.
    Task,
    /// A task that stays on the thread of its `block_on`.
    LocalTask,
    /// A closure of `spawn_blocking`.
    Closure,
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is being polled.
    Running,
    /// It is to be polled; of a closure, it waits for a thread.
    Ready,
    /// It waits, for what its leaf futures named, if they did.
    Waiting(Option<Waiting>),
}

/// One task.
#[derive(Debug, Clone)]
pub struct Described {
    pub(super) id: TaskId,
    pub(super) name: Option<String>,
    pub(super) worker: Option<usize>,
    pub(super) since: Option<Duration>,
}

impl Dump {
    /// How many tasks of each group are described. The others are counted.
    pub const SAMPLE: usize = 10;

    /// Whoever has waited for less is no suspect.
    pub const SUSPECT_AFTER: Duration = Duration::from_secs(1);

    pub(crate) fn of(shared: &Shared) -> Dump {
        let mut collector = Collector::new(shared);
        let mut threads = Vec::new();
        let mut local: Vec<Arc<Registry>> = Vec::new();
        shared.waiters.for_each(|waiter| {
            threads.push(BlockedThread {
                name: waiter.thread.name().map(str::to_owned),
                called_at: waiter.called_at,
                waiting: waiter.waiting,
                waited: collector.now.since(waiter.since),
            });
            local.extend(waiter.local.clone());
        });
        threads.sort_by_key(|thread| Reverse(thread.waited));
        let local = local.iter().map(|registry| &**registry);
        shared
            .all_registries()
            .chain(local)
            .for_each(|registry| collector.visit(registry));
        Dump {
            threads,
            groups: collector.finish(),
            suspects: Vec::new(),
        }
    }

    pub(crate) fn with_suspects(shared: &Shared) -> Dump {
        Dump {
            suspects: suspects::of(shared),
            ..Dump::of(shared)
        }
    }

    /// The threads that wait in a `block_on` of the runtime, the one that waits longest first.
    pub fn threads(&self) -> &[BlockedThread] {
        &self.threads
    }

    /// The groups, the one whose oldest task waits longest first; last those that do not wait.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The number of tasks in all groups, closures included.
    pub fn tasks(&self) -> usize {
        self.groups.iter().map(Group::count).sum()
    }

    /// Tasks that have waited [long](Dump::SUSPECT_AFTER) for channels whose other ends are all held by tasks that wait too, and so on: it
    /// looks as if they waited for each other and nobody else, while the rest of the program goes on. Those that have waited longest come
    /// first.
    ///
    /// It is a suspicion and no finding, and no reason to end a task. Who holds an end is looked up in the memory of the futures of tasks, and
    /// of those that wait in a `block_on`, where an end that was moved may have left a copy behind. And of whoever has waited long for a lock,
    /// or for a task to end, it is supposed that one of the suspects keeps it waiting.
    ///
    /// Not all are found. None is who waits for the clock or the kernel as well, or whose select has an arm that is no send and no receive;
    /// nor is who waits for somebody with an end on the heap, as in an `Arc`, a collection or a boxed future, in a plain thread, a closure or
    /// another runtime, or for a task that has two handles of one end. At most 65,536 that wait are looked at. Linux only, and empty where a
    /// program may not look at its own memory (`/proc/self/mem`). It is empty as well in the report of a deadlock, in which all wait for each
    /// other, and in what a socket gives.
    pub fn suspects(&self) -> &[Suspects] {
        &self.suspects
    }
}

impl BlockedThread {
    /// The name of the thread, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where `block_on` was called.
    pub fn called_at(&self) -> &'static Location<'static> {
        self.called_at
    }

    /// What its future waits for; `None` if its leaf futures did not say.
    pub fn waiting(&self) -> Option<Waiting> {
        self.waiting
    }

    /// For how long it has waited.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl Group {
    /// What was spawned.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where they were spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// What they do.
    pub fn state(&self) -> State {
        self.state
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// For how long the oldest of them has done so: waited, or run on its worker. `None` if that is not known of any; of those that are
    /// ready it never is.
    pub fn longest(&self) -> Option<Duration> {
        self.longest
    }

    /// As [`longest`](Group::longest), of the one that began last.
    pub fn shortest(&self) -> Option<Duration> {
        self.shortest
    }

    /// At most [`Dump::SAMPLE`] of them, the oldest first.
    pub fn sample(&self) -> &[Described] {
        &self.sample
    }
}

impl Described {
    /// The one place where a task is described.
    fn of(task: &TaskRef, worker: Option<usize>, since: Option<Duration>) -> Described {
        Described {
            id: task.id(),
            name: task.name().map(|name| name.to_string()),
            worker,
            since,
        }
    }

    /// Which task.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Its name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The number of the worker that runs it, if one does.
    pub fn worker(&self) -> Option<usize> {
        self.worker
    }

    /// For how long it has waited, or run; `None` if that is not known.
    pub fn since(&self) -> Option<Duration> {
        self.since
    }
}

/// What makes a group, by the addresses of its places, which is quick. One place may have several addresses, so groups that differ in
/// these alone are put together in the end.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    kind: Kind,
    spawned_at: *const Location<'static>,
    state: std::mem::Discriminant<State>,
    waiting: Option<(*const Reason, *const Location<'static>)>,
}

struct Collector {
    now: Moment,
    /// Which worker polls a task, and since when.
    running: HashMap<TaskId, (usize, Moment)>,
    groups: HashMap<Key, Group>,
}

impl Collector {
    fn new(shared: &Shared) -> Collector {
        let polled = shared.scheduler.running().enumerate();
        Collector {
            now: Moment::now(),
            running: polled
                .filter_map(|(worker, polled)| polled.map(|(task, since)| (task, (worker, since))))
                .collect(),
            groups: HashMap::new(),
        }
    }

    fn visit(&mut self, registry: &Registry) {
        let kind = registry.kind();
        registry.for_each(|task| self.add(kind, task));
    }

    fn add(&mut self, kind: Kind, task: &TaskRef) {
        let (mut worker, mut since, mut named) = (None, None, None);
        let state = match task.stage() {
            Stage::Ready => State::Ready,
            Stage::Running => {
                let run = self.running.get(&task.id());
                worker = run.map(|&(worker, _)| worker);
                since = run.map(|&(_, since)| since);
                State::Running
            }
            Stage::Waiting {
                waiting,
                since: began,
            } => {
                since = Some(began);
                named = waiting.map(|waiting| (ptr::from_ref(waiting.reason), ptr::from_ref(waiting.place)));
                State::Waiting(waiting)
            }
        };
        let key = Key {
            kind,
            spawned_at: task.spawned_at(),
            state: std::mem::discriminant(&state),
            waiting: named,
        };
        let since = since.map(|since| self.now.since(since));
        let group = self.groups.entry(key).or_insert_with(|| Group {
            kind,
            spawned_at: task.spawned_at(),
            state,
            count: 0,
            longest: None,
            shortest: None,
            sample: Vec::new(),
        });
        group.count += 1;
        group.spans(since, since);
        if group.has_room_for(task.id(), since) {
            group.take_in(Described::of(task, worker, since));
        }
    }

    fn finish(self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::with_capacity(self.groups.len());
        for group in self.groups.into_values() {
            match groups.iter_mut().find(|other| other.is_like(&group)) {
                Some(other) => other.merge(group),
                None => groups.push(group),
            }
        }
        groups.sort_by(|a, b| {
            let order = b.longest.cmp(&a.longest).then(b.count.cmp(&a.count));
            order.then_with(|| a.spawned_at.cmp(b.spawned_at))
        });
        groups
    }
}

impl Group {
    fn is_like(&self, other: &Group) -> bool {
        (self.kind, self.spawned_at, self.state) == (other.kind, other.spawned_at, other.state)
    }

    fn merge(&mut self, other: Group) {
        self.count += other.count;
        self.spans(other.longest, other.shortest);
        other.sample.into_iter().for_each(|task| self.take_in(task));
    }

    fn spans(&mut self, longest: Option<Duration>, shortest: Option<Duration>) {
        self.longest = self.longest.max(longest);
        self.shortest = match (self.shortest, shortest) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
    }

    /// Whether a task is among the oldest so far.
    fn has_room_for(&self, id: TaskId, since: Option<Duration>) -> bool {
        self.sample.len() < Dump::SAMPLE
            || self
                .sample
                .last()
                .is_some_and(|last| age(last) > (Reverse(since), id))
    }

    fn take_in(&mut self, task: Described) {
        let at = self.sample.partition_point(|other| age(other) < age(&task));
        self.sample.insert(at, task);
        self.sample.truncate(Dump::SAMPLE);
    }
}

/// The oldest come first, those whose age is not known last.
fn age(task: &Described) -> (Reverse<Option<Duration>>, TaskId) {
    (Reverse(task.since), task.id)
}
