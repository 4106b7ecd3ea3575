//! Groups of tasks that may fail: `wait` gives all outputs, or the first failure once the others have been ended.

#[path = "common/child.rs"]
mod child;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "common/everywhere.rs"]
mod everywhere;

use std::error::Error;
use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::mpsc;

use canter_executor::task::{Group, GroupError, JoinError};
use canter_executor::{block_on, yield_now};
use child::{child, stderr_of};
use drops::Drops;
use everywhere::everywhere;
use futures::channel::oneshot;

/// Waits for a group in which something fails.
async fn failure<T, E>(group: &mut Group<Result<T, E>>) -> GroupError<E> {
    match group.wait().await {
        Ok(_) => panic!("all tasks succeeded"),
        Err(error) => error,
    }
}

fn task_error<E>(error: GroupError<E>) -> E {
    match error {
        GroupError::Task(error) => error,
        GroupError::Join(error) => panic!("no task returned an error: {error}"),
    }
}

fn join_error<E>(error: GroupError<E>) -> JoinError {
    match error {
        GroupError::Join(error) => error,
        GroupError::Task(_) => panic!("a task returned an error"),
    }
}

/// A value whose destructor panics.
struct PanicsOnDrop(&'static str);

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

#[test]
fn a_group_without_tasks_has_nothing_to_wait_for() {
    everywhere(|| async {
        let mut group = Group::<Result<u8, ()>>::default();
        for _ in 0..3 {
            assert!(group.wait().await.unwrap().is_empty());
            assert!(group.join_all().await.is_empty());
            assert!(group.join_next().await.is_none());
            group.shutdown().await;
            assert!(group.is_empty());
        }
    });
}

#[test]
fn the_outputs_come_in_the_order_of_the_spawns() {
    everywhere(|| async {
        let (mut group, mut previous) = (Group::new(), None::<oneshot::Sender<()>>);
        for number in 0..50 {
            // Each ends after the one that is spawned next.
            let (ends, next_ended) = oneshot::channel();
            let ends = previous.replace(ends);
            let task = async move {
                // The last one's is dropped with the test's, and that is an end too.
                let _ = next_ended.await;
                drop(ends);
                Ok::<_, ()>(number)
            };
            group.spawn(task).await;
        }
        drop(previous);
        let numbers: Vec<_> = (0..50).collect();
        assert_eq!(group.wait().await.unwrap(), numbers);
    });
}

#[test]
fn of_several_errors_the_one_that_came_first_is_given() {
    everywhere(|| async {
        let plans: [&[Option<&str>]; 6] = [
            &[],
            &[None],
            &[Some("one")],
            &[Some("one"), None],
            &[None, Some("two"), None],
            &[None, None, Some("three"), Some("four")],
        ];
        for plan in plans {
            let mut group = Group::new().limit(1); // so they end one after the other
            for &error in plan {
                group.spawn(async move { error.map_or(Ok(()), Err) }).await;
            }
            let first = plan.iter().flatten().next().copied();
            assert_eq!(group.wait().await.map_err(task_error).err(), first, "{plan:?}");
        }
    });
}

#[test]
fn the_first_failure_ends_the_others_and_wait_ends_after_them() {
    everywhere(|| async {
        for failing in [0, 7, 19] {
            let (drops, mut group) = (Drops::default(), Group::<Result<(), i32>>::new());
            for number in 0..20 {
                let guard = drops.guard();
                let task = async move {
                    let _guard = guard;
                    if number == failing {
                        yield_now().await;
                        return Err(number);
                    }
                    pending().await
                };
                group.spawn(task).await;
            }
            let error = task_error(failure(&mut group).await);
            assert_eq!((error, drops.count(), group.len()), (failing, 20, 0));
        }
    });
}

#[test]
fn wait_ends_after_every_task_also_one_that_can_not_be_aborted() {
    let mut group = Group::<Result<(), &str>>::new();
    let (release, released) = mpsc::channel::<()>();
    let (started, has_started) = mpsc::channel();
    block_on(async {
        let closure = move || {
            started.send(()).expect("the test waits");
            released.recv().expect("the test releases it");
            Ok(())
        };
        group.spawn_blocking(closure).await;
        has_started.recv().expect("the closure starts");
        group.spawn(async { Err("on purpose") }).await;
        let mut wait = group.wait();
        for _ in 0..100 {
            assert!(futures::poll!(&mut wait).is_pending(), "the closure still runs");
            yield_now().await;
        }
        release.send(()).expect("the closure waits");
        assert_eq!(task_error(wait.await.unwrap_err()), "on purpose");
    });
}

#[test]
fn wait_waits_for_tasks_that_yield_and_for_those_that_they_spawn() {
    everywhere(|| async {
        let mut group = Group::new();
        let spawner = group.spawner();
        let first = async move {
            for number in 1..100 {
                yield_now().await;
                let task = async move {
                    yield_now().await;
                    Ok::<_, ()>(number)
                };
                spawner.spawn(task).await.expect("the group is there");
            }
            Ok(0)
        };
        group.spawn(first).await;
        let numbers: Vec<_> = (0..100).collect();
        assert_eq!(group.wait().await.unwrap(), numbers);
    });
}

#[test]
fn a_failure_ends_the_spawning_too_where_a_task_of_the_group_spawns() {
    everywhere(|| async {
        let mut group = Group::<Result<(), &str>>::new().limit(3);
        let spawner = group.spawner();
        let feed = async move {
            for number in 0.. {
                let task = async move {
                    if number == 1000 {
                        Err("number 1000")
                    } else {
                        Ok(())
                    }
                };
                if spawner.spawn(task).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        group.spawn(feed).await;
        assert_eq!(task_error(failure(&mut group).await), "number 1000");
    });
}

#[test]
fn a_group_is_used_again_after_wait() {
    everywhere(|| async {
        let mut group = Group::new();
        let spawner = group.spawner();
        for round in 0..5 {
            group.spawn(async move { Ok(round) }).await;
            assert_eq!(group.wait().await.unwrap(), [round]);
            group.spawn(async { Err("on purpose") }).await;
            group.spawn(pending()).await;
            assert_eq!(task_error(failure(&mut group).await), "on purpose");
            spawner
                .spawn(async move { Ok(round) })
                .await
                .expect("it takes tasks again");
            assert_eq!(group.wait().await.unwrap(), [round]);
        }
    });
}

#[test]
fn what_is_joined_one_by_one_is_not_in_wait() {
    everywhere(|| async {
        let mut group = Group::new().limit(1);
        for number in 0..4 {
            group
                .spawn(async move { if number == 0 { Err(0) } else { Ok(number) } })
                .await;
        }
        assert_eq!(group.join_next().await.unwrap().unwrap(), Err(0));
        assert_eq!(group.join_next().await.unwrap().unwrap(), Ok(1));
        assert_eq!(group.wait().await.unwrap(), [2, 3]);
    });
}

#[test]
fn the_outputs_and_errors_beside_the_first_failure_are_dropped() {
    everywhere(|| async {
        let (drops, mut group) = (Drops::default(), Group::new().limit(1));
        for number in 0..9 {
            let guard = drops.guard();
            let task = async move {
                if number % 3 == 0 {
                    Ok(guard)
                } else {
                    Err((number, guard))
                }
            };
            group.spawn(task).await;
        }
        let (number, _guard) = task_error(failure(&mut group).await);
        assert_eq!((number, drops.count()), (1, 8));
    });
}

#[test]
fn a_panic_is_a_failure_that_can_be_resumed_and_ends_the_others() {
    everywhere(|| async {
        let (drops, mut group) = (Drops::default(), Group::<Result<(), ()>>::new());
        for _ in 0..10 {
            let guard = drops.guard();
            group
                .spawn(async move {
                    let _guard = guard;
                    pending().await
                })
                .await;
        }
        group.spawn(async { panic_any(7u32) }).await;
        let line = line!() - 1;
        let error = join_error(failure(&mut group).await);
        assert!(error.is_panic());
        assert_eq!((error.spawned_at().line(), drops.count()), (line, 10));
        let resumed = catch_unwind(|| resume_unwind(error.into_panic())).unwrap_err();
        assert_eq!(resumed.downcast_ref::<u32>(), Some(&7));
    });
}

#[test]
fn an_aborted_task_is_a_failure_of_wait_and_an_error_before_it_comes_first() {
    everywhere(|| async {
        let mut group = Group::<Result<(), &str>>::new();
        group.spawn(pending()).await;
        group.abort_all();
        assert!(join_error(failure(&mut group).await).is_cancelled());

        let mut group = Group::<Result<(), &str>>::new().limit(1);
        group.spawn(async { Err("on purpose") }).await;
        group.spawn(pending()).await;
        group.abort_all();
        assert_eq!(task_error(failure(&mut group).await), "on purpose");
    });
}

#[test]
fn a_panic_after_the_first_failure_is_printed_with_its_spawn_place() {
    let command = child(
        "a_panic_after_the_first_failure_is_printed_with_its_spawn_place",
        || {
            block_on(async {
                let mut group = Group::<Result<(), &str>>::new().limit(1);
                group.spawn(async { Err("on purpose") }).await;
                group.spawn(async { panic!("the second") }).await;
                let third = PanicsOnDrop("the third: in its destructor");
                group
                    .spawn(async move {
                        let _third = third;
                        pending().await
                    })
                    .await;
                assert_eq!(task_error(failure(&mut group).await), "on purpose");
                group
                    .spawn(async { panic!("the fourth: somebody gets it") })
                    .await;
                assert!(join_error(failure(&mut group).await).is_panic());
            });
        },
    );
    let stderr = stderr_of(command);
    let printed = |word: &str| {
        let ours = stderr.lines().filter(|line| line.starts_with("canter:"));
        ours.filter(|line| line.contains(word) && line.contains("group.rs:"))
            .count()
    };
    let counts = ["the second", "the third", "the fourth"].map(printed);
    assert_eq!(counts, [1, 1, 0], "{stderr}");
}

#[test]
fn a_group_error_reads_as_the_error_that_it_holds() {
    let error = GroupError::Task(io::Error::new(io::ErrorKind::NotFound, "no such page"));
    assert_eq!(error.to_string(), "no such page");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::NotFound);

    let mut group = Group::<Result<(), io::Error>>::new();
    let error = block_on(async {
        group.spawn(async { panic!("the words") }).await;
        failure(&mut group).await
    });
    assert!(error.to_string().ends_with("panicked: the words"), "{error}");
    assert!(error.source().is_none());
    assert!(io::Error::from(error).to_string().contains("the words"));

    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("outer")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = GroupError::Task(Outer(io::Error::other("inner")));
    let source = error.source().expect("the one of what it holds");
    assert_eq!(
        (error.to_string(), source.to_string()),
        ("outer".into(), "inner".into())
    );
}

#[test]
fn a_limit_that_can_not_be_is_refused_with_a_sentence() {
    let refusal = |limit: fn()| {
        let panic = catch_unwind(AssertUnwindSafe(limit)).unwrap_err();
        panic.downcast_ref::<&str>().map(ToString::to_string).unwrap()
    };
    let said = refusal(|| drop(Group::<()>::new().limit(0)));
    assert!(said.contains("no task could ever run"), "{said}");
    let said = refusal(|| {
        let group = Group::<()>::new();
        group.try_spawn(pending()).expect("there is no limit");
        drop(group.limit(1));
    });
    assert!(said.contains("before the first one"), "{said}");
}
