//! From what the rings kept to slices and marks on tracks: what each thread did, and when.
//!
//! A track is one sequence of slices: a poll, a sleep, or the wake-ups that I/O events or timers caused. They do not overlap, but for polls
//! of local tasks within the poll that waits for them in a `block_on`, or that runs their set. A ring that was overwritten begins anywhere,
//! so an end without a beginning is left out; what had not ended when the ring was read ends there.

use std::collections::{BTreeMap, HashMap};
use std::panic::Location;

use canter_coop::Waiting;

use super::event::{Event, Queued, Words};
use super::recorder::Recorded;
use crate::task::TaskId;

/// Tracks of threads that sit in no seat come behind those of the seats.
const FIRST_THREAD: u64 = 10_000;

/// The shortest slice there is, for a moment at which an arrow begins.
const MOMENT: u64 = 1;

pub(super) struct Timeline {
    pub(super) tracks: BTreeMap<u64, Track>,
    pub(super) slices: Vec<Slice>,
    pub(super) marks: Vec<Mark>,
    pub(super) arrows: Vec<Arrow>,
    /// Where tasks were spawned, as far as a spawn or a poll of theirs was kept.
    pub(super) places: HashMap<TaskId, &'static Location<'static>>,
    /// Events that were overwritten.
    pub(super) lost: u64,
}

pub(super) struct Track {
    pub(super) name: String,
    pub(super) lost: u64,
    /// When the first event that was kept happened.
    pub(super) since: u64,
}

/// Times are in nanoseconds.
pub(super) struct Slice {
    pub(super) track: u64,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) what: What,
}

#[derive(Clone, Copy)]
pub(super) enum What {
    Poll {
        task: TaskId,
        then: Then,
    },
    Sleep {
        polls: bool,
        woken: Option<bool>,
    },
    Events(usize),
    Timers(usize),
    /// A moment in which a thread that polls no task woke or spawned one.
    Call,
}

/// How a poll ended.
#[derive(Clone, Copy)]
pub(super) enum Then {
    Waits(Option<Waiting>),
    Ended,
    Elsewhere,
    /// It was under way when the ring was read.
    Open,
}

/// Something without a duration.
pub(super) struct Mark {
    pub(super) track: u64,
    pub(super) time: u64,
    pub(super) by: By,
    pub(super) event: Event,
}

/// Who did it.
#[derive(Clone, Copy)]
pub(super) enum By {
    Task(TaskId),
    Io,
    Timer,
    /// A thread outside of any poll, or a task whose poll began before the first event that was kept.
    Thread,
}

/// From a wake-up to the poll that it led to.
pub(super) struct Arrow {
    pub(super) from: (u64, u64),
    pub(super) to: (u64, u64),
}

/// What a thread is in the middle of.
struct Open {
    begin: u64,
    /// When something last happened in it.
    last: u64,
    what: What,
}

#[derive(Default)]
struct Thread {
    /// The innermost last: polls, or else one thing.
    open: Vec<Open>,
    waits: Option<(TaskId, Option<Waiting>)>,
}

impl Open {
    fn is_poll(&self) -> bool {
        matches!(self.what, What::Poll { .. })
    }
}

impl Thread {
    fn begin(&mut self, time: u64, what: What) {
        self.open.push(Open {
            begin: time,
            last: time + MOMENT,
            what,
        });
    }
}

impl Timeline {
    pub(super) fn of(recorded: Recorded) -> Timeline {
        let mut timeline = Timeline {
            tracks: BTreeMap::new(),
            slices: Vec::new(),
            marks: Vec::new(),
            arrows: Vec::new(),
            places: HashMap::new(),
            lost: 0,
        };
        for (seat, ring) in recorded.seats.into_iter().enumerate() {
            timeline.lost += ring.lost;
            if let Some(first) = ring.events.iter().find(|words| words.time != 0) {
                let track = Track {
                    name: format!("worker {seat}"),
                    lost: ring.lost,
                    since: first.time,
                };
                timeline.tracks.insert(seat as u64, track);
            }
            timeline.replay(ring.events, seat as u64, recorded.now);
        }
        timeline.lost += recorded.outside.lost;
        for words in &recorded.outside.events {
            let thread = words.event().map_or(0, |(_, thread)| thread);
            timeline
                .tracks
                .entry(FIRST_THREAD + thread)
                .or_insert_with(|| Track {
                    name: recorded.threads.get(&thread).cloned().unwrap_or_default(),
                    lost: recorded.outside.lost,
                    since: words.time,
                });
        }
        timeline.replay(recorded.outside.events, FIRST_THREAD, recorded.now);
        timeline.draw_arrows();
        timeline
    }

    /// Goes through the events of a ring in their order. The track is `base` and the number of the thread.
    fn replay(&mut self, events: Vec<Words>, base: u64, now: u64) {
        let mut threads: BTreeMap<u64, Thread> = BTreeMap::new();
        for words in events {
            if let Some((event, thread)) = words.event() {
                let state = threads.entry(thread).or_default();
                self.step(state, base + thread, words.time, event);
            }
        }
        for (thread, mut state) in threads {
            self.close_all(&mut state, base + thread, now);
        }
    }

    fn step(&mut self, state: &mut Thread, track: u64, time: u64, event: Event) {
        match event {
            Event::PollBegin { task, place } => {
                self.places.extend(place.map(|place| (task, place)));
                let then = Then::Open;
                if !matches!(state.open.last(), Some(open) if open.is_poll()) {
                    self.close_all(state, track, time);
                }
                state.begin(time, What::Poll { task, then });
            }
            Event::Waits { task, waiting } => state.waits = Some((task, waiting)),
            Event::PollEnd { task } => {
                let waits = state.waits.take().filter(|waits| waits.0 == task);
                let then = waits.map_or(Then::Ended, |(_, waiting)| Then::Waits(waiting));
                self.close_poll(state, track, time, task, then);
            }
            Event::LeavesSeat { task } => self.close_poll(state, track, time, task, Then::Elsewhere),
            Event::Park { polls } => self.follow(state, track, time, What::Sleep { polls, woken: None }),
            Event::Unpark { notified } => self.close(state, track, time, Some(notified)),
            Event::Events { events } => self.follow(state, track, time, What::Events(events)),
            Event::Timers { fired } => self.follow(state, track, time, What::Timers(fired)),
            Event::Spawn { task, place, .. } => {
                self.places.extend(place.map(|place| (task, place)));
                self.mark(state, track, time, event);
            }
            Event::Wake { .. } | Event::Steal { .. } => self.mark(state, track, time, event),
        }
    }

    /// Begins something that follows on all that there was.
    fn follow(&mut self, state: &mut Thread, track: u64, time: u64, what: What) {
        self.close_all(state, track, time);
        state.begin(time, what);
    }

    fn close_all(&mut self, state: &mut Thread, track: u64, time: u64) {
        while !state.open.is_empty() {
            self.close(state, track, time, None);
        }
    }

    /// Ends the innermost of what the thread is in the middle of. `notified`: how a sleep ended, where that is known.
    fn close(&mut self, state: &mut Thread, track: u64, time: u64, notified: Option<bool>) {
        let Some(mut open) = state.open.pop() else { return };
        let end = match &mut open.what {
            What::Events(_) | What::Timers(_) => open.last.min(time),
            What::Sleep { woken, .. } => {
                *woken = notified;
                time
            }
            What::Poll { .. } | What::Call => time,
        };
        self.slices.push(Slice {
            track,
            begin: open.begin,
            end: end.max(open.begin),
            what: open.what,
        });
    }

    fn close_poll(&mut self, state: &mut Thread, track: u64, time: u64, polled: TaskId, ended: Then) {
        let is_it = |open: &Open| matches!(open.what, What::Poll { task, .. } if task == polled);
        let Some(depth) = state.open.iter().rposition(is_it) else {
            return;
        };
        while state.open.len() > depth + 1 {
            self.close(state, track, time, None);
        }
        state.open[depth].what = What::Poll {
            task: polled,
            then: ended,
        };
        self.close(state, track, time, None);
    }

    fn mark(&mut self, state: &mut Thread, track: u64, time: u64, event: Event) {
        let by = match state.open.last_mut() {
            Some(open) => {
                open.last = open.last.max(time + MOMENT);
                match open.what {
                    What::Poll { task, .. } => By::Task(task),
                    What::Events(_) => By::Io,
                    What::Timers(_) => By::Timer,
                    What::Sleep { .. } | What::Call => By::Thread,
                }
            }
            None => {
                // An arrow begins in a slice.
                self.slices.push(Slice {
                    track,
                    begin: time,
                    end: time + MOMENT,
                    what: What::Call,
                });
                By::Thread
            }
        };
        self.marks.push(Mark {
            track,
            time,
            by,
            event,
        });
    }

    /// Each wake-up leads to the task's first poll after it; of several in between the last one counts.
    fn draw_arrows(&mut self) {
        /// In this order where two happen at once.
        enum Turn {
            Woken(u64),
            Polled(u64),
        }
        let mut turns: HashMap<TaskId, Vec<(u64, u8, Turn)>> = HashMap::new();
        for mark in &self.marks {
            if let Event::Wake { task, .. } | Event::Spawn { task, .. } = mark.event {
                let turn = (mark.time, 0, Turn::Woken(mark.track));
                turns.entry(task).or_default().push(turn);
            }
        }
        for slice in &self.slices {
            if let What::Poll { task, .. } = slice.what {
                let turn = (slice.begin, 1, Turn::Polled(slice.track));
                turns.entry(task).or_default().push(turn);
            }
        }
        for mut turns in turns.into_values() {
            turns.sort_by_key(|&(time, order, _)| (time, order));
            let mut woken = None;
            for (time, _, turn) in turns {
                match turn {
                    Turn::Woken(track) => woken = Some((track, time)),
                    Turn::Polled(track) => self.arrows.extend(woken.take().map(|from| Arrow {
                        from,
                        to: (track, time),
                    })),
                }
            }
        }
        self.arrows.sort_by_key(|arrow| (arrow.from.1, arrow.to.1));
    }
}

impl Queued {
    /// Where a task went, in words.
    pub(super) fn on(self, track: u64) -> String {
        match self {
            Queued::Next | Queued::Local => format!("{} of worker {track}", self.as_str()),
            Queued::Injector | Queued::Blocking | Queued::Home => self.as_str().to_owned(),
        }
    }
}
