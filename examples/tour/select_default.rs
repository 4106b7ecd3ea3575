//! A select that does not wait.
//!
//! ```go
//! func main() {
//!     messages := make(chan string, 1)
//!     look := func() {
//!         select {
//!         case message := <-messages:
//!             fmt.Println("there is", message)
//!         default:
//!             fmt.Println("there is nothing")
//!         }
//!     }
//!     look()
//!     messages <- "something"
//!     look()
//! }
//! ```
//!
//! `default` is taken only if there was a moment at which no arm could go.
//!
//! ```text
//! there is nothing
//! there is something
//! ```

use canter::channel::{Receiver, bounded};
use canter::select;

async fn look(messages: &Receiver<&str>) {
    select! {
        message = messages.recv() => println!("there is {}", message.expect("it is open")),
        default => println!("there is nothing"),
    }
}

#[canter::main]
pub async fn main() {
    let (sender, messages) = bounded(1);
    look(&messages).await;
    sender.send("something").await.expect("it is open");
    look(&messages).await;
}
