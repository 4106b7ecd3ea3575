//! What `#[canter::main]` and `#[canter::test]` make of a function, and what they say about one that does not fit.

use std::env;
use std::fmt::Display;
use std::future::pending;
use std::num::ParseIntError;
use std::process::{Command, Termination};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set in the process that is expected to end early.
const CHILD: &str = "CANTER_TEST_MACROS_CHILD";

/// Takes the place of `canter` and shows what was asked of the builder.
mod recorder {
    use std::cell::Cell;

    thread_local!(static WORKERS: Cell<Option<usize>> = const { Cell::new(None) });
    thread_local!(static DUMPS: Cell<bool> = const { Cell::new(false) });

    /// What the running function asked for.
    pub fn workers() -> Option<usize> {
        WORKERS.get()
    }

    /// Whether its runtime prints dumps.
    pub fn dumps() -> bool {
        DUMPS.get()
    }

    pub mod runtime {
        use std::io;

        pub struct Builder(Option<usize>, bool);

        impl Builder {
            pub fn new() -> Self {
                Self(None, false)
            }

            pub fn workers(self, workers: usize) -> Self {
                Self(Some(workers), self.1)
            }

            pub fn dump_on_signal(self, dumps: bool) -> Self {
                Self(self.0, dumps)
            }

            pub fn build(self) -> io::Result<Runtime> {
                Ok(Runtime(self.0, self.1))
            }
        }

        pub struct Runtime(Option<usize>, bool);

        impl Runtime {
            pub fn block_on<F: Future>(&self, future: F) -> F::Output {
                super::WORKERS.set(self.0);
                super::DUMPS.set(self.1);
                canter::block_on(future)
            }
        }
    }
}

/// Takes the place of `canter` where no runtime can be started.
mod unstartable {
    pub mod runtime {
        use std::io;

        pub use canter::runtime::Runtime;

        pub struct Builder;

        impl Builder {
            pub fn new() -> Self {
                Self
            }

            pub fn dump_on_signal(self, _dumps: bool) -> Self {
                self
            }

            pub fn build(self) -> io::Result<Runtime> {
                Err(io::Error::other("no thread is left"))
            }
        }
    }
}

#[test]
fn the_caller_gets_what_the_function_returns() {
    #[canter::main]
    async fn sum() -> Result<u32, ParseIntError> {
        let first: u32 = "40".parse()?;
        let second = canter::spawn(async { "2".parse::<u32>() });
        Ok(first + second.await.expect("the task panicked")?)
    }

    #[canter::main(workers = 1)]
    async fn parse_nothing() -> Result<u32, ParseIntError> {
        "".parse()
    }

    #[canter::main()]
    async fn boxed() -> Box<dyn Display> {
        let word = Box::new("word");
        if word.is_empty() {
            return word;
        }
        Box::new(1)
    }

    #[canter::main]
    async fn opaque() -> impl Display {
        "opaque"
    }

    assert_eq!(sum(), Ok(42));
    assert!(parse_nothing().is_err());
    assert_eq!(boxed().to_string(), "1");
    assert_eq!(opaque().to_string(), "opaque");
}

#[test]
fn the_function_need_not_be_send() {
    #[canter::main]
    async fn counted() -> usize {
        let shared = Rc::new(());
        let second = shared.clone();
        canter::yield_now().await;
        drop(second);
        Rc::strong_count(&shared)
    }

    assert_eq!(counted(), 1);
}

#[test]
fn tasks_that_are_left_are_dropped_before_the_function_returns() {
    struct SetOnDrop(Arc<AtomicBool>);

    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[canter::main(workers = 2)]
    async fn leave_a_task() -> Arc<AtomicBool> {
        let dropped = Arc::new(AtomicBool::new(false));
        let guard = SetOnDrop(dropped.clone());
        canter::go(async move {
            pending::<()>().await;
            drop(guard);
        });
        canter::yield_now().await;
        dropped
    }

    assert!(leave_a_task().load(Ordering::Relaxed));
}

#[test]
fn workers_reach_the_builder_only_where_they_are_given() {
    #[canter::main(workers = 3, crate = crate::recorder)]
    async fn three() -> Option<usize> {
        recorder::workers()
    }

    #[canter::main(crate = recorder, workers = 1_0,)]
    async fn ten() -> Option<usize> {
        recorder::workers()
    }

    #[canter::main(crate = self::recorder)]
    async fn default() -> Option<usize> {
        recorder::workers()
    }

    assert_eq!(three(), Some(3));
    assert_eq!(ten(), Some(10));
    assert_eq!(default(), None);
}

#[canter::test(crate = recorder)]
async fn a_program_prints_dumps_and_a_test_does_not() {
    #[canter::main(crate = recorder)]
    async fn program() -> bool {
        recorder::dumps()
    }

    assert!(!recorder::dumps());
    assert!(program());
}

#[test]
fn a_runtime_that_cannot_be_started_ends_the_program_with_one_sentence() {
    #[canter::main(crate = crate::unstartable)]
    async fn program() {}

    if env::var_os(CHILD).is_some() {
        program();
        unreachable!("the runtime was started");
    }
    let test = "a_runtime_that_cannot_be_started_ends_the_program_with_one_sentence";
    let child = Command::new(env::current_exe().expect("the test knows its program"))
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("the test starts itself");
    assert_eq!(child.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&child.stderr),
        "canter: the runtime could not be started: no thread is left\n"
    );
}

#[canter::test(crate = crate::unstartable)]
#[should_panic(expected = "canter: the runtime could not be started: no thread is left")]
async fn a_test_whose_runtime_cannot_be_started_panics_with_the_reason() {}

#[test]
#[deny(
    unfulfilled_lint_expectations,
    reason = "an attribute that was lost fails the build"
)]
fn attributes_stay_on_the_function() {
    #[canter::main]
    #[deprecated]
    async fn old() {}

    #[expect(deprecated, reason = "it is, if the attribute is still there")]
    old();
}

#[test]
fn names_of_the_expansion_and_of_the_program_do_not_meet() {
    #[canter::main]
    async fn runtime() -> &'static str {
        "runtime"
    }

    #[canter::main]
    async fn error() -> &'static str {
        "error"
    }

    assert_eq!((runtime(), error()), ("runtime", "error"));
}

#[test]
fn functions_that_a_macro_writes_are_expanded() {
    macro_rules! constant {
        ($name:ident, $workers:expr, $body:block) => {
            #[canter::main(workers = $workers)]
            async fn $name() -> u32 $body
        };
        ($function:item) => {
            #[canter::main]
            $function
        };
    }

    constant!(one, 2, { 1 });
    constant!(
        async fn two() -> u32 {
            #![expect(unused_variables, reason = "an attribute of the body stays in the body")]
            let unused = ();
            2
        }
    );
    assert_eq!((one(), two()), (1, 2));
}

#[canter::test]
async fn a_test_runs_on_a_runtime() {
    assert_eq!(canter::spawn(async { 42 }).await.expect("the task panicked"), 42);
}

#[canter::test(workers = 2)]
async fn a_test_may_return_a_result() -> Result<(), ParseIntError> {
    let number: u32 = "42".parse()?;
    assert_eq!(number, 42);
    Ok(())
}

#[canter::test]
async fn a_test_may_return_what_a_program_may_return() -> impl Termination {
    std::process::ExitCode::SUCCESS
}

#[canter::test]
#[should_panic(expected = "boundary")]
async fn should_panic_stays_on_the_test() {
    canter::yield_now().await;
    panic!("boundary");
}

#[test]
fn errors_point_at_what_is_wrong() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
