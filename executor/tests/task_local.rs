//! Task-locals: who sees which value, and when.

use std::cell::Cell;
use std::panic::catch_unwind;
use std::sync::mpsc;

use canter_executor::runtime::Runtime;
use canter_executor::{block_on, spawn, spawn_local, task_local, yield_now};

task_local! {
    static NUMBER: u32;
    static NAME: String;
    static COUNT: Cell<u32>;
}

#[test]
fn outside_of_a_scope_there_is_no_value_and_the_error_says_so() {
    let error = NUMBER.try_with(|number| *number).unwrap_err();
    assert!(error.to_string().contains("scope"), "{error}");
    assert!(catch_unwind(|| NUMBER.get()).is_err());
    block_on(NUMBER.scope(1, async {}));
    assert!(NUMBER.try_with(|_| ()).is_err());
}

#[test]
fn a_value_goes_with_its_task_across_awaits_and_threads() {
    let runtime = Runtime::builder().workers(3).build().unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            runtime.spawn(NUMBER.scope(number, async move {
                for _ in 0..100 {
                    assert_eq!(NUMBER.get(), number);
                    yield_now().await;
                }
            }))
        })
        .collect();
    tasks.into_iter().for_each(|task| block_on(task).unwrap());
}

#[test]
fn scopes_nest_and_keys_are_apart() {
    block_on(NUMBER.scope(1, async {
        NUMBER
            .scope(2, async {
                yield_now().await;
                assert_eq!(NUMBER.get(), 2);
                assert_eq!(NUMBER.sync_scope(3, || NUMBER.get()), 3);
                assert_eq!(NUMBER.get(), 2);
            })
            .await;
        assert_eq!(NUMBER.get(), 1);
        NAME.scope("inner".to_owned(), async {
            assert_eq!((NUMBER.get(), NAME.get().as_str()), (1, "inner"))
        })
        .await;
    }));
}

#[test]
fn a_spawned_task_does_not_inherit_the_value() {
    block_on(NUMBER.scope(1, async {
        assert!(spawn(async { NUMBER.try_with(|_| ()) }).await.unwrap().is_err());
        assert!(
            spawn_local(async { NUMBER.try_with(|_| ()) })
                .await
                .unwrap()
                .is_err()
        );
        assert_eq!(NUMBER.get(), 1);
    }));
}

#[test]
fn a_value_may_change_inside() {
    block_on(COUNT.scope(Cell::new(0), async {
        for _ in 0..10 {
            COUNT.with(|count| count.set(count.get() + 1));
            yield_now().await;
        }
        assert_eq!(COUNT.with(Cell::get), 10);
    }));
}

/// Says what it sees when it is dropped.
struct Sees(mpsc::Sender<Option<u32>>);

impl Drop for Sees {
    fn drop(&mut self) {
        self.0.send(NUMBER.try_with(|number| *number).ok()).unwrap();
    }
}

#[test]
fn destructors_of_the_future_see_the_value() {
    let (sender, seen) = mpsc::channel();
    let sees = Sees(sender.clone());
    block_on(NUMBER.scope(1, async move { drop(sees) }));
    let sees = Sees(sender.clone());
    block_on(NUMBER.scope(2, async move {
        let _sees = sees;
        yield_now().await;
    }));
    let sees = Sees(sender.clone());
    let task = spawn(NUMBER.scope(3, async move {
        let _sees = sees;
        std::future::pending::<()>().await;
    }));
    task.abort();
    assert!(block_on(task).unwrap_err().is_cancelled());
    let sees = Sees(sender);
    drop(NUMBER.scope(4, async move { drop(sees) }));
    assert!(seen.iter().eq([Some(1), Some(2), Some(3), Some(4)]));
}

#[test]
fn a_panic_in_a_scope_leaves_no_value_behind() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    assert!(
        runtime
            .block_on(runtime.spawn(NUMBER.scope(1, async { panic!("on purpose") })))
            .is_err()
    );
    runtime
        .block_on(runtime.spawn(async { assert!(NUMBER.try_with(|_| ()).is_err()) }))
        .unwrap();
    assert!(catch_unwind(|| NUMBER.sync_scope(1, || panic!("on purpose"))).is_err());
    assert!(NUMBER.try_with(|_| ()).is_err());
}

#[test]
fn a_nested_block_on_sees_the_value_of_its_task() {
    let task = spawn(NUMBER.scope(7, async { block_on(async { NUMBER.get() }) }));
    assert_eq!(block_on(task).unwrap(), 7);
}
