//! The attributes [`#[canter::main]`](macro@main) and [`#[canter::test]`](macro@test): an async function that brings its
//! own runtime.
//!
//! Use them through the crate `canter`, which re-exports both; what they expand to names that crate.
//!
//! ```
//! #[canter::main]
//! async fn main() -> Result<(), canter::task::JoinError> {
//!     let answer = canter::spawn(async { 6 * 7 }).await?;
//!     assert_eq!(answer, 42);
//!     Ok(())
//! }
//! ```
//!
//! # Options
//!
//! Both attributes take the same options, each at most once, in any order, separated by commas:
//!
//! | Option | Meaning | Without it |
//! | --- | --- | --- |
//! | `workers = 2` | the workers of the runtime: a whole number, 1 or more, written out | the default of `canter::runtime::Builder` |
//! | `crate = some::path` | where the crate `canter` is found, for a dependency that has another name or is re-exported | `::canter` |
//!
//! # What becomes of the function
//!
//! It becomes a plain function with the same attributes, visibility, name and return type. The async function stands
//! inside it, unchanged: it may borrow across an `.await`, need not be `Send`, and may return whatever an async function
//! may return. Each call of the plain function builds a runtime, runs the async function on the calling thread with
//! `Runtime::block_on`, drops the runtime and returns.
//!
//! The function can't have arguments, be generic, `unsafe`, `const` or `extern`, and is a free function, not a method.
//! Whatever does not fit is a compile error at the place where it stands, with none in its wake: the name stays
//! declared, and the body is still checked.
//!
//! Without an attribute, `canter::block_on` runs a future on the runtime that the whole process shares.

mod function;
mod options;

use std::iter;

use proc_macro2::TokenStream;
use syn::Error;

use function::{Function, Role};
use options::Options;

/// Runs an async function, most often `main`, on a runtime of its own.
///
/// When the function returns, the program does not wait for other tasks: they are dropped where they stand, before the
/// plain function returns. Join the ones that must end.
///
/// If the runtime can't be started (no thread or no descriptor is left), the reason goes to standard error as
/// `canter: the runtime could not be started: ...` and the process exits with 1.
///
/// `SIGQUIT` (Ctrl-\) prints what every task does to standard error, and the program goes on. If all tasks wait for each other the
/// program says so and exits with 2. `canter::diagnostics` tells more of both; whoever wants neither builds a `canter::runtime::Runtime`.
///
/// On a function that is not called `main` it does the same. Each call starts and ends the threads of a runtime, so a
/// function that is called often is better left async, or given to `canter::block_on`.
///
/// The options are those of [the crate](crate#options).
///
/// # Panics
///
/// A panic in the function goes on in the caller, after the runtime is dropped.
///
/// # Examples
///
/// ```
/// use std::num::ParseIntError;
///
/// #[canter::main(workers = 2)]
/// async fn main() -> Result<(), ParseIntError> {
///     let number: u32 = "42".parse()?;
///     canter::go(canter::time::sleep(std::time::Duration::from_secs(3600))); // Dropped when `main` returns.
///     assert_eq!(number, 42);
///     Ok(())
/// }
/// ```
///
/// A function with another name, and a crate that re-exports `canter`:
///
/// ```
/// mod platform {
///     pub use canter as runtime_crate;
/// }
///
/// #[canter::main(crate = platform::runtime_crate)]
/// async fn answer() -> u32 {
///     canter::yield_now().await;
///     42
/// }
///
/// assert_eq!(answer(), 42);
/// ```
#[proc_macro_attribute]
pub fn main(options: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(Role::Main, options.into(), item.into()).into()
}

/// Makes a test of an async function, on a runtime of its own.
///
/// The attribute takes the place of `#[test]`; a second one beside it is a compile error. Everything else that a test may
/// have works as usual: `#[should_panic]`, `#[ignore]`, `#[cfg(..)]`, a `Result` as return type. Since no two tests share
/// a runtime, none sees the tasks or the timers of another one, and tasks that are left when the test returns are dropped.
///
/// If the runtime can't be started, the test panics with the reason.
///
/// The options are those of [the crate](crate#options).
///
/// # Examples
///
/// ```
/// #[canter::test(workers = 2)]
/// async fn a_task_gives_its_output_to_whoever_joins_it() -> Result<(), canter::task::JoinError> {
///     assert_eq!(canter::spawn(async { 42 }).await?, 42);
///     Ok(())
/// }
///
/// #[canter::test]
/// #[should_panic(expected = "out of range")]
/// async fn a_panic_reaches_the_test() {
///     canter::yield_now().await;
///     panic!("out of range");
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(Role::Test, options.into(), item.into()).into()
}

fn expand(role: Role, options: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::parse(role, item.clone()) {
        Ok(function) => function,
        Err(error) => return [item, error.into_compile_error()].into_iter().collect(),
    };
    match (syn::parse2::<Options>(options), function.check(role)) {
        (Ok(options), Ok(())) => function.expand(role, &options),
        (options, checked) => {
            let errors = [options.err(), checked.err()].into_iter().flatten();
            let errors = errors.map(Error::into_compile_error);
            iter::once(function.stand_in(role)).chain(errors).collect()
        }
    }
}
