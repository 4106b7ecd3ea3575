//! A trace as a viewer reads it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use canter_executor::diagnostics::Trace;
use serde_json::Value;

pub struct Chrome(Value);

#[derive(Debug, Clone, Copy)]
pub struct Event<'a>(&'a Value);

impl Chrome {
    pub fn of(trace: &Trace) -> Chrome {
        let mut written = Vec::new();
        trace.write(&mut written).expect("memory takes everything");
        Chrome(serde_json::from_slice(&written).expect("it is JSON"))
    }

    pub fn read(file: &Path) -> Chrome {
        let written = std::fs::read(file).expect("the trace was written");
        Chrome(serde_json::from_slice(&written).expect("it is JSON"))
    }

    fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let events = self.0["traceEvents"]
            .as_array()
            .expect("there is a list of events");
        events.iter().map(Event)
    }

    /// Everything but metadata.
    pub fn timed(&self) -> impl Iterator<Item = Event<'_>> {
        self.events().filter(|event| event.phase() != "M")
    }

    pub fn slices(&self) -> impl Iterator<Item = Event<'_>> {
        self.events().filter(|event| event.phase() == "X")
    }

    pub fn of_category(&self, category: &'static str) -> impl Iterator<Item = Event<'_>> {
        self.events().filter(move |event| event.0["cat"] == category)
    }

    pub fn polls(&self) -> impl Iterator<Item = Event<'_>> {
        self.of_category("poll")
    }

    pub fn tracks(&self) -> HashSet<u64> {
        self.timed().map(|event| event.track()).collect()
    }

    pub fn names_track(&self, track: u64) -> bool {
        let mut names = self.events().filter(|event| event.name() == "thread_name");
        names.any(|event| event.track() == track && event.text("name").is_some_and(|name| !name.is_empty()))
    }

    /// The track of the thread with that name.
    pub fn track_named(&self, name: &str) -> Option<u64> {
        let mut names = self.events().filter(|event| event.name() == "thread_name");
        let named = names.find(|event| event.text("name") == Some(name))?;
        Some(named.track())
    }

    /// The beginnings or the ends of the arrows, by their identity, which is no other's.
    pub fn arrows(&self, phase: &str) -> HashMap<u64, Event<'_>> {
        let mut arrows = HashMap::new();
        for event in self.events().filter(|event| event.phase() == phase) {
            let id = event.0["id"].as_u64().expect("an arrow has an identity");
            assert!(arrows.insert(id, event).is_none());
        }
        arrows
    }

    /// Events that were overwritten.
    pub fn lost(&self) -> u64 {
        self.0["otherData"]["lost_events"].as_u64().expect("it is told")
    }
}

impl<'a> Event<'a> {
    pub fn phase(&self) -> &'a str {
        self.0["ph"].as_str().expect("an event has a phase")
    }

    pub fn name(&self) -> &'a str {
        self.0["name"].as_str().expect("an event has a name")
    }

    pub fn track(&self) -> u64 {
        self.0["tid"].as_u64().expect("an event has a track")
    }

    /// In microseconds.
    pub fn time(&self) -> f64 {
        self.0["ts"].as_f64().expect("an event has a time")
    }

    pub fn length(&self) -> f64 {
        self.0["dur"].as_f64().expect("a slice has a length")
    }

    pub fn get(&self, argument: &str) -> Option<&'a Value> {
        self.0["args"].get(argument)
    }

    pub fn text(&self, argument: &str) -> Option<&'a str> {
        self.get(argument)?.as_str()
    }

    pub fn number(&self, argument: &str) -> u64 {
        self.get(argument)
            .and_then(Value::as_u64)
            .expect("it has that number")
    }
}
