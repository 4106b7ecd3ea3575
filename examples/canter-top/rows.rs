//! What is shown of two snapshots: tables of text, the same for the terminal and for `--once`.

use std::collections::HashMap;
use std::time::Duration;

use crate::snapshot::{Bucket, Group, Runtime, Snapshot, Waiting, Worker};

pub struct Table {
    pub title: &'static str,
    pub columns: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
    /// What there is to say where there are no rows.
    pub empty: &'static str,
}

/// By what the waiting tasks are sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Longest,
    Most,
}

/// A number that goes up and down.
pub struct Level {
    pub name: &'static str,
    /// `None` where the program does not count it, or not yet.
    pub value: Option<u64>,
}

/// Two snapshots of one process, and what of them is shown.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    pub before: Option<&'a Snapshot>,
    pub now: &'a Snapshot,
    /// The number of the runtime.
    pub runtime: usize,
}

impl<'a> Pair<'a> {
    /// What was seen before of another process says nothing of this one.
    pub fn new(before: Option<&'a Snapshot>, now: &'a Snapshot, runtime: usize) -> Pair<'a> {
        let is_older =
            |before: &&Snapshot| before.process.id == now.process.id && before.uptime_ms < now.uptime_ms;
        Pair {
            before: before.filter(is_older),
            now,
            runtime,
        }
    }

    fn runtime_now(self) -> Option<&'a Runtime> {
        self.now.runtimes.get(self.runtime)
    }

    fn runtime_before(self) -> Option<&'a Runtime> {
        // One that has come or gone has moved the numbers of the others.
        let before = self.before?;
        (before.runtimes.len() == self.now.runtimes.len()).then(|| before.runtimes.get(self.runtime))?
    }

    /// How often a second something was counted.
    fn rate(self, count: impl Fn(&Runtime) -> Option<u64>) -> Option<u64> {
        let more = count(self.runtime_now()?)?.saturating_sub(count(self.runtime_before()?)?);
        let millis = self.now.uptime_ms - self.before?.uptime_ms;
        Some((more as f64 * 1000.0 / millis as f64).round() as u64)
    }

    /// The lines at the top.
    pub fn header(self) -> [String; 2] {
        let process = &self.now.process;
        let name = process.name.as_deref().unwrap_or("a program");
        let mut first = format!(
            "{name} (process {}), up {}",
            process.id,
            duration(self.now.uptime_ms)
        );
        let Some(runtime) = self.runtime_now() else {
            return [first, "no runtime is there".to_owned()];
        };
        let runtimes = self.now.runtimes.len();
        if runtimes > 1 {
            first += &format!(", runtime {} of {runtimes}", self.runtime + 1);
        }
        first += &format!(", {} workers", runtime.workers);
        if let Some(spare @ 1..) = runtime.metrics.spare_workers {
            first += &format!(" and {spare} spare");
        }
        if let Some(stalls) = runtime.metrics.stalls {
            first += &format!(", {stalls} stalls");
        }
        let tasks = &runtime.metrics.tasks;
        let mut second = format!("tasks: {} alive", count(tasks.alive));
        if let Some(rate) = self.rate(|runtime| Some(runtime.metrics.tasks.spawned)) {
            second += &format!(", {} spawned/s", count(rate));
        }
        second += &format!(
            ", {} ended, {} panicked",
            count(tasks.ended),
            count(tasks.panicked)
        );
        if let Some(leaked) = tasks.leaked {
            second += &format!(", {} leaked", count(leaked));
        }
        [first, second]
    }

    pub fn workers(self) -> Table {
        let seats = self.runtime_now().map_or(&[][..], |runtime| &runtime.seats);
        let row = |(seat, polled): (usize, &Option<_>)| {
            let counted = |runtime: &'a Runtime| runtime.metrics.workers.get(seat);
            let worker = self.runtime_now().and_then(counted);
            let before = self.runtime_before().and_then(counted);
            let rate = |number: fn(&Worker) -> u64| {
                let rate = self.rate(|runtime| runtime.metrics.workers.get(seat).map(number));
                optional(rate)
            };
            let queue = worker.map(|worker| worker.next_slot + worker.local_queue);
            let (state, place) = state(polled.as_ref());
            vec![
                seat.to_string(),
                state,
                rate(|worker| worker.polls),
                worker.map_or_else(unknown, |worker| p99(worker, before)),
                rate(|worker| worker.steals),
                rate(|worker| worker.parks),
                queue.map_or_else(unknown, |queue| format!("{} {}", bar(queue), count(queue))),
                place,
            ]
        };
        Table {
            title: "Workers",
            columns: &[
                "#",
                "state",
                "polls/s",
                "poll p99",
                "steals/s",
                "parks/s",
                "queue",
                "polls now",
            ],
            rows: seats.iter().enumerate().map(row).collect(),
            empty: "no worker is there",
        }
    }

    pub fn levels(self) -> Vec<Level> {
        let metrics = self.runtime_now().map(|runtime| &runtime.metrics);
        let blocking = metrics.and_then(|metrics| metrics.blocking.as_ref());
        let level = |name, value| Level { name, value };
        vec![
            level("injector", metrics.and_then(|metrics| metrics.injector)),
            level("closures", blocking.map(|blocking| blocking.running)),
            level("closures waiting", blocking.map(|blocking| blocking.waiting)),
            level("timers", metrics.and_then(|metrics| metrics.timers_pending)),
            level("I/O events/s", self.rate(|runtime| runtime.metrics.io_events)),
            level(
                "tasks ended/s",
                self.rate(|runtime| Some(runtime.metrics.tasks.ended)),
            ),
        ]
    }

    /// The places whose tasks the workers were seen to poll. The looks are those of all runtimes.
    pub fn busiest(self) -> Table {
        let nothing = HashMap::new();
        let before = self.before.map_or(nothing, |before| {
            let places = before.looks.places.iter();
            places.map(|place| (&*place.spawned_at, place.seen)).collect()
        });
        let looks = self.now.looks.seats - self.before.map_or(0, |before| before.looks.seats);
        let mut places: Vec<(u64, &str)> = Vec::new();
        for place in &self.now.looks.places {
            let seen_before = before.get(&*place.spawned_at).copied().unwrap_or(0);
            let seen = place.seen.saturating_sub(seen_before);
            if seen > 0 {
                places.push((seen, &place.spawned_at));
            }
        }
        places.sort_by(|a, b| b.cmp(a));
        let row = |(seen, place): (u64, &str)| {
            let share = 100.0 * seen as f64 / looks.max(1) as f64;
            vec![format!("{share:.1} %"), count(seen), place.to_owned()]
        };
        Table {
            title: "Busiest spawn places, by the share of looks at the workers",
            columns: &["share", "looks", "spawned at"],
            rows: places.into_iter().map(row).collect(),
            empty: "no look has found a worker in a poll",
        }
    }

    pub fn waiting(self, order: Order) -> Table {
        let dump = self.runtime_now().map(|runtime| &runtime.dump);
        let mut rows: Vec<(Option<u64>, u64, Vec<String>)> = Vec::new();
        for thread in dump.map_or(&[][..], |dump| &dump.threads) {
            let name = thread.name.as_deref().unwrap_or("unnamed");
            let what = format!("thread '{name}' in block_on");
            let row = waiting_row(
                Some(thread.waited_ms),
                1,
                &what,
                thread.waiting.as_ref(),
                &thread.called_at,
            );
            rows.push((Some(thread.waited_ms), 1, row));
        }
        let is_waiting = |group: &&Group| group.state == "waiting";
        for group in dump
            .map_or(&[][..], |dump| &dump.groups)
            .iter()
            .filter(is_waiting)
        {
            let row = waiting_row(
                group.longest_ms,
                group.count,
                &group.kind,
                group.waiting.as_ref(),
                &group.spawned_at,
            );
            rows.push((group.longest_ms, group.count, row));
        }
        rows.sort_by_key(|&(longest, count, _)| {
            std::cmp::Reverse(match order {
                Order::Longest => (longest, count),
                Order::Most => (Some(count), longest.unwrap_or(0)),
            })
        });
        Table {
            title: match order {
                Order::Longest => "Waiting, the longest first",
                Order::Most => "Waiting, the most first",
            },
            columns: &["longest", "count", "what", "waits for", "spawned at"],
            rows: rows.into_iter().map(|(_, _, row)| row).collect(),
            empty: "nothing waits",
        }
    }
}

fn waiting_row(
    longest: Option<u64>,
    number: u64,
    what: &str,
    waiting: Option<&Waiting>,
    place: &str,
) -> Vec<String> {
    let reason = waiting.map_or_else(unknown, |waiting| {
        format!("{} at {}", waiting.reason, last_of_path(&waiting.place))
    });
    vec![
        longest.map_or_else(unknown, duration),
        count(number),
        what.to_owned(),
        reason,
        place.to_owned(),
    ]
}

fn state(polled: Option<&crate::snapshot::Polled>) -> (String, String) {
    match polled {
        None => ("idle".to_owned(), String::new()),
        Some(polled) => {
            let place = polled.spawned_at.as_deref().unwrap_or_default();
            let place = format!("task {} {place}", polled.task);
            (format!("polls {}", duration(polled.for_ms)), place)
        }
    }
}

/// The time that 99 of 100 polls of the interval did not exceed, of those that were timed; or of all so far, if none was.
fn p99(worker: &Worker, before: Option<&Worker>) -> String {
    let old: HashMap<Duration, u64> = before.map_or_else(HashMap::new, |before| {
        let buckets = before.poll_times.iter();
        buckets.map(|bucket| (bucket.below, bucket.count)).collect()
    });
    let new: Vec<Bucket> = worker
        .poll_times
        .iter()
        .map(|bucket| Bucket {
            below: bucket.below,
            count: bucket.count - old.get(&bucket.below).copied().unwrap_or(0).min(bucket.count),
        })
        .collect();
    percentile(&new, 99)
        .or_else(|| percentile(&worker.poll_times, 99))
        .map_or_else(unknown, |time| match time {
            Duration::MAX => "> 4 s".to_owned(),
            time if time < Duration::from_millis(1) => format!("{:.1} µs", time.as_secs_f64() * 1e6),
            time => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        })
}

/// By the nearest rank; the buckets are in the order of their times.
fn percentile(buckets: &[Bucket], percent: u64) -> Option<Duration> {
    let all: u64 = buckets.iter().map(|bucket| bucket.count).sum();
    let rank = (all * percent).div_ceil(100);
    let mut seen = 0;
    let bucket = buckets.iter().find(|bucket| {
        seen += bucket.count;
        bucket.count > 0 && seen >= rank
    });
    bucket.map(|bucket| bucket.below)
}

/// Eight steps, each twice as long a queue as the one before.
fn bar(queue: u64) -> char {
    const STEPS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let step = u64::BITS - queue.leading_zeros();
    STEPS[(step as usize).min(STEPS.len() - 1)]
}

fn unknown() -> String {
    "-".to_owned()
}

pub fn optional(number: Option<u64>) -> String {
    number.map_or_else(unknown, count)
}

/// As few digits as tell the size.
pub fn count(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..10_000_000 => format!("{}k", number / 1000),
        10_000_000..10_000_000_000 => format!("{}M", number / 1_000_000),
        _ => format!("{}G", number / 1_000_000_000),
    }
}

fn duration(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 if millis < 1000 => format!("{millis} ms"),
        0..60 => format!("{:.1} s", millis as f64 / 1000.0),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

fn last_of_path(place: &str) -> &str {
    place.rsplit(['/', '\\']).next().unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        assert_eq!(
            [0, 9999, 10_000, 12_345_678].map(count),
            ["0", "9999", "10k", "12M"]
        );
        assert_eq!(
            [999, 1500, 61_000, 3_660_000, 90_000_000].map(duration),
            ["999 ms", "1.5 s", "1 min 01 s", "1 h 01 min", "1 d 01 h"]
        );
        assert_eq!([0, 1, 2, 255, u64::MAX].map(bar), [' ', '▁', '▂', '█', '█']);
    }

    #[test]
    fn a_percentile_is_the_end_of_the_bucket_in_which_its_rank_lies() {
        let bucket = |micros, count| Bucket {
            below: Duration::from_micros(micros),
            count,
        };
        assert_eq!(percentile(&[], 99), None);
        let buckets = [bucket(1, 99), bucket(2, 0), bucket(3, 1)];
        assert_eq!(percentile(&buckets, 99), Some(Duration::from_micros(1)));
        assert_eq!(percentile(&buckets, 100), Some(Duration::from_micros(3)));
    }
}
