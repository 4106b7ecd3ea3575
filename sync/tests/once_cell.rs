//! A cell that gets its value once: how it is made, set, read, and taken out.

#[macro_use]
#[path = "common/bounds.rs"]
mod bounds;
#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/coop.rs"]
mod coop;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[macro_use]
#[path = "../../channel/tests/common/lacks.rs"]
mod lacks;
#[path = "common/executors.rs"]
mod executors;

use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::future::pending;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use by_hand::{ready, wait};
use canter_executor::yield_now;
use canter_sync::{Event, OnceCell, SetError};
use coop::{takes_part_in_the_budget, waits_for};
use drops::Drops;
use executors::{Task, under_each};
use futures::executor::block_on;

has!(Send: OnceCell<u8>, OnceCell<Cell<u8>>, SetError<u8>);
has!(Sync: OnceCell<u8>);
has!(Unpin: OnceCell<u8>);
has!(Default: OnceCell<Cell<u8>>);
has!(Clone: OnceCell<String>);
has!(Debug: OnceCell<u8>, SetError<u8>);
has!(Error: SetError<u8>);
lacks!(Send: OnceCell<Rc<u8>>);
lacks!(Sync: OnceCell<Cell<u8>>, OnceCell<Rc<u8>>);

// Making the value.

#[test]
fn the_value_is_made_once_and_is_the_same_for_all() {
    let cell = OnceCell::new();
    assert_eq!(cell.get(), None);
    let made = ready(&mut Box::pin(cell.get_or_init(async || "made".to_string())));
    let again = ready(&mut Box::pin(cell.get_or_init(async || unreachable!())));
    assert_eq!(made, "made");
    assert!(ptr::eq(made, again) && ptr::eq(made, cell.get().unwrap()));
    let tried = ready(&mut Box::pin(
        cell.get_or_try_init(async || Err("it is not called")),
    ));
    assert!(ptr::eq(made, tried.unwrap()));
    assert!(ptr::eq(made, ready(&mut Box::pin(cell.wait()))));
    assert!(ptr::eq(made, cell.wait_blocking()));
}

#[test]
fn nothing_is_made_before_the_first_poll() {
    let cell = OnceCell::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let init = cell.get_or_init(async move || {
        drop(guard);
        1
    });
    assert_eq!(drops.count(), 0);
    drop(init);
    assert_eq!((drops.count(), cell.get()), (1, None));
    assert!(cell.set(2).is_ok(), "nobody makes it");
}

#[test]
fn an_initialiser_that_is_not_called_is_dropped() {
    let cell = OnceCell::from(1);
    let drops = Drops::default();
    let guard = drops.guard();
    block_on(cell.get_or_init(async move || {
        drop(guard);
        2
    }));
    assert_eq!((drops.count(), cell.get()), (1, Some(&1)));
}

#[test]
fn the_value_is_made_once_whoever_comes_at_the_same_time() {
    under_each(|run| {
        for _ in 0..20 {
            let cell = Arc::new(OnceCell::new());
            let calls = Arc::new(AtomicUsize::new(0));
            let tasks = (0..50).map(|own| -> Task {
                let (cell, calls) = (cell.clone(), calls.clone());
                Box::pin(async move {
                    let value: &usize = match own % 3 {
                        0 => cell.wait().await,
                        1 => cell
                            .get_or_try_init(async || {
                                yield_now().await;
                                Ok::<_, ()>(calls.fetch_add(1, SeqCst))
                            })
                            .await
                            .unwrap(),
                        _ => {
                            cell.get_or_init(async || {
                                yield_now().await;
                                calls.fetch_add(1, SeqCst)
                            })
                            .await
                        }
                    };
                    assert_eq!(*value, 0);
                    assert!(ptr::eq(value, cell.get().unwrap()));
                })
            });
            run(tasks.collect());
            assert_eq!(calls.load(SeqCst), 1);
        }
    });
}

#[test]
fn those_who_come_while_it_is_made_wait_and_share_it() {
    let cell = OnceCell::new();
    let (tx, rx) = futures::channel::oneshot::channel();
    let mut makes = Box::pin(cell.get_or_init(async || rx.await.unwrap()));
    let maker = wait(&mut makes);
    let mut others: Vec<_> = (0..5)
        .map(|_| Box::pin(cell.get_or_init(async || unreachable!())))
        .collect();
    let flags: Vec<_> = others.iter_mut().map(wait).collect();
    let mut waits = Box::pin(cell.wait());
    let waits_flag = wait(&mut waits);
    tx.send(7).unwrap();
    assert!(maker.take());
    assert_eq!(cell.get(), None);
    assert_eq!(ready(&mut makes), &7);
    assert!(waits_flag.take() && flags.iter().all(|flag| flag.take()));
    assert_eq!(ready(&mut waits), &7);
    assert!(others.iter_mut().all(|other| ready(other) == &7));
}

#[test]
fn a_cell_that_is_asked_by_its_own_initialiser_waits_and_is_usable_when_that_is_dropped() {
    let cell: OnceCell<u32> = OnceCell::new();
    let asks_itself = async || *cell.get_or_init(async || 1).await;
    let mut outer = Box::pin(cell.get_or_init(asks_itself));
    let flag = wait(&mut outer);
    assert!(!flag.take(), "nobody will wake it");
    drop(outer);
    assert_eq!(block_on(cell.get_or_init(async || 2)), &2);
}

#[test]
fn threads_may_block_until_there_is_a_value() {
    for _ in 0..100 {
        let cell = OnceCell::new();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert_eq!(cell.wait_blocking(), "a value"));
            }
            scope.spawn(|| block_on(cell.get_or_init(async || "a value".to_string())));
        });
    }
}

// Setting it.

#[test]
fn a_cell_takes_one_value_and_gives_another_one_back() {
    let cell = OnceCell::new();
    let mut waits = Box::pin(cell.wait());
    let flag = wait(&mut waits);
    assert_eq!(cell.set("first".to_string()), Ok(&"first".to_string()));
    assert!(flag.take());
    assert_eq!(ready(&mut waits), "first");
    let error = cell.set("second".to_string()).unwrap_err();
    assert_eq!(error, SetError::AlreadySet("second".to_string()));
    assert_eq!(error.to_string(), "the cell has a value already");
    assert_eq!(error.into_inner(), "second");
    assert_eq!(cell.get().unwrap(), "first");
}

#[test]
fn a_cell_takes_no_value_while_somebody_makes_one() {
    let cell = OnceCell::new();
    let mut makes = Box::pin(cell.get_or_init(pending::<String>));
    _ = wait(&mut makes);
    let error = cell.set("set".to_string()).unwrap_err();
    assert_eq!(error, SetError::BeingSet("set".to_string()));
    assert_eq!(
        error.to_string(),
        "somebody is making a value for the cell; `wait` waits for it"
    );
    assert!(Error::source(&error).is_none());
    drop(makes);
    let value = error.into_inner();
    assert_eq!(cell.set(value).unwrap(), "set");
}

#[test]
fn a_cell_that_is_set_while_others_wait_to_make_it_releases_them() {
    let cell = OnceCell::new();
    let mut fails = Box::pin(cell.get_or_try_init(pending::<Result<u32, ()>>));
    _ = wait(&mut fails);
    let mut others: Vec<_> = (0..3).map(|_| Box::pin(cell.get_or_init(async || 1))).collect();
    let flags: Vec<_> = others.iter_mut().map(wait).collect();
    drop(fails);
    assert!(flags[0].take() && !flags[1].take());
    assert_eq!(
        cell.set(2),
        Err(SetError::BeingSet(2)),
        "it is the turn of the first one"
    );
    assert!(others.iter_mut().all(|other| ready(other) == &1));
}

#[test]
fn one_of_many_setters_wins_and_the_others_get_their_values_back() {
    for _ in 0..200 {
        let cell = OnceCell::new();
        let won = AtomicUsize::new(0);
        thread::scope(|scope| {
            for own in 0..4 {
                let (cell, won) = (&cell, &won);
                scope.spawn(move || match cell.set(own) {
                    Ok(value) => {
                        assert_eq!(*value, own);
                        won.fetch_add(1, SeqCst);
                    }
                    Err(error) => assert_eq!(error.into_inner(), own),
                });
            }
        });
        assert_eq!(won.load(SeqCst), 1);
        assert!(cell.get().is_some());
    }
}

// Taking it out.

#[test]
fn a_value_can_be_changed_and_taken_out_by_whoever_owns_the_cell() {
    let mut cell = OnceCell::new();
    assert_eq!(cell.get_mut(), None);
    assert_eq!(cell.take(), None);
    cell.set(1).unwrap();
    *cell.get_mut().unwrap() += 1;
    assert_eq!(cell.take(), Some(2));
    assert_eq!(cell.get(), None);
    assert_eq!(block_on(cell.get_or_init(async || 3)), &3, "it is as new");
    assert_eq!(cell.set(4), Err(SetError::AlreadySet(4)));
    assert_eq!(cell.into_inner(), Some(3));
    assert_eq!(OnceCell::<u32>::new().into_inner(), None);
}

#[test]
fn a_cell_can_be_made_of_a_value_and_cloned_with_it() {
    let cell = OnceCell::from("value".to_string());
    let clone = cell.clone();
    assert_eq!(cell.into_inner(), Some("value".to_string()));
    assert_eq!(clone.get().unwrap(), "value");
    assert_eq!(
        clone.set("another".to_string()),
        Err(SetError::AlreadySet("another".to_string()))
    );
    let empty = OnceCell::<String>::default();
    let clone = empty.clone();
    clone.set("of the clone".to_string()).unwrap();
    assert_eq!(empty.get(), None, "a clone is a cell of its own");
    let mut makes = Box::pin(empty.get_or_init(pending));
    _ = wait(&mut makes);
    assert!(empty.clone().set("a clone is not being set".to_string()).is_ok());
}

#[test]
fn a_value_is_dropped_once() {
    let drops = Drops::default();
    drop(OnceCell::from(drops.guard()));
    assert_eq!(drops.count(), 1);

    let mut cell = OnceCell::new();
    block_on(cell.get_or_init(async || drops.guard()));
    drop(cell.set(drops.guard()).map(drop));
    assert_eq!(drops.count(), 2, "the one that was not taken");
    let value = cell.take();
    drop(cell);
    assert_eq!(drops.count(), 2);
    drop(value);
    assert_eq!(drops.count(), 3);

    let cell = OnceCell::new();
    assert!(cell.set(drops.guard()).is_ok());
    let value = cell.into_inner();
    assert_eq!(drops.count(), 3);
    drop(value);
    assert_eq!(drops.count(), 4);
}

static CONFIG: OnceCell<String> = OnceCell::new();

#[test]
fn a_cell_can_be_a_static() {
    under_each(|run| {
        let tasks = (0..20).map(|_| -> Task {
            Box::pin(async {
                let config: &'static String = CONFIG.get_or_init(async || "read once".to_string()).await;
                assert_eq!(config, "read once");
            })
        });
        run(tasks.collect());
    });
}

// What it tells others.

#[test]
fn the_debug_form_shows_the_value() {
    let cell = OnceCell::new();
    assert_eq!(format!("{cell:?}"), "OnceCell(<empty>)");
    cell.set("value").unwrap();
    assert_eq!(format!("{cell:?}"), "OnceCell(\"value\")");
}

#[test]
fn a_wait_says_why_and_where() {
    let cell = OnceCell::<u32>::new();
    assert_eq!(waits_for(cell.wait()), ("once", line!()));
    let mut makes = Box::pin(cell.get_or_init(pending));
    _ = wait(&mut makes);
    let (init, line) = (cell.get_or_init(async || 1), line!());
    assert_eq!(waits_for(init), ("once", line));
    let (init, line) = (cell.get_or_try_init(async || Err(())), line!());
    assert_eq!(waits_for(init), ("once", line));
}

#[test]
fn whoever_makes_the_value_says_what_the_initialiser_waits_for() {
    let (cell, event) = (OnceCell::new(), Event::new());
    let (init, line) = (cell.get_or_init(async || event.wait().await), line!());
    assert_eq!(waits_for(init), ("event", line));
}

#[test]
fn making_a_value_takes_part_in_the_budget() {
    assert_eq!(
        takes_part_in_the_budget(OnceCell::new().get_or_init(async || 1)),
        &1
    );
    let cell = OnceCell::<u32>::new();
    let tried = takes_part_in_the_budget(cell.get_or_try_init(async || Err("fails")));
    assert_eq!(tried, Err("fails"));
    let cell = OnceCell::new();
    let mut waits = Box::pin(cell.wait());
    _ = wait(&mut waits);
    cell.set(3).unwrap();
    assert_eq!(takes_part_in_the_budget(waits), &3);
}
