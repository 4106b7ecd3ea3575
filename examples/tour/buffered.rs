//! A channel that holds a few messages.
//!
//! ```go
//! func main() {
//!     mail := make(chan string, 2)
//!     mail <- "one"
//!     mail <- "two"
//!     select {
//!     case mail <- "three":
//!     default:
//!         fmt.Println("full: three stays here")
//!     }
//!     fmt.Println(len(mail), "of", cap(mail))
//!     close(mail)
//!     for letter := range mail {
//!         fmt.Println(letter)
//!     }
//!     // mail <- "four" would panic
//! }
//! ```
//!
//! What is in a channel that is closed is still delivered. A send to it gives the message back, where Go panics.
//!
//! ```text
//! full: three stays here
//! 2 of 2
//! one
//! two
//! closed: four stays here
//! ```

use canter::channel::bounded;

#[canter::main]
pub async fn main() {
    let (mail, letters) = bounded(2);
    mail.send("one").await.expect("it is open");
    mail.send("two").await.expect("it is open");
    if let Err(full) = mail.try_send("three") {
        println!("full: {} stays here", full.into_inner());
    }
    println!("{} of {}", mail.len(), mail.capacity().expect("it is bounded"));
    mail.close();
    while let Ok(letter) = letters.recv().await {
        println!("{letter}");
    }
    if let Err(closed) = mail.send("four").await {
        println!("closed: {} stays here", closed.into_inner());
    }
}
