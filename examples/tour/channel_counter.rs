//! The same counter, owned by a task behind a channel.
//!
//! ```go
//! type read struct {
//!     page  string
//!     reply chan int
//! }
//!
//! func own(hits <-chan string, reads <-chan read) {
//!     counts := map[string]int{}
//!     for {
//!         select {
//!         case page := <-hits:
//!             counts[page]++
//!         case r := <-reads:
//!             r.reply <- counts[r.page]
//!         }
//!     }
//! }
//! ```
//!
//! Nothing is shared and nothing is locked: one task has the map, and the others send it what they want. A `oneshot` carries the reply. The
//! owner ends by itself when the last sender is gone.
//!
//! ```text
//! home: 1000
//! the owner has ended, with 1 page
//! ```

use std::collections::HashMap;

use canter::channel::{Receiver, oneshot, unbuffered};
use canter::select;
use canter::sync::WaitGroup;

struct Read {
    page: &'static str,
    reply: oneshot::Sender<u32>,
}

async fn own(hits: Receiver<&'static str>, reads: Receiver<Read>) -> usize {
    let mut counts = HashMap::new();
    loop {
        select! {
            Ok(page) = hits.recv() => *counts.entry(page).or_insert(0) += 1,
            Ok(Read { page, reply }) = reads.recv() => {
                let _ = reply.send(counts.get(page).copied().unwrap_or(0));
            }
            else => return counts.len(),
        }
    }
}

#[canter::main]
pub async fn main() {
    let (hit, hits) = unbuffered();
    let (read, reads) = unbuffered();
    let owner = canter::spawn(own(hits, reads));

    let group = WaitGroup::new();
    for _ in 0..1000 {
        let hit = hit.clone();
        canter::go(group.track(async move { hit.send("home").await.expect("the owner receives") }));
    }
    group.wait().await;

    let (reply, count) = oneshot();
    let _ = read.send(Read { page: "home", reply }).await;
    println!("home: {}", count.await.expect("the owner replies"));
    drop((hit, read));
    let pages = owner.await.expect("it does not panic");
    println!("the owner has ended, with {pages} page");
}
