//! Start tasks, and what becomes of them when main returns.
//!
//! ```go
//! func main() {
//!     done := make(chan bool)
//!     go func() {
//!         fmt.Println("slow: begins")
//!         done <- true
//!         time.Sleep(time.Hour)
//!         fmt.Println("slow: never gets here")
//!     }()
//!     <-done
//!     fmt.Println("main: returns")
//! }
//! ```
//!
//! In both languages the program ends when main does. In Go the goroutine just stops existing. Here its future is dropped where it stands,
//! and what it owns is dropped with it: files are closed, and guards do their work.
//!
//! ```text
//! slow: begins
//! main: 6 * 7 is 42, says a task that was waited for
//! main: returns
//! slow: cleans up
//! ```

use std::time::Duration;

use canter::channel::oneshot;
use canter::time::sleep;

struct CleansUp;

impl Drop for CleansUp {
    fn drop(&mut self) {
        println!("slow: cleans up");
    }
}

#[canter::main]
pub async fn main() {
    let (begun, has_begun) = oneshot();
    canter::go(async {
        let _cleans_up = CleansUp;
        println!("slow: begins");
        begun.send(()).expect("main waits for it");
        sleep(Duration::from_secs(3600)).await;
        println!("slow: never gets here");
    });
    has_begun.await.expect("the task sends");

    let answer = canter::spawn(async { 6 * 7 }).await.expect("it does not panic");
    println!("main: 6 * 7 is {answer}, says a task that was waited for");
    println!("main: returns");
}
