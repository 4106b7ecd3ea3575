//! A subscriber of `tracing` that writes down what it is told, for all tests of the process.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};

use canter_executor::task::TaskId;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// The recorder panics when it is told of an event of a task of that name.
pub const TRIPS: &str = "the subscriber panics";

/// The recorder panics when it is asked for a span of a task of that name.
pub const HAS_NO_SPAN: &str = "the subscriber panics at once";

/// Fields by name. Strings are as they are, and everything else as `Debug` writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(pub BTreeMap<&'static str, String>);

impl Fields {
    #[track_caller]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    /// The place that the `loc` fields tell: file, line and column.
    #[track_caller]
    pub fn place(&self) -> String {
        ["loc.file", "loc.line", "loc.col"]
            .map(|name| self.get(name))
            .join(":")
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    New {
        name: &'static str,
        target: &'static str,
        level: Level,
        parent: Option<u64>,
        fields: Fields,
    },
    Follows(u64),
    Enter(ThreadId),
    Exit(ThreadId),
    Event {
        target: &'static str,
        level: Level,
        fields: Fields,
    },
    Close,
}

/// What happened, and in which span if it was in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub span: Option<u64>,
    pub what: What,
}

impl Record {
    /// The fields of an event of a task with that message.
    pub fn event(&self, message: &str) -> Option<&Fields> {
        match &self.what {
            What::Event { fields, .. } => fields
                .0
                .get("message")
                .is_some_and(|said| said == message)
                .then_some(fields),
            _ => None,
        }
    }
}

static RECORDS: Mutex<Vec<Record>> = Mutex::new(Vec::new());

fn records() -> MutexGuard<'static, Vec<Record>> {
    RECORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(span: Option<&Id>, what: What) {
    let span = span.map(Id::into_u64);
    records().push(Record { span, what });
}

struct Recorder;

fn target(metadata: &'static Metadata<'static>) -> &'static str {
    metadata.target()
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = context.span(id).expect("it is new");
        let has_name = |wanted| fields.0.get("task.name").is_some_and(|name| name == wanted);
        assert!(!has_name(HAS_NO_SPAN), "the subscriber was asked to panic");
        if has_name(TRIPS) {
            span.extensions_mut().insert(Trips);
        }
        let metadata = attributes.metadata();
        let what = What::New {
            name: metadata.name(),
            target: target(metadata),
            level: *metadata.level(),
            parent: span.parent().map(|parent| parent.id().into_u64()),
            fields,
        };
        note(Some(id), what);
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: Context<'_, S>) {
        note(Some(id), What::Follows(follows.into_u64()));
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        note(Some(id), What::Enter(thread::current().id()));
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        note(Some(id), What::Exit(thread::current().id()));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let what = What::Event {
            target: target(metadata),
            level: *metadata.level(),
            fields,
        };
        let span = context.event_span(event);
        note(span.as_ref().map(|span| span.id()).as_ref(), what);
        let trips = span.is_some_and(|span| span.extensions().get::<Trips>().is_some());
        assert!(!trips, "the subscriber was asked to panic");
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        note(Some(&id), What::Close);
    }
}

/// Marks the span of a task of the name [`TRIPS`].
struct Trips;

/// Writes down what happens from now on, in the whole process.
pub fn record() {
    static RECORDS: Once = Once::new();
    RECORDS.call_once(|| {
        let recorder = Registry::default().with(Recorder);
        tracing::subscriber::set_global_default(recorder).expect("nobody else sets one");
    });
}

/// What happened in the span of a task, from its beginning on, up to its end if it has ended.
pub fn of_task(id: TaskId) -> Vec<Record> {
    let number = id.to_string();
    let records = records();
    let begins = records.iter().position(|record| match &record.what {
        What::New { fields, .. } => fields.0.get("task.id") == Some(&number),
        _ => false,
    });
    let Some(begins) = begins else { return Vec::new() };
    of_span_from(&records[begins..])
}

/// What happened in the span that begins the records.
fn of_span_from(records: &[Record]) -> Vec<Record> {
    let span = records[0].span;
    let mut own: Vec<_> = records.iter().filter(|record| record.span == span).collect();
    let closed = own.iter().position(|record| record.what == What::Close);
    own.truncate(closed.map_or(own.len(), |closed| closed + 1));
    own.into_iter().cloned().collect()
}

/// What happened in the only span of that name.
#[track_caller]
pub fn of_span(name: &str) -> Vec<Record> {
    let records = records();
    let begins = records
        .iter()
        .position(|record| matches!(&record.what, What::New { name: known, .. } if *known == name));
    of_span_from(&records[begins.expect("there is such a span")..])
}

/// The number of a task's span.
pub fn span_of(id: TaskId) -> u64 {
    let of_task = of_task(id);
    of_task
        .first()
        .and_then(|record| record.span)
        .expect("it has a span")
}

/// All events with that target and these fields, wherever they happened, and in which span.
pub fn events(wanted: &str, wanted_fields: &[(&str, &str)]) -> Vec<Record> {
    let records = records();
    let is_wanted = |record: &&Record| match &record.what {
        What::Event { target, fields, .. } => {
            let has = |(name, value): &(&str, &str)| fields.0.get(name).is_some_and(|have| have == value);
            *target == wanted && wanted_fields.iter().all(has)
        }
        _ => false,
    };
    records.iter().filter(is_wanted).cloned().collect()
}

/// Waits until the task has told such an event, and gives its fields.
pub fn wait_for_event(id: TaskId, message: &str) -> Fields {
    loop {
        let of_task = of_task(id);
        if let Some(fields) = of_task.iter().find_map(|record| record.event(message)) {
            return fields.clone();
        }
        thread::yield_now();
    }
}
