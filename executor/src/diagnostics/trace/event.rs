//! What can be recorded, and the four words that it is kept in.

use std::panic::Location;

use canter_coop::{Reason, Waiting};

use crate::task::TaskId;

/// Something that happened, on the thread that records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A task was spawned here and went into a queue.
    Spawn {
        task: TaskId,
        queued: Queued,
        place: Option<&'static Location<'static>>,
    },
    /// A task was woken here and went into a queue.
    Wake {
        task: TaskId,
        queued: Queued,
    },
    PollBegin {
        task: TaskId,
        place: Option<&'static Location<'static>>,
    },
    /// The task, whose poll is about to end, waits. Without this before its end the poll was the task's last one.
    Waits {
        task: TaskId,
        waiting: Option<Waiting>,
    },
    PollEnd {
        task: TaskId,
    },
    /// The thread gives its seat to another one in the middle of a poll. The poll goes on, on a track of the thread's own.
    LeavesSeat {
        task: TaskId,
    },
    /// The worker took tasks from another seat.
    Steal {
        from: usize,
        tasks: usize,
    },
    /// The worker goes to sleep.
    Park {
        polls: bool,
    },
    /// It got up again. `notified`: somebody called it by name.
    Unpark {
        notified: bool,
    },
    /// The poller gave events, whose tasks are woken next.
    Events {
        events: usize,
    },
    /// Timers ended, whose tasks are woken next.
    Timers {
        fired: usize,
    },
}

/// The queue that a task went into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queued {
    Next,
    Local,
    Injector,
    Blocking,
    /// That of the thread on which a local task stays.
    Home,
}

impl Queued {
    const ALL: [Queued; 5] = [
        Queued::Next,
        Queued::Local,
        Queued::Injector,
        Queued::Blocking,
        Queued::Home,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Queued::Next => "next slot",
            Queued::Local => "local queue",
            Queued::Injector => "injector",
            Queued::Blocking => "blocking threads",
            Queued::Home => "queue of local tasks",
        }
    }
}

/// An event as it lies in a ring.
///
/// | word | what it holds |
/// | --- | --- |
/// | `time` | nanoseconds since the recorder was made; zero for that of the event before |
/// | `head` | from the lowest bit: the kind (8 bits), a small number that belongs to it (16), the thread (40, zero in the ring of a seat) |
/// | `number` | the task, or a count |
/// | `place` | a place in the program, or null |
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) time: u64,
    pub(super) head: u64,
    pub(super) number: u64,
    pub(super) place: Option<&'static Location<'static>>,
}

const KIND_BITS: u32 = 8;
const SMALL_BITS: u32 = 16;

impl Event {
    /// Whether it happens in the same moment as the one after it, so that the clock need not be read for it.
    pub(super) fn is_timeless(self) -> bool {
        matches!(self, Event::Waits { .. })
    }

    pub(super) fn into_words(self, time: u64, thread: u64) -> Words {
        let (kind, small, number, place) = match self {
            Event::Spawn { task, queued, place } => (0, queued as u16, task.number(), place),
            Event::Wake { task, queued } => (1, queued as u16, task.number(), None),
            Event::PollBegin { task, place } => (2, 0, task.number(), place),
            Event::Waits { task, waiting } => {
                let reason = waiting.map_or(0, |waiting| waiting.reason.number().get());
                (3, reason, task.number(), waiting.map(|waiting| waiting.place))
            }
            Event::PollEnd { task } => (4, 0, task.number(), None),
            Event::LeavesSeat { task } => (5, 0, task.number(), None),
            Event::Steal { from, tasks } => (6, from as u16, tasks as u64, None),
            Event::Park { polls } => (7, u16::from(polls), 0, None),
            Event::Unpark { notified } => (8, u16::from(notified), 0, None),
            Event::Events { events } => (9, 0, events as u64, None),
            Event::Timers { fired } => (10, 0, fired as u64, None),
        };
        Words {
            time,
            head: kind | u64::from(small) << KIND_BITS | thread << (KIND_BITS + SMALL_BITS),
            number,
            place,
        }
    }
}

impl Words {
    /// The event, and the thread that recorded it; `None` for words that no event is made of.
    pub(super) fn event(self) -> Option<(Event, u64)> {
        let Words {
            head, number, place, ..
        } = self;
        let small = (head >> KIND_BITS) as u16;
        let task = || TaskId::of_number(number);
        let queued = || Queued::ALL.get(usize::from(small)).copied();
        let event = match head as u8 {
            0 => Event::Spawn {
                task: task()?,
                queued: queued()?,
                place,
            },
            1 => Event::Wake {
                task: task()?,
                queued: queued()?,
            },
            2 => Event::PollBegin { task: task()?, place },
            3 => {
                let waiting = place.and_then(|place| {
                    let reason = Reason::of_number(small)?;
                    Some(Waiting { reason, place })
                });
                Event::Waits {
                    task: task()?,
                    waiting,
                }
            }
            4 => Event::PollEnd { task: task()? },
            5 => Event::LeavesSeat { task: task()? },
            6 => Event::Steal {
                from: usize::from(small),
                tasks: number as usize,
            },
            7 => Event::Park { polls: small != 0 },
            8 => Event::Unpark { notified: small != 0 },
            9 => Event::Events {
                events: number as usize,
            },
            10 => Event::Timers {
                fired: number as usize,
            },
            _ => return None,
        };
        Some((event, head >> (KIND_BITS + SMALL_BITS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static QUIET: Reason = Reason::new("quiet");

    #[test]
    fn every_event_comes_out_of_its_words_as_it_went_in() {
        let task = TaskId::of_number(17).expect("not zero");
        let place = Location::caller();
        let reason = &QUIET;
        let mut events = vec![
            Event::PollBegin { task, place: None },
            Event::PollEnd { task },
            Event::Waits { task, waiting: None },
            Event::Waits {
                task,
                waiting: Some(Waiting { reason, place }),
            },
            Event::LeavesSeat { task },
            Event::Steal { from: 1500, tasks: 9 },
            Event::Park { polls: true },
            Event::Unpark { notified: false },
            Event::Events { events: 1 << 40 },
            Event::Timers { fired: 3 },
        ];
        for queued in Queued::ALL {
            let place = Some(place);
            events.extend([Event::Wake { task, queued }, Event::Spawn { task, queued, place }]);
        }
        for event in events {
            assert_eq!(event.into_words(5, 70_000).event(), Some((event, 70_000)));
        }
    }
}
