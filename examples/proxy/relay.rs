//! One connection: from the client to a backend and back.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use canter::channel::Receiver;
use canter::net::TcpStream;
use canter::select;
use canter::sync::OwnedSemaphorePermit;
use canter::time;
use futures::AsyncWriteExt;
use futures::future::try_join;

use crate::backends::Backends;
use crate::bucket::Bucket;
use crate::server::Count;
use crate::totals::Totals;

/// The most that is read at once.
const CHUNK: usize = 16 * 1024;

/// What all connections share.
pub struct Relay {
    pub backends: Backends,
    /// Bytes a second for each connection.
    pub rate: Option<u64>,
    /// The limit for all of them.
    pub total: Directions,
    pub idle: Duration,
    pub totals: Arc<Totals>,
}

/// A bucket for either direction; without, there is no limit.
pub struct Directions {
    up: Option<Bucket>,
    down: Option<Bucket>,
}

impl Directions {
    pub fn limited_to(rate: Option<u64>) -> Self {
        let bucket = |rate| Bucket::new(rate, Instant::now());
        Self {
            up: rate.map(bucket),
            down: rate.map(bucket),
        }
    }
}

/// How a connection came to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Both sides have said that they send no more, and all of it has been passed on.
    Finished,
    Unreachable,
    Reset,
    Idle,
    Cut,
}

impl Relay {
    /// Serves a client until the connection ends, or `cut` is closed.
    pub async fn serve(
        self: Arc<Self>,
        client: TcpStream,
        place: OwnedSemaphorePermit,
        cut: Receiver<Infallible>,
    ) {
        reset_when_dropped(&client);
        let ending = select! {
            ending = self.forward(&client) => ending,
            _ = cut.recv() => Ending::Cut,
        };
        match ending {
            Ending::Finished => end_when_dropped(&client),
            Ending::Unreachable => self.totals.failed.add(1),
            Ending::Reset => self.totals.reset.add(1),
            Ending::Idle => self.totals.idle.add(1),
            Ending::Cut => self.totals.cut.add(1),
        }
        // The descriptor is free before the place is.
        drop(client);
        drop(place);
    }

    async fn forward(&self, client: &TcpStream) -> Ending {
        let Some(backend) = self.backends.connect().await else {
            return Ending::Unreachable;
        };
        self.totals.connections.add(1);
        reset_when_dropped(&backend);
        // It fails only where a connection is gone, which reading will tell.
        let _ = client.set_nodelay(true).and(backend.set_nodelay(true));

        let own = Directions::limited_to(self.rate);
        let activity = Activity::new();
        let up = Flow {
            from: client,
            to: &backend,
            limits: [own.up.as_ref(), self.total.up.as_ref()],
            passed: &self.totals.up,
            activity: &activity,
        };
        let down = Flow {
            from: &backend,
            to: client,
            limits: [own.down.as_ref(), self.total.down.as_ref()],
            passed: &self.totals.down,
            activity: &activity,
        };
        // Bytes that are there come first: the connection was not idle, the proxy was slow.
        let ending = select! { biased;
            ended = try_join(up.run(), down.run()) => match ended {
                Ok(_) => Ending::Finished,
                Err(_) => Ending::Reset,
            },
            () = activity.idle_for(self.idle) => Ending::Idle,
        };
        if ending == Ending::Finished {
            end_when_dropped(&backend);
        }
        ending
    }
}

/// From now on, to drop the stream is to reset the connection: as it should be wherever it does not come to its own end.
/// This and its counterpart fail only where the connection is gone.
pub fn reset_when_dropped(stream: &TcpStream) {
    let _ = stream.set_linger(Some(Duration::ZERO));
}

fn end_when_dropped(stream: &TcpStream) {
    let _ = stream.set_linger(None);
}

/// One direction of a connection.
struct Flow<'a> {
    from: &'a TcpStream,
    to: &'a TcpStream,
    limits: [Option<&'a Bucket>; 2],
    passed: &'a Count,
    activity: &'a Activity,
}

impl Flow<'_> {
    /// Passes on what comes, and then that no more comes.
    async fn run(&self) -> io::Result<()> {
        loop {
            self.from.readable().await?;
            // Made when there is something to read: a connection on which nothing happens has no buffer.
            let mut buffer = vec![0; self.portion()];
            match self.from.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    self.await_turn(read).await;
                    self.pass_on(&buffer[..read]).await?;
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
        let mut to = self.to;
        to.close().await
    }

    fn portion(&self) -> usize {
        let portions = self.limits.iter().flatten().map(|bucket| bucket.portion());
        portions.fold(CHUNK, usize::min)
    }

    /// Waits until so many bytes may go. Whoever waits here is not idle.
    async fn await_turn(&self, bytes: usize) {
        self.activity.until(Instant::now());
        for bucket in self.limits.iter().flatten() {
            let turn = bucket.reserve(bytes, Instant::now());
            self.activity.until(turn);
            time::sleep_until(turn).await;
        }
    }

    /// Writes the bytes. What the other side does not take now holds up the reading, so it costs one buffer.
    async fn pass_on(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut to = self.to;
        while !bytes.is_empty() {
            let written = to.write(bytes).await?;
            if written == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            self.passed.add(written as u64);
            self.activity.until(Instant::now());
            bytes = &bytes[written..];
        }
        Ok(())
    }
}

/// When a byte was last on its way, in either direction.
struct Activity {
    start: Instant,
    /// Since the start.
    last_ms: AtomicU64,
}

impl Activity {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            last_ms: AtomicU64::new(0),
        }
    }

    fn until(&self, moment: Instant) {
        let ms = moment.saturating_duration_since(self.start).as_millis() + 1; // rounded up
        self.last_ms.fetch_max(ms as u64, Ordering::Relaxed);
    }

    /// Ends when nothing has happened for so long.
    async fn idle_for(&self, limit: Duration) {
        loop {
            let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
            let end = self.start + last + limit;
            if end <= Instant::now() {
                return;
            }
            time::sleep_until(end).await;
        }
    }
}
