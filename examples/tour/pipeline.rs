//! Stages, with fan-out and fan-in.
//!
//! ```go
//! func square(in <-chan int) <-chan int {
//!     out := make(chan int)
//!     go func() {
//!         defer close(out)
//!         for n := range in {
//!             out <- n * n
//!         }
//!     }()
//!     return out
//! }
//!
//! func main() {
//!     numbers := generate(100)
//!     sum := 0
//!     for n := range merge(square(numbers), square(numbers), square(numbers)) {
//!         sum += n
//!     }
//!     fmt.Println("the sum of the squares up to 100 is", sum)
//! }
//! ```
//!
//! A stage receives from one channel and sends to another; it ends when its input does, and its output ends with it, since that was its last
//! sender. Several tasks may receive from one channel (fan-out), and send to one (fan-in): no merge is needed.
//!
//! ```text
//! the sum of the squares up to 100 is 338350
//! ```

use canter::channel::{Receiver, unbuffered};

fn generate(last: u64) -> Receiver<u64> {
    let (out, numbers) = unbuffered();
    canter::go(async move {
        for number in 1..=last {
            if out.send(number).await.is_err() {
                break; // nobody wants more
            }
        }
    });
    numbers
}

fn square(numbers: Receiver<u64>, tasks: usize) -> Receiver<u64> {
    let (out, squares) = unbuffered();
    for _ in 0..tasks {
        let (numbers, out) = (numbers.clone(), out.clone());
        canter::go(async move {
            while let Ok(number) = numbers.recv().await {
                if out.send(number * number).await.is_err() {
                    break;
                }
            }
        });
    }
    squares
}

#[canter::main]
pub async fn main() {
    let squares = square(generate(100), 3);
    let mut sum = 0;
    while let Ok(square) = squares.recv().await {
        sum += square;
    }
    println!("the sum of the squares up to 100 is {sum}");
}
