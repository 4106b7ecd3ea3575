//! A hand-over from task to task.
//!
//! ```go
//! func main() {
//!     baton := make(chan string)
//!     select {
//!     case baton <- "baton":
//!     default:
//!         fmt.Println("nobody is there to take it")
//!     }
//!     finished := make(chan bool)
//!     go func() {
//!         fmt.Println("runner 2 has the", <-baton)
//!         finished <- true
//!     }()
//!     baton <- "baton"
//!     <-finished
//!     fmt.Println("runner 1 knows that it was taken")
//! }
//! ```
//!
//! An unbuffered channel holds nothing: a send ends when somebody has taken the message. So both know that the other one is there.
//!
//! ```text
//! nobody is there to take it
//! runner 2 has the baton
//! runner 1 knows that it was taken
//! ```

use canter::channel::unbuffered;

#[canter::main]
pub async fn main() {
    let (give, take) = unbuffered();
    if give.try_send("baton").is_err() {
        println!("nobody is there to take it");
    }
    let second = canter::spawn(async move {
        let baton = take.recv().await.expect("runner 1 sends before it leaves");
        println!("runner 2 has the {baton}");
    });
    give.send("baton").await.expect("runner 2 waits for it");
    second.await.expect("it does not panic");
    println!("runner 1 knows that it was taken");
}
