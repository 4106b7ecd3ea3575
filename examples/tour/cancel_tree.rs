//! Cancel a tree of work.
//!
//! ```go
//! func main() {
//!     company, closeDown := context.WithCancelCause(context.Background())
//!     north, closeNorth := context.WithCancelCause(company)
//!     south, _ := context.WithCancelCause(company)
//!     employ(north)
//!     employ(south)
//!     closeNorth(errors.New("it snows"))
//!     closeDown(errors.New("the day is over"))
//! }
//!
//! func work(ctx context.Context) {
//!     for {
//!         select {
//!         case <-ctx.Done():
//!             return
//!         case <-time.After(time.Millisecond):
//!             // ...
//!         }
//!     }
//! }
//! ```
//!
//! What ends a context ends all that came from it, and leaves its siblings alone. In Go each function has to look whether its context is over.
//! Here `run` drops the work at the await where it stands.
//!
//! ```text
//! north: 3 of 3 stop, because it snows
//! south: works on
//! south: 3 of 3 stop, because the day is over
//! ```

use std::convert::Infallible;
use std::time::Duration;

use canter::context::Context;
use canter::task::JoinHandle;
use canter::time::sleep;

async fn work() -> Infallible {
    loop {
        sleep(Duration::from_millis(1)).await;
    }
}

fn employ(ctx: &Context, number: usize) -> Vec<JoinHandle<bool>> {
    let employ_one = |_| {
        let ctx = ctx.clone();
        canter::spawn(async move { ctx.run(work()).await.is_err() })
    };
    (0..number).map(employ_one).collect()
}

async fn report(name: &str, ctx: &Context, workers: Vec<JoinHandle<bool>>) {
    let (all, mut stopped) = (workers.len(), 0);
    for worker in workers {
        stopped += usize::from(worker.await.expect("it does not panic"));
    }
    let cause = ctx.cause().expect("the workers stop when it is over");
    println!("{name}: {stopped} of {all} stop, because {cause}");
}

#[canter::main]
pub async fn main() {
    let (company, close_down) = Context::background().with_cancel();
    let (north, close_north) = company.with_cancel();
    let (south, _) = company.with_cancel();
    let (in_the_north, in_the_south) = (employ(&north, 3), employ(&south, 3));

    close_north.with_cause("it snows").cancel();
    report("north", &north, in_the_north).await;
    if !south.is_cancelled() {
        println!("south: works on");
    }
    close_down.with_cause("the day is over").cancel();
    report("south", &south, in_the_south).await;
}
