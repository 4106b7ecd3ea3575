//! The values of a context, each known by its type.

use std::any::Any;
use std::iter;
use std::sync::Arc;

/// One value, and those that were there before it.
pub(super) struct Values {
    value: Box<dyn Any + Send + Sync>,
    outer: Option<Arc<Values>>,
}

impl Values {
    pub(super) fn new<T: Any + Send + Sync>(value: T, outer: Option<Arc<Values>>) -> Arc<Values> {
        Arc::new(Values {
            value: Box::new(value),
            outer,
        })
    }

    /// The innermost value of this type.
    pub(super) fn find<T: Any>(&self) -> Option<&T> {
        iter::successors(Some(self), |values| values.outer.as_deref())
            .find_map(|values| values.value.downcast_ref())
    }
}

impl Drop for Values {
    /// Without recursion, however many there are.
    fn drop(&mut self) {
        let mut outer = self.outer.take();
        while let Some(mut values) = outer.and_then(Arc::into_inner) {
            outer = values.outer.take();
        }
    }
}
