//! Code that has to panic.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static LINE: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Runs what has to panic, and gives the message and the line of the panic.
#[track_caller]
pub fn caught<R>(code: impl FnOnce() -> R) -> (String, u32) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            LINE.set(info.location().map(|place| place.line()));
            print(info);
        }));
    });
    let Err(payload) = catch_unwind(AssertUnwindSafe(code)) else {
        panic!("it has to panic");
    };
    let message = match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    };
    (message, LINE.take().expect("a panic has a place"))
}
