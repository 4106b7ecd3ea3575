//! The cell that is filled once.

use std::sync::Arc;

use loom::cell::Cell;

use super::{block_on, check, count_up, poll_once, spawn_on};
use crate::{Mutex, OnceCell};

/// Race: two that make the value, one of which is dropped half-way, and one that waits for it.
#[test]
fn model_a_once_cell_is_filled_once_also_when_the_first_gives_up() {
    check(2, || {
        let cell = Arc::new(OnceCell::new());
        let threads = [
            spawn_on(&cell, |cell: &OnceCell<usize>| {
                poll_once(cell.get_or_init(async || std::future::pending().await));
            }),
            spawn_on(&cell, |cell: &OnceCell<usize>| {
                assert_eq!(*block_on(cell.wait()), 2);
            }),
        ];
        assert_eq!(*block_on(cell.get_or_init(async || 2)), 2);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: two that make the value, and one that sets it.
#[test]
fn model_a_once_cell_has_one_value() {
    check(3, || {
        let cell = Arc::new(OnceCell::new());
        let made = Arc::new(Mutex::new(Cell::new(0)));
        let make = |made: Arc<Mutex<Cell<usize>>>| {
            async move || {
                count_up(&made.try_lock().expect("one makes it"));
                7
            }
        };
        let (first, second) = (make(made.clone()), make(made.clone()));
        let threads = [
            spawn_on(&cell, |cell: &OnceCell<usize>| {
                assert_eq!(*block_on(cell.get_or_init(first)), 7);
            }),
            spawn_on(&cell, |cell: &OnceCell<usize>| {
                if cell.set(7).is_err() {
                    assert!(cell.get().is_none_or(|value| *value == 7));
                }
            }),
        ];
        assert_eq!(*block_on(cell.get_or_init(second)), 7);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(made.try_lock().unwrap().get() <= 1);
    });
}
