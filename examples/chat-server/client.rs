//! One client: its lines are read and obeyed, and what is for it is written, at the same time in one task.

use std::convert::Infallible;
use std::future;
use std::io;
use std::mem;
use std::net::Shutdown;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use canter::channel::broadcast::{self, RecvError, TryRecvError};
use canter::channel::{Receiver, Sender, bounded};
use canter::net::TcpStream;
use canter::select;
use canter::sync::OwnedSemaphorePermit;
use canter::time;
use futures::AsyncWriteExt;

use crate::command::{Command, HELP};
use crate::house::{Guest, GuestId, House, NotTold, Parcel, RoomLine};
use crate::lines::{Line, Lines};

/// Where everybody begins.
const FIRST_ROOM: &str = "lobby";
/// Answers and private lines that wait to be written. When it is full, the client's own commands wait, and others are
/// told that they can't reach it.
const MAILBOX: usize = 32;
/// About so many bytes go out in one write, if there are as many.
const BATCH: usize = 16 * 1024;

#[derive(Clone, Copy)]
pub struct Limits {
    /// Bytes in a line.
    pub line: usize,
    /// How long a client may say nothing, and how long it may take to read what one write holds.
    pub idle: Duration,
}

/// A client. The stream comes first: it is closed before its place is free.
pub struct Client {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    house: Arc<House>,
    limits: Limits,
}

impl Client {
    pub fn new(stream: TcpStream, place: OwnedSemaphorePermit, house: Arc<House>, limits: Limits) -> Self {
        Self {
            stream,
            _place: place,
            house,
            limits,
        }
    }

    /// Serves the client until it is gone, or is to be, or `closing` is closed.
    pub async fn run(self, closing: Receiver<Infallible>) {
        // It fails only where the client is gone, which reading will tell.
        let _ = self.stream.set_nodelay(true);
        let (mailbox, mail) = bounded(MAILBOX);
        let mut visit = Visit {
            guest: self.house.enter(mailbox.clone()),
            mailbox,
        };
        let mut writing = pin!(self.write(visit.guest.id(), mail));
        let farewell = select! {
            farewell = visit.converse(Lines::new(&self.stream, self.limits.line), self.limits) => farewell,
            _ = closing.recv() => "the server stops; good-bye".to_owned(),
            _ = &mut writing => return,
        };
        let Visit { guest, mailbox } = visit;
        drop(guest);
        // A client that has a full mailbox does without a farewell; for the others it is the last line.
        let _ = mailbox.try_send(Parcel::Move(None, format!("* {farewell}\n")));
        mailbox.close();
        if writing.await.is_ok() {
            self.hang_up();
        }
    }

    /// Writes what comes with the mail, and what is said in the room that the mail named last, until the mail is closed.
    async fn write(&self, reader: GuestId, mail: Receiver<Parcel>) -> io::Result<()> {
        let mut page = Page {
            reader,
            room: None,
            text: String::new(),
            house: &self.house,
        };
        loop {
            select! {
                parcel = mail.recv() => match parcel {
                    Ok(parcel) => self.open(parcel, &mut page).await?,
                    Err(_closed) => return Ok(()),
                },
                heard = hear(&mut page.room) => page.put_down(heard),
            }
            // What else is there by now goes out in the same write.
            while page.text.len() < BATCH
                && let Ok(parcel) = mail.try_recv()
            {
                self.open(parcel, &mut page).await?;
            }
            page.catch_up(&mut page.waiting());
            self.send(&mut page).await?;
        }
    }

    async fn open(&self, parcel: Parcel, page: &mut Page<'_>) -> io::Result<()> {
        match parcel {
            Parcel::Text(text) => page.text += &text,
            Parcel::Move(room, text) => {
                // First what was said in the old room up to now, which may be all that a room keeps.
                let mut waiting = page.waiting();
                while waiting > 0 {
                    page.catch_up(&mut waiting);
                    self.send(page).await?;
                }
                page.room = room;
                page.text += &text;
            }
        }
        Ok(())
    }

    /// Sends the page, and leaves it empty, without memory: most clients have nothing to read most of the time. It fails
    /// where the client is gone, or does not take the page in time.
    async fn send(&self, page: &mut Page<'_>) -> io::Result<()> {
        let text = mem::take(&mut page.text);
        time::timeout(self.limits.idle, (&self.stream).write_all(text.as_bytes())).await??;
        Ok(())
    }

    /// Ends the connection. What the client sent and nobody read is read now, within reason: to close without that is to
    /// reset, which would take the last lines away from the client.
    fn hang_up(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
        let unread = (0..64).map_while(|_| self.stream.try_read(&mut [0; 1024]).ok());
        let _ = unread.take_while(|&read| read > 0).count();
    }
}

fn notice(text: &str) -> Parcel {
    Parcel::Text(format!("* {text}\n"))
}

/// The next line of a room; of none, there is never one.
async fn hear(room: &mut Option<broadcast::Receiver<RoomLine>>) -> Result<RoomLine, RecvError> {
    match room {
        Some(room) => room.recv().await,
        None => future::pending().await,
    }
}

/// What goes to the client next.
struct Page<'a> {
    reader: GuestId,
    room: Option<broadcast::Receiver<RoomLine>>,
    text: String,
    house: &'a House,
}

impl Page<'_> {
    /// How many lines of the room are there to put down.
    fn waiting(&self) -> usize {
        self.room.as_ref().map_or(0, broadcast::Receiver::len)
    }

    /// Puts down so many lines of the room, or fewer if the page is full, and counts them off.
    fn catch_up(&mut self, lines: &mut usize) {
        while *lines > 0 && self.text.len() < BATCH {
            let Some(room) = &mut self.room else {
                *lines = 0;
                return;
            };
            match room.try_recv() {
                Ok(line) => {
                    *lines -= 1;
                    self.put_down(Ok(line));
                }
                Err(TryRecvError::Lagged(missed)) => self.put_down(Err(RecvError::Lagged(missed))),
                Err(TryRecvError::Closed | TryRecvError::Empty) => *lines = 0,
            }
        }
    }

    fn put_down(&mut self, heard: Result<RoomLine, RecvError>) {
        match heard {
            Ok(line) if line.from == self.reader => {}
            Ok(line) => self.text += &line.text,
            Err(RecvError::Lagged(missed)) => {
                self.house.totals.missed.add(missed);
                self.text += &format!("* you read too slowly: {missed} lines went by\n");
            }
            Err(RecvError::Closed) => self.room = None,
        }
    }
}

/// The talking side of a client.
struct Visit {
    guest: Guest,
    mailbox: Sender<Parcel>,
}

/// The client is to go, and this is said to it.
struct Farewell(String);

impl Visit {
    /// Obeys line after line, and gives the farewell.
    async fn converse(&mut self, mut lines: Lines<'_>, limits: Limits) -> String {
        let welcome = format!(
            "* welcome, {}; /nick NAME gives you another name, /help lists the rest\n",
            self.guest.nick()
        );
        let mut outcome = self.move_to(FIRST_ROOM, welcome).await;
        loop {
            if let Err(Farewell(text)) = outcome {
                return text;
            }
            outcome = match time::timeout(limits.idle, lines.next()).await {
                Ok(Ok(Line::Text(line))) => self.obey(Command::parse(&line)).await,
                Ok(Ok(Line::TooLong)) => {
                    let text = format!(
                        "a line has at most {} bytes; yours was not passed on",
                        limits.line
                    );
                    self.answer(&text).await
                }
                Ok(Ok(Line::End) | Err(_)) => Err(Farewell("good-bye".to_owned())),
                Err(_elapsed) => {
                    let seconds = limits.idle.as_secs_f64();
                    Err(Farewell(format!("nothing from you for {seconds} s; good-bye")))
                }
            };
        }
    }

    async fn obey(&mut self, command: Command<'_>) -> Result<(), Farewell> {
        match command {
            Command::Nothing => Ok(()),
            Command::Say(text) => match self.guest.say(text) {
                true => self.give_way().await,
                false => self.answer("you are in no room; /join ROOM goes to one").await,
            },
            Command::Nick(nick) if nick == self.guest.nick() => self.answer("that is your name").await,
            Command::Nick(nick) => match self.guest.rename(nick) {
                true => self.answer(&format!("you are now {nick}")).await,
                false => self.answer(&format!("somebody else is {nick}")).await,
            },
            Command::Join(room) if Some(room) == self.guest.room() => self.answer("you are there").await,
            Command::Join(room) => self.move_to(room, String::new()).await,
            Command::Leave => match self.guest.leave() {
                Some(room) => {
                    self.send(Parcel::Move(None, format!("* you left {room}\n")))
                        .await
                }
                None => self.answer("you are in no room").await,
            },
            Command::Rooms => {
                let rooms = self.guest.house().rooms();
                let rooms = rooms.iter().map(|(name, people)| format!("{name} ({people})"));
                self.answer(&listed("rooms", rooms.collect())).await
            }
            Command::Who => match self.guest.room() {
                Some(room) => {
                    self.answer(&listed(&format!("in {room}"), self.guest.company()))
                        .await
                }
                None => self.answer("you are in no room").await,
            },
            Command::Msg { nick, text } => match self.guest.tell(nick, text) {
                Ok(()) => self.give_way().await,
                Err(NotTold::Nobody) => self.answer(&format!("nobody here is called {nick}")).await,
                Err(NotTold::Busy) => {
                    self.answer(&format!("{nick} reads too slowly; try again later"))
                        .await
                }
            },
            Command::Help => self.send(Parcel::Text(HELP.to_owned())).await,
            Command::Quit => Err(Farewell("good-bye".to_owned())),
            Command::Mistake(what) => self.answer(&what).await,
        }
    }

    async fn move_to(&mut self, room: &str, mut text: String) -> Result<(), Farewell> {
        let (hearing, others) = self.guest.join(room);
        text += &match others.is_empty() {
            true => format!("* you are in {room}, alone\n"),
            false => format!("* you are in {room} with {}\n", others.join(", ")),
        };
        self.send(Parcel::Move(Some(hearing), text)).await
    }

    /// Lets those run first who hear what was said, so that whoever talks without a pause does not outrun who reads as
    /// quickly.
    async fn give_way(&self) -> Result<(), Farewell> {
        canter::yield_now().await;
        Ok(())
    }

    async fn answer(&self, text: &str) -> Result<(), Farewell> {
        self.send(notice(text)).await
    }

    /// Waits while the mailbox is full: a client that does not read its answers is not read from.
    async fn send(&self, parcel: Parcel) -> Result<(), Farewell> {
        let sent = self.mailbox.send(parcel).await;
        sent.map_err(|_closed| Farewell("good-bye".to_owned()))
    }
}

fn listed(what: &str, names: Vec<String>) -> String {
    match names.is_empty() {
        true => format!("{what}: none"),
        false => format!("{what}: {}", names.join(", ")),
    }
}
