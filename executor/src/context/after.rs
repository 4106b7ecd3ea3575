//! Functions that run when a context ends.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::Context;
use super::scope::{Scope, Watcher};
use crate::runtime::Handle;

/// A function that [`Context::after_cancel`] registered. Dropping this leaves it registered.
pub struct AfterCancel(State);

enum State {
    /// The context had ended already.
    Started,
    /// The context never ends.
    Never,
    Registered {
        scope: Arc<Scope>,
        index: usize,
    },
}

impl AfterCancel {
    pub(super) fn register<F>(context: &Context, f: F, place: &'static Location<'static>) -> AfterCancel
    where
        F: FnOnce() + Send + 'static,
    {
        let Some(scope) = context.scope() else {
            return AfterCancel(State::Never);
        };
        let runtime = Handle::try_current();
        let start = Box::new(move || {
            let runtime = runtime.unwrap_or_else(Handle::default_runtime);
            drop(runtime.spawn_at(async move { f() }, place));
        });
        AfterCancel(match scope.watch(Watcher::Function(start)) {
            Ok(index) => State::Registered {
                scope: Arc::clone(scope),
                index,
            },
            Err(ended) => {
                ended.tell();
                State::Started
            }
        })
    }

    /// Takes the function back, and drops it. False if the context has ended: the function was started then, and may be
    /// running still.
    ///
    /// Of a context that never ends it is true.
    pub fn stop(self) -> bool {
        match self.0 {
            State::Started => false,
            State::Never => true,
            State::Registered { scope, index } => scope.unwatch(index).is_some(),
        }
    }
}

impl fmt::Debug for AfterCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waits = match &self.0 {
            State::Started => false,
            State::Never => true,
            State::Registered { scope, .. } => scope.cause().is_none(),
        };
        f.debug_struct("AfterCancel").field("waits", &waits).finish()
    }
}
