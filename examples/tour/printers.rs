//! Two printers that interleave.
//!
//! ```go
//! func say(text string) {
//!     for i := 0; i < 3; i++ {
//!         time.Sleep(10 * time.Millisecond)
//!         fmt.Println(text)
//!     }
//! }
//!
//! func main() {
//!     go say("world")
//!     say("hello")
//! }
//! ```
//!
//! While one sleeps the other one prints. Whose line comes first is not said, in neither language. Unlike Go's, this main waits for the
//! other printer's last line.
//!
//! ```text,unordered
//! hello
//! world
//! hello
//! world
//! hello
//! world
//! ```

use std::time::Duration;

use canter::time::sleep;

async fn say(text: &str) {
    for _ in 0..3 {
        sleep(Duration::from_millis(10)).await;
        println!("{text}");
    }
}

#[canter::main]
pub async fn main() {
    let world = canter::spawn(say("world"));
    say("hello").await;
    world.await.expect("it does not panic");
}
