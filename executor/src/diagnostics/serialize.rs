//! Dumps for programs: places as `file:line:column`, times as whole milliseconds.

use std::panic::Location;
use std::time::Duration;

use canter_coop::Waiting;
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{BlockedThread, Deadlock, Described, Dump, Group, Kind, Party, State, Suspects};

impl Serialize for Deadlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Deadlock", 2)?;
        fields.serialize_field("proven", &self.proven)?;
        fields.serialize_field("dumps", &self.dumps)?;
        fields.end()
    }
}

impl Serialize for Dump {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Dump", 4)?;
        fields.serialize_field("tasks", &self.tasks())?;
        fields.serialize_field("threads", &self.threads)?;
        fields.serialize_field("groups", &self.groups)?;
        fields.serialize_field("suspects", &self.suspects)?;
        fields.end()
    }
}

impl Serialize for BlockedThread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("BlockedThread", 4)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("called_at", &place(self.called_at))?;
        fields.serialize_field("waiting", &self.waiting.map(WaitingFor))?;
        fields.serialize_field("waited_ms", &millis(self.waited))?;
        fields.end()
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (state, waiting) = match self.state {
            State::Running => ("running", None),
            State::Ready => ("ready", None),
            State::Waiting(waiting) => ("waiting", waiting),
        };
        let mut fields = serializer.serialize_struct("Group", 8)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("spawned_at", &place(self.spawned_at))?;
        fields.serialize_field("state", state)?;
        fields.serialize_field("waiting", &waiting.map(WaitingFor))?;
        fields.serialize_field("count", &self.count)?;
        fields.serialize_field("longest_ms", &self.longest.map(millis))?;
        fields.serialize_field("shortest_ms", &self.shortest.map(millis))?;
        fields.serialize_field("sample", &self.sample)?;
        fields.end()
    }
}

impl Serialize for Suspects {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Suspects", 5)?;
        fields.serialize_field("who", &self.who)?;
        fields.serialize_field("waiting", &WaitingFor(self.waiting))?;
        fields.serialize_field("longest_ms", &millis(self.longest))?;
        fields.serialize_field("shortest_ms", &millis(self.shortest))?;
        fields.serialize_field("held_by", &self.held_by)?;
        fields.end()
    }
}

/// Of the future of a `block_on` the kind is `null`.
impl Serialize for Party {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Party", 3)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("place", &place(self.place))?;
        fields.serialize_field("count", &self.count)?;
        fields.end()
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Kind::Task => "task",
            Kind::LocalTask => "local task",
            Kind::Closure => "closure",
        })
    }
}

impl Serialize for Described {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Described", 4)?;
        fields.serialize_field("id", &self.id.number())?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("worker", &self.worker)?;
        fields.serialize_field("since_ms", &self.since.map(millis))?;
        fields.end()
    }
}

struct WaitingFor(Waiting);

impl Serialize for WaitingFor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Waiting", 2)?;
        fields.serialize_field("reason", self.0.reason.as_str())?;
        fields.serialize_field("place", &place(self.0.place))?;
        fields.end()
    }
}

fn place(place: &Location<'_>) -> String {
    place.to_string()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
