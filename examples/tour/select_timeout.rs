//! A select that waits so long and no longer.
//!
//! ```go
//! func main() {
//!     answers := make(chan string)
//!     go func() {
//!         time.Sleep(time.Hour)
//!         answers <- "too late"
//!     }()
//!     select {
//!     case answer := <-answers:
//!         fmt.Println(answer)
//!     case <-time.After(20 * time.Millisecond):
//!         fmt.Println("no answer in time")
//!     }
//! }
//! ```
//!
//! A sleep is an arm, and so is any other future: a read, a join, a lock. The arm that loses has done nothing: no message is lost with it.
//!
//! ```text
//! no answer in time
//! 3
//! 2
//! 1
//! lift-off
//! ```

use std::time::Duration;

use canter::channel::unbuffered;
use canter::select;
use canter::time::{interval, sleep};

#[canter::main]
pub async fn main() {
    let (late, answers) = unbuffered();
    canter::go(async move {
        sleep(Duration::from_secs(3600)).await;
        let _ = late.send("too late").await;
    });
    select! {
        answer = answers.recv() => println!("{}", answer.expect("the task has the sender")),
        () = sleep(Duration::from_millis(20)) => println!("no answer in time"),
    }
    count_down().await;
}

/// A time-out for the whole of a loop: the sleep is made once, and borrowed by each select.
async fn count_down() {
    let mut ticks = interval(Duration::from_millis(10));
    let mut launch = sleep(Duration::from_secs(3600));
    let mut left = 3;
    loop {
        select! {
            _ = ticks.tick() => {
                if left == 0 {
                    println!("lift-off");
                    break;
                }
                println!("{left}");
                left -= 1;
            }
            () = &mut launch => {
                println!("the launch was called off");
                break;
            }
        }
    }
}
