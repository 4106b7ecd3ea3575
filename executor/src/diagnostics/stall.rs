//! A warning for each place in the program whose tasks stall a worker.

use std::collections::HashSet;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use crate::report::report;
use crate::scheduler::{Stall, Stalled};

/// Warns of a poll that kept its worker from others, once for each place where such tasks are spawned.
pub(crate) fn warn(stalled: &Stalled) {
    static WARNED: Mutex<Option<HashSet<Location<'static>>>> = Mutex::new(None);
    let Stalled {
        task,
        spawned_at: place,
        stall,
        lasted,
    } = stalled;
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_new = warned.get_or_insert_default().insert(**place);
    drop(warned);
    if is_new {
        let advice = match stall {
            Stall::Busy => "it computes: let it `yield_now().await` in between, or use spawn_blocking",
            Stall::Blocked => "use spawn_blocking",
        };
        let lasted = lasted.as_millis();
        report(format_args!(
            "task {task} (spawned at {place}) kept its worker for {lasted} ms; {advice}"
        ));
    }
}
