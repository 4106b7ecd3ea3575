//! Who is there, and in which room.
//!
//! One lock guards the rooms and the names, held for a look-up and never across an await. What is said does not pass
//! through it: each guest has a sender of its room. Nor does anything that wakes a task happen under it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use canter::channel::{Sender, TrySendError, broadcast};

use crate::server::Count;

/// A line that goes to everybody in a room, its end included.
#[derive(Debug, Clone)]
pub struct RoomLine {
    /// Whose it is: that guest does not want to read it.
    pub from: GuestId,
    pub text: Arc<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestId(u64);

/// What goes to one guest.
#[derive(Debug)]
pub enum Parcel {
    /// Lines to write.
    Text(String),
    /// From here on the guest hears this room, or none, and no longer the one before. The lines say so.
    Move(Option<broadcast::Receiver<RoomLine>>, String),
}

pub struct House {
    inside: Mutex<Inside>,
    /// How many lines a room keeps for those who read slowly.
    queue: usize,
    pub totals: Totals,
}

#[derive(Default)]
struct Inside {
    guests: HashMap<String, Sender<Parcel>>,
    /// Those with somebody in them.
    rooms: BTreeMap<String, Room>,
    last_id: u64,
}

struct Room {
    lines: broadcast::Sender<RoomLine>,
    names: BTreeSet<String>,
}

/// Why a text did not reach the one for whom it was.
pub enum NotTold {
    Nobody,
    /// They read so slowly that there is no room for it.
    Busy,
}

impl House {
    pub fn new(queue: usize) -> Self {
        Self {
            inside: Mutex::default(),
            queue,
            totals: Totals::default(),
        }
    }

    /// Nothing that panics runs under the lock, so what it guards is whole.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody in, under a name that is free. What is for them goes to `mailbox`.
    pub fn enter(self: &Arc<Self>, mailbox: Sender<Parcel>) -> Guest {
        let mut inside = self.inside();
        let nick = loop {
            inside.last_id += 1;
            let nick = format!("guest-{}", inside.last_id);
            if !inside.guests.contains_key(&nick) {
                break nick;
            }
        };
        inside.guests.insert(nick.clone(), mailbox);
        let id = GuestId(inside.last_id);
        drop(inside);
        Guest {
            house: self.clone(),
            id,
            nick,
            stay: None,
        }
    }

    /// The rooms, and how many are in each.
    pub fn rooms(&self) -> Vec<(String, usize)> {
        let inside = self.inside();
        let count = |(name, room): (&String, &Room)| (name.clone(), room.names.len());
        inside.rooms.iter().map(count).collect()
    }

    /// Ends the talk in all rooms: from now on nobody hears who leaves.
    pub fn close(&self) {
        let rooms: Vec<_> = self
            .inside()
            .rooms
            .values()
            .map(|room| room.lines.clone())
            .collect();
        for lines in rooms {
            lines.close();
        }
    }
}

/// Somebody in the house. Dropping it is leaving.
pub struct Guest {
    house: Arc<House>,
    id: GuestId,
    nick: String,
    stay: Option<Stay>,
}

struct Stay {
    room: String,
    lines: broadcast::Sender<RoomLine>,
}

impl Guest {
    pub fn id(&self) -> GuestId {
        self.id
    }

    pub fn nick(&self) -> &str {
        &self.nick
    }

    pub fn room(&self) -> Option<&str> {
        self.stay.as_ref().map(|stay| stay.room.as_str())
    }

    pub fn house(&self) -> &House {
        &self.house
    }

    /// Takes another name, or says false if somebody has it.
    pub fn rename(&mut self, nick: &str) -> bool {
        let mut inside = self.house.inside();
        if inside.guests.contains_key(nick) {
            return false;
        }
        if let Some(mailbox) = inside.guests.remove(&self.nick) {
            inside.guests.insert(nick.to_owned(), mailbox);
        }
        let room = self
            .stay
            .as_ref()
            .and_then(|stay| inside.rooms.get_mut(&stay.room));
        if let Some(room) = room {
            room.names.remove(&self.nick);
            room.names.insert(nick.to_owned());
        }
        drop(inside);
        let old = mem::replace(&mut self.nick, nick.to_owned());
        self.announce(format!("* {old} is now {nick}\n"));
        true
    }

    /// Goes to a room, which is made if there is none of that name. Gives what is to be heard there, and who is there
    /// already.
    pub fn join(&mut self, room: &str) -> (broadcast::Receiver<RoomLine>, Vec<String>) {
        self.leave();
        let (lines, hearing, others) = {
            let mut inside = self.house.inside();
            let room = inside.rooms.entry(room.to_owned()).or_insert_with(|| Room {
                lines: canter::channel::broadcast(self.house.queue).0,
                names: BTreeSet::new(),
            });
            let others = room.names.iter().cloned().collect();
            room.names.insert(self.nick.clone());
            (room.lines.clone(), room.lines.subscribe(), others)
        };
        self.stay = Some(Stay {
            room: room.to_owned(),
            lines,
        });
        self.announce(format!("* {} joined\n", self.nick));
        (hearing, others)
    }

    /// Leaves the room, and gives its name. The last one takes the room along.
    pub fn leave(&mut self) -> Option<String> {
        let mut inside = self.house.inside();
        let left = self.stay.as_ref()?;
        let empty = inside.rooms.get_mut(&left.room).is_some_and(|room| {
            room.names.remove(&self.nick);
            room.names.is_empty()
        });
        let gone = empty.then(|| inside.rooms.remove(&left.room));
        drop(inside);
        drop(gone);
        // Only now, so that whoever finds this guest in the room hears that it leaves.
        self.announce(format!("* {} left\n", self.nick));
        self.stay.take().map(|stay| stay.room)
    }

    /// Who is in the room, this guest included.
    pub fn company(&self) -> Vec<String> {
        let inside = self.house.inside();
        let room = self.stay.as_ref().and_then(|stay| inside.rooms.get(&stay.room));
        room.map_or_else(Vec::new, |room| room.names.iter().cloned().collect())
    }

    /// Says something in the room, or says false if this guest is in none.
    pub fn say(&self, text: &str) -> bool {
        self.house.totals.said.add(u64::from(self.stay.is_some()));
        self.announce(format!("{}: {text}\n", self.nick));
        self.stay.is_some()
    }

    /// Says something to one guest, who may be anywhere in the house.
    pub fn tell(&self, nick: &str, text: &str) -> Result<(), NotTold> {
        let mailbox = self.house.inside().guests.get(nick).cloned();
        let mailbox = mailbox.ok_or(NotTold::Nobody)?;
        match mailbox.try_send(Parcel::Text(format!("{} (to you): {text}\n", self.nick))) {
            Ok(()) => {
                self.house.totals.said.add(1);
                Ok(())
            }
            Err(TrySendError::Full(_)) => Err(NotTold::Busy),
            Err(TrySendError::Closed(_)) => Err(NotTold::Nobody),
        }
    }

    /// A line to all in the room, if there is one. It never waits, and fails only if the house is closed.
    fn announce(&self, text: String) {
        if let Some(stay) = &self.stay {
            let _ = stay.lines.send(RoomLine {
                from: self.id,
                text: text.into(),
            });
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.leave();
        // Last, so that the name is nobody else's as long as it stands in a room.
        let mailbox = self.house.inside().guests.remove(&self.nick);
        drop(mailbox);
    }
}

/// What the house has seen.
#[derive(Default)]
pub struct Totals {
    pub clients: Count,
    pub said: Count,
    pub missed: Count,
    pub turned_away: Count,
}

impl Totals {
    pub fn summary(&self, still_open: usize) -> String {
        let mut summary = format!(
            "served {} clients, {} lines said, {} missed by slow readers; {} turned away",
            self.clients.get(),
            self.said.get(),
            self.missed.get(),
            self.turned_away.get()
        );
        if still_open > 0 {
            summary += &format!("; {still_open} still open");
        }
        summary
    }
}
