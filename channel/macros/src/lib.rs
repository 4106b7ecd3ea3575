//! The parser behind `canter_channel::select!` and `select_blocking!`. Use those; what this crate exports may change
//! with any release.
//!
//! A declarative macro can't tell where a pattern ends and a future begins, so the tokens are read by hand here. There
//! is no logic in the expansion beyond what needs the names of the user: which arm is polled when, and what is ready,
//! is decided by the library that the expansion calls. Neither does this crate depend on a parser of Rust: patterns and
//! expressions go into the expansion unread, and the compiler says what is wrong inside of them.

mod expand;
mod mistake;
mod parse;
mod piece;
mod template;
mod walk;

use proc_macro::TokenStream;

use expand::Call;
use parse::Select;

/// Implementation of `canter_channel::select!`.
///
/// The input is the path of the library and the word `await` or `blocking`, each in parentheses, and after them what
/// the user wrote.
#[doc(hidden)]
#[proc_macro]
pub fn __select(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let expanded = Call::parse(&mut tokens)
        .map_err(|mistake| vec![mistake])
        .and_then(|call| {
            let select = Select::parse(tokens.collect())?;
            Ok(call.expand(select))
        });
    expanded.unwrap_or_else(|mistakes| mistake::report(&mistakes))
}
