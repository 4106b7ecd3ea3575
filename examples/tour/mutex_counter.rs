//! A counter behind a mutex.
//!
//! ```go
//! type Counter struct {
//!     mutex sync.Mutex
//!     hits  map[string]int
//! }
//!
//! func (c *Counter) hit(page string) {
//!     c.mutex.Lock()
//!     defer c.mutex.Unlock()
//!     c.hits[page]++
//! }
//!
//! func main() {
//!     counter := Counter{hits: map[string]int{}}
//!     var group sync.WaitGroup
//!     for i := 0; i < 1000; i++ {
//!         group.Go(func() { counter.hit("home") })
//!     }
//!     group.Wait()
//!     fmt.Println("home:", counter.hits["home"])
//! }
//! ```
//!
//! The value is inside the mutex, so that nobody can reach it without the lock, and the guard unlocks when it goes out of scope.
//!
//! ```text
//! home: 1000
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use canter::sync::{Mutex, WaitGroup};

#[canter::main]
pub async fn main() {
    let hits = Arc::new(Mutex::new(HashMap::new()));
    let group = WaitGroup::new();
    for _ in 0..1000 {
        let hits = hits.clone();
        canter::go(group.track(async move {
            *hits.lock().await.entry("home").or_insert(0) += 1;
        }));
    }
    group.wait().await;
    println!("home: {}", hits.lock().await["home"]);
}
