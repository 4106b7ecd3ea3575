//! A WaitGroup and three workers.
//!
//! ```go
//! func main() {
//!     var group sync.WaitGroup
//!     for id := 1; id <= 3; id++ {
//!         group.Go(func() {
//!             fmt.Println("worker", id, "begins")
//!             time.Sleep(time.Duration(id) * 10 * time.Millisecond)
//!             fmt.Println("worker", id, "is done")
//!         })
//!     }
//!     group.Wait()
//!     fmt.Println("all workers are done")
//! }
//! ```
//!
//! `track` counts up, and counts down when the future ends, also if it panics: there is no `done` that could be forgotten. `add` and `done`
//! are there too.
//!
//! ```text,unordered
//! worker 1 begins
//! worker 2 begins
//! worker 3 begins
//! worker 1 is done
//! worker 2 is done
//! worker 3 is done
//! all workers are done
//! ```

use std::time::Duration;

use canter::sync::WaitGroup;
use canter::time::sleep;

async fn work(id: u64) {
    println!("worker {id} begins");
    sleep(Duration::from_millis(10 * id)).await;
    println!("worker {id} is done");
}

#[canter::main]
pub async fn main() {
    let group = WaitGroup::new();
    for id in 1..=3 {
        canter::go(group.track(work(id)));
    }
    group.wait().await;
    println!("all workers are done");
}
