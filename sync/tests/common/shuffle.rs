//! Tasks on this thread in a random order, which a seed repeats.

use std::pin::Pin;
use std::sync::Arc;

use fastrand::Rng;

use crate::flag::{Flag, poll};

/// Polls whichever tasks were woken, in a random order, until all have ended. Where the rest of them waits for ever it panics.
#[track_caller]
pub fn run(random: &mut Rng, tasks: impl IntoIterator<Item = Pin<Box<impl Future<Output = ()> + ?Sized>>>) {
    let mut tasks: Vec<(Arc<Flag>, _)> = tasks.into_iter().map(|task| (Flag::new(), task)).collect();
    tasks.iter().for_each(|(woken, _)| woken.waker().wake());
    while !tasks.is_empty() {
        let first = random.usize(..tasks.len());
        let mut places = (first..tasks.len()).chain(0..first);
        let Some(woken) = places.find(|&at| tasks[at].0.take()) else {
            panic!("{} tasks were forgotten", tasks.len());
        };
        let (flag, task) = &mut tasks[woken];
        if poll(task, flag).is_ready() {
            drop(tasks.swap_remove(woken));
        }
    }
}
