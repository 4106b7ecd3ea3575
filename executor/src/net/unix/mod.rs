//! Unix sockets.

mod datagram;
mod listener;
mod stream;

pub use datagram::UnixDatagram;
pub use listener::UnixListener;
pub use stream::UnixStream;

use std::time::Duration;

use crate::time;

/// The pauses between attempts of which the kernel does not tell when they are worth repeating.
struct Backoff(Duration);

impl Backoff {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_millis(16);

    fn new() -> Backoff {
        Backoff(Backoff::SHORTEST)
    }

    async fn pause(&mut self) {
        time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Backoff::LONGEST);
    }
}
