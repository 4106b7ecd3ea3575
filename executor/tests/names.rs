//! Names of tasks, and which task it is that runs.

#[path = "common/child.rs"]
mod child;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use canter_executor::runtime::Runtime;
use canter_executor::task::{self, Builder, TaskId};
use canter_executor::{block_on, spawn, spawn_blocking, spawn_local, yield_now};
use child::{child, stderr_of};

fn named(name: &str) -> Builder {
    Builder::new().name(name)
}

#[test]
fn a_handle_knows_the_name_before_and_after_the_end() {
    let task = named("reader").spawn(async { 7 });
    assert_eq!(task.name(), Some("reader"));
    while !task.is_finished() {
        std::thread::yield_now();
    }
    assert_eq!(task.name(), Some("reader"));
    assert_eq!(block_on(task).unwrap(), 7);
}

#[test]
fn the_join_error_tells_the_name_behind_the_number() {
    let line = line!() + 1;
    let task = named("reader").spawn(async { panic!("no more paper") });
    let id = task.id();
    let error = block_on(task).unwrap_err();
    assert_eq!(error.name(), Some("reader"));
    let told = error.to_string();
    let words = format!("task {id} \"reader\" (spawned at ");
    assert!(told.starts_with(&words), "{told}");
    assert!(told.contains(&format!("names.rs:{line}:")), "{told}");
    assert!(told.ends_with("panicked: no more paper"), "{told}");

    let task = named("reader").spawn(pending::<()>());
    task.abort();
    let told = block_on(task).unwrap_err().to_string();
    assert!(
        told.contains(" \"reader\" (spawned") && told.ends_with("was cancelled"),
        "{told}"
    );
}

#[test]
fn a_task_without_a_name_tells_none() {
    for task in [spawn(pending::<()>()), Builder::new().spawn(pending())] {
        assert_eq!(task.name(), None);
        task.abort();
        let error = block_on(task).unwrap_err();
        assert_eq!(error.name(), None);
        assert!(!error.to_string().contains('"'), "{error}");
    }
}

#[test]
fn every_kind_of_task_can_have_a_name_and_knows_its_place() {
    block_on(async {
        let line = line!() + 1;
        let local = named("local").spawn_local(pending::<()>());
        let blocking = named("blocking").spawn_blocking(|| panic!("on purpose"));
        assert_eq!((local.name(), blocking.name()), (Some("local"), Some("blocking")));
        local.abort();
        let (local, blocking) = (local.await.unwrap_err(), blocking.await.unwrap_err());
        assert_eq!((local.spawned_at().line(), local.name()), (line, Some("local")));
        assert_eq!(
            (blocking.spawned_at().line(), blocking.name()),
            (line + 1, Some("blocking"))
        );
        // Without a name they are as any other.
        let local = Builder::new().spawn_local(async {});
        let blocking = Builder::new().spawn_blocking(|| ());
        assert_eq!((local.name(), blocking.name()), (None, None));
        local.await.unwrap();
        blocking.await.unwrap();
    });
}

#[test]
fn a_shared_name_is_not_copied() {
    let name: Arc<str> = Arc::from("many");
    let builder = Builder::new().name(name.clone());
    let tasks: Vec<_> = (0..10).map(|_| builder.clone().spawn(pending::<()>())).collect();
    assert!(Arc::strong_count(&name) >= 10);
    drop(builder);
    tasks.iter().for_each(|task| task.abort());
    for task in tasks {
        block_on(task).unwrap_err();
    }
    while Arc::strong_count(&name) > 1 {
        std::thread::yield_now(); // the last of them is being freed
    }
}

#[test]
fn a_shutdown_names_those_that_did_not_end() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let _task = {
        let _entered = runtime.enter();
        named("a \"quoted\" one").spawn(pending::<()>())
    };
    let error = runtime.shutdown(Duration::ZERO).unwrap_err();
    assert_eq!(error.unfinished()[0].name(), Some("a \"quoted\" one"));
    let told = error.unfinished()[0].to_string();
    assert!(told.contains(r#" "a \"quoted\" one" (spawned at "#), "{told}");
}

#[test]
fn a_panic_that_nobody_joins_is_told_with_the_name() {
    let command = child("a_panic_that_nobody_joins_is_told_with_the_name", || {
        let runtime = Runtime::builder().workers(1).build().unwrap();
        runtime.block_on(async { named("reader").go(async { panic!("no more paper") }) });
        runtime.shutdown(Duration::MAX).unwrap();
    });
    let stderr = stderr_of(command);
    let told = stderr.lines().find(|line| line.starts_with("canter: task "));
    let told = told.expect(&stderr);
    assert!(told.contains(" \"reader\" (spawned at "), "{told}");
    assert!(
        told.ends_with("panicked and nobody joins it: no more paper"),
        "{told}"
    );
}

#[test]
fn a_task_knows_its_own_number_and_those_around_it_theirs() {
    assert_eq!(task::id(), None);
    let task = spawn(async {
        let own = TaskId::current();
        // Other tasks run on this thread meanwhile.
        for _ in 0..10 {
            yield_now().await;
            assert_eq!(task::id(), own);
        }
        let within = block_on(async {
            assert_eq!(task::id(), own);
            let local = spawn_local(async { task::id() });
            let id = local.id();
            assert_eq!(local.await.unwrap(), Some(id));
            task::id()
        });
        assert_eq!(within, own);
        own
    });
    let others: Vec<_> = (0..100).map(|_| spawn(yield_now())).collect();
    let id = task.id();
    assert_eq!(block_on(task).unwrap(), Some(id));
    for other in others {
        block_on(other).unwrap();
    }
    let blocking = spawn_blocking(task::id);
    let id = blocking.id();
    assert_eq!(block_on(blocking).unwrap(), Some(id));
    assert_eq!(task::id(), None);
}

#[test]
fn a_destructor_runs_as_its_task_and_a_panic_ends_that() {
    struct Tells(std::sync::mpsc::Sender<Option<TaskId>>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(task::id()).unwrap();
        }
    }
    block_on(async {
        let (tell, told) = std::sync::mpsc::channel();
        let tells = Tells(tell.clone());
        let task = spawn_local(async move {
            let _tells = tells;
            pending::<()>().await
        });
        let id = task.id();
        yield_now().await;
        task.abort();
        task.await.unwrap_err();
        assert_eq!(told.recv(), Ok(Some(id)));
        let panics = spawn_local(async { std::panic::resume_unwind(Box::new(())) });
        panics.await.unwrap_err();
        assert_eq!(task::id(), None);
    });
}
