//! So many a second, with bursts.
//!
//! ```go
//! func main() {
//!     tokens := make(chan bool, 3)
//!     for i := 0; i < cap(tokens); i++ {
//!         tokens <- true
//!     }
//!     go func() {
//!         for range time.Tick(20 * time.Millisecond) {
//!             tokens <- true
//!         }
//!     }()
//!     for request := 1; request <= 6; request++ {
//!         <-tokens
//!         fmt.Println("request", request)
//!     }
//! }
//! ```
//!
//! A buffered channel is the bucket: it starts full, one token comes with each tick, and what does not fit is not needed. The task that fills
//! it ends when nobody takes tokens any more.
//!
//! ```text
//! request 1: at once
//! request 2: at once
//! request 3: at once
//! request 4: [..]
//! request 5: [..]
//! request 6: [..]
//! ```

use std::time::{Duration, Instant};

use canter::channel::{Receiver, bounded};
use canter::time::{MissedTick, interval_at};

fn limiter(period: Duration, burst: usize) -> Receiver<()> {
    let (fill, tokens) = bounded(burst);
    while fill.try_send(()).is_ok() {}
    canter::go(async move {
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick(MissedTick::Skip);
        loop {
            ticks.tick().await;
            if fill.send(()).await.is_err() {
                break;
            }
        }
    });
    tokens
}

#[canter::main]
pub async fn main() {
    let tokens = limiter(Duration::from_millis(20), 3);
    for request in 1..=6 {
        let begun = Instant::now();
        match tokens.try_recv() {
            Ok(()) => println!("request {request}: at once"),
            Err(_) => {
                tokens.recv().await.expect("the limiter goes on");
                println!("request {request}: after {:.0?}", begun.elapsed());
            }
        }
    }
}
