//! A timeline in the Chrome trace event format.
//!
//! The format is that of "Trace Event Format" (Google, 2016): an object with a list of events, of which each has a phase `ph`, a process, a
//! track `tid` and a time `ts` in microseconds. Written by hand rather than with a JSON library: all there is to it is a few kinds of
//! flat objects, and a runtime should not bring a serialiser into programs that are never traced.

use std::cmp::Reverse;
use std::fmt::{self, Write as _};
use std::io;

use super::event::Event;
use super::timeline::{By, Mark, Slice, Then, Timeline, What};
use crate::task::TaskId;

/// An event of the format, to be sorted by when it begins; what contains others comes before them.
struct Line {
    time: u64,
    order: Order,
    text: String,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    /// A longer slice first.
    Slice(Reverse<u64>),
    Mark,
    Arrow,
}

pub(super) fn write(timeline: &Timeline, mut out: impl io::Write) -> io::Result<()> {
    let process = std::process::id();
    writeln!(
        out,
        "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"program\":{},\"lost_events\":{}}},\"traceEvents\":[",
        Text(&program()),
        timeline.lost
    )?;
    write!(
        out,
        "{{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":{process},\"tid\":0,\"args\":{{\"name\":{}}}}}",
        Text(&program())
    )?;
    for (track, info) in &timeline.tracks {
        for (name, value) in [
            ("thread_name", format!("{{\"name\":{}}}", Text(&info.name))),
            ("thread_sort_index", format!("{{\"sort_index\":{track}}}")),
        ] {
            let head = format_args!("\"ph\":\"M\",\"name\":\"{name}\",\"pid\":{process},\"tid\":{track}");
            write!(out, ",\n{{{head},\"args\":{value}}}")?;
        }
    }
    for line in lines(timeline, process) {
        write!(out, ",\n{}", line.text)?;
    }
    writeln!(out, "\n]}}")?;
    out.flush()
}

/// The name of this program.
fn program() -> String {
    let own = std::env::current_exe().ok();
    let name = own.as_ref().and_then(|path| path.file_name());
    name.map_or_else(|| "canter".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn lines(timeline: &Timeline, process: u32) -> Vec<Line> {
    let at = |track: u64, time: u64| format!("\"pid\":{process},\"tid\":{track},\"ts\":{}", Micros(time));
    let mut lines = Vec::new();
    for (&track, info) in timeline.tracks.iter().filter(|(_, info)| info.lost > 0) {
        let at = at(track, info.since);
        lines.push(Line {
            time: info.since,
            order: Order::Mark,
            text: format!(
                "{{\"ph\":\"i\",\"s\":\"t\",\"name\":\"{} older events were overwritten\",\"cat\":\"lost\",{at}}}",
                info.lost
            ),
        });
    }
    for slice in &timeline.slices {
        let length = slice.end - slice.begin;
        let (name, kind, arguments) = describe_slice(timeline, slice);
        let at = at(slice.track, slice.begin);
        lines.push(Line {
            time: slice.begin,
            order: Order::Slice(Reverse(length)),
            text: format!(
                "{{\"ph\":\"X\",\"name\":{},\"cat\":\"{kind}\",{at},\"dur\":{},\"args\":{arguments}}}",
                Text(&name),
                Micros(length)
            ),
        });
    }
    for mark in &timeline.marks {
        let (name, kind, arguments) = describe_mark(timeline, mark);
        let at = at(mark.track, mark.time);
        lines.push(Line {
            time: mark.time,
            order: Order::Mark,
            text: format!(
                "{{\"ph\":\"i\",\"s\":\"t\",\"name\":{},\"cat\":\"{kind}\",{at},\"args\":{arguments}}}",
                Text(&name)
            ),
        });
    }
    for (id, arrow) in timeline.arrows.iter().enumerate() {
        for (phase, (track, time)) in [("\"s\"", arrow.from), ("\"f\",\"bp\":\"e\"", arrow.to)] {
            let at = at(track, time);
            lines.push(Line {
                time,
                order: Order::Arrow,
                text: format!("{{\"ph\":{phase},\"id\":{id},\"name\":\"wake\",\"cat\":\"wake\",{at}}}"),
            });
        }
    }
    lines.sort_by(|a, b| (a.time, &a.order).cmp(&(b.time, &b.order)));
    lines
}

fn describe_slice(timeline: &Timeline, slice: &Slice) -> (String, &'static str, Arguments) {
    let mut arguments = Arguments::new();
    match slice.what {
        What::Poll { task, then } => {
            arguments.number("task", task.number());
            arguments.spawn_place(timeline, task);
            match then {
                Then::Waits(Some(waiting)) => {
                    arguments.text("then", "waits");
                    arguments.text("waits for", waiting.reason.as_str());
                    arguments.text("at", &waiting.place.to_string());
                }
                Then::Waits(None) => arguments.text("then", "waits"),
                Then::Ended => arguments.text("then", "ended"),
                Then::Elsewhere => arguments.text("then", "blocks its thread, which left the worker's seat"),
                Then::Open => arguments.text("then", "was still being polled"),
            }
            let name = match timeline.places.get(&task) {
                Some(place) => format!("task {task} ({}:{})", place.file(), place.line()),
                None => format!("task {task}"),
            };
            (name, "poll", arguments)
        }
        What::Sleep { polls, woken } => {
            if let Some(notified) = woken {
                let by = if notified {
                    "a worker or thread that had work"
                } else {
                    "itself"
                };
                arguments.text("woken by", by);
            }
            let name = if polls { "waits for I/O" } else { "parked" };
            (name.to_owned(), "sleep", arguments)
        }
        What::Events(events) => {
            arguments.number("events", events as u64);
            ("I/O events".to_owned(), "io", arguments)
        }
        What::Timers(fired) => {
            arguments.number("fired", fired as u64);
            ("timers".to_owned(), "timer", arguments)
        }
        What::Call => ("call".to_owned(), "call", arguments),
    }
}

fn describe_mark(timeline: &Timeline, mark: &Mark) -> (String, &'static str, Arguments) {
    let mut arguments = Arguments::new();
    let (name, kind) = match mark.event {
        Event::Steal { from, tasks } => {
            arguments.number("from worker", from as u64);
            arguments.number("tasks", tasks as u64);
            return ("steal".to_owned(), "steal", arguments);
        }
        Event::Spawn { task, queued, .. } => {
            arguments.number("task", task.number());
            arguments.spawn_place(timeline, task);
            arguments.text("queued", &queued.on(mark.track));
            (format!("spawn task {task}"), "spawn")
        }
        Event::Wake { task, queued } => {
            arguments.number("task", task.number());
            arguments.text("queued", &queued.on(mark.track));
            (format!("wake task {task}"), "wake")
        }
        _ => unreachable!("only these three are marks"),
    };
    match mark.by {
        By::Task(task) => arguments.number("by task", task.number()),
        By::Io => arguments.text("by", "I/O"),
        By::Timer => arguments.text("by", "timer"),
        By::Thread => arguments.text("by", "thread"),
    }
    (name, kind, arguments)
}

/// What belongs to an event beside its time and track.
struct Arguments(String);

impl Arguments {
    fn new() -> Arguments {
        Arguments(String::new())
    }

    fn number(&mut self, name: &str, number: u64) {
        self.add(name, format_args!("{number}"));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.add(name, format_args!("{}", Text(text)));
    }

    fn spawn_place(&mut self, timeline: &Timeline, task: TaskId) {
        if let Some(place) = timeline.places.get(&task) {
            self.text("spawned at", &place.to_string());
        }
    }

    fn add(&mut self, name: &str, value: fmt::Arguments<'_>) {
        let comma = if self.0.is_empty() { "" } else { "," };
        write!(self.0, "{comma}{}:{value}", Text(name)).expect("a string takes everything");
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

/// A string of JSON, with its quotes.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('"')
    }
}

/// Nanoseconds as microseconds with a fraction.
struct Micros(u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_demands() {
        let text = Text("a\"b\\c\n\u{1}é").to_string();
        assert_eq!(text, "\"a\\\"b\\\\c\\u000a\\u0001é\"");
        let read: String = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(read, "a\"b\\c\n\u{1}é");
    }

    #[test]
    fn times_are_microseconds_with_three_places() {
        assert_eq!(Micros(12_003_045).to_string(), "12003.045");
    }
}
