//! The macros hand their input to the parser, with the path of this crate.

/// Waits until exactly one of several arms takes effect, and runs that arm's body. Go's `select`.
///
/// ```
/// use canter_channel::{bounded, select, unbuffered};
///
/// # futures::executor::block_on(async {
/// let (tx, rx) = bounded(1);
/// let (words, _reader) = unbuffered();
/// tx.send(7).await.unwrap();
/// let chosen = select! {
///     Ok(number) = rx.recv() => number,
///     result = words.send("nobody takes this") => {
///         result.unwrap();
///         0
///     }
/// };
/// assert_eq!(chosen, 7);
/// # });
/// ```
///
/// # Arms
///
/// An arm is `pattern = future => body`. Arms are separated by commas; after a body in braces the comma may be left out. There can be 64.
///
/// - **Channel operations**, that is the futures of [`send`](crate::Sender::send), [`recv`](crate::Receiver::recv) and
///   [`reserve`](crate::Sender::reserve), written where the arm is: an arm that is not chosen has sent nothing and received nothing. That holds
///   whatever the other side does, also if that is a select, and when the select is dropped.
/// - **Any other future** (or `IntoFuture`): a sleep, a read, a join handle, an `async` block. It is polled until it or another arm is
///   chosen, and then dropped. It need not be `Send`, `Unpin`, `'static` or fused. To go on with it later, hand in a `&mut` of a pinned one. What
///   it has done by the time that it is dropped is done: put a send that must not happen in an arm of its own, not into an `async` block.
///
/// Futures are made from left to right before the first one is polled, and are dropped before the body runs: so the body may use what they
/// borrowed. `break`, `continue`, `return`, `?` and `.await` in a body act on the code around the select.
///
/// # Guards and patterns
///
/// `pattern = future, if condition => body` switches the arm off where the condition is false; its future is then not even made.
///
/// If the future's output does not match the pattern the output is dropped, the arm is switched off, and the select goes on with the others.
///
/// # `default` and `else`
///
/// `default => body` is taken at once when no other arm can go: for channel operations, only if there was one moment at which none of
/// them could. A select on the other side that is just polling a future of its own does not count as being there.
///
/// `else => body` is taken when all arms are switched off. Without it such a select waits for ever, as in Go; `select! {}` does so too.
///
/// # Fairness
///
/// Of several arms that are ready each is equally likely. After `biased;` at the beginning the first one is taken. While a select waits,
/// whatever happens first decides.
///
/// # Cancel safety
///
/// If the surrounding future is dropped while the select waits, no arm takes effect. If a channel operation had been completed by then, a
/// message that was received goes back to its channel, in its place, and one that was sent has been sent.
///
/// # Source
///
/// The semantics are those of Go's `select`, in futures' form; the protocol is this crate's own, and stands in `select/mod.rs` and `claim.rs`.
#[macro_export]
macro_rules! select {
    ($($tokens:tt)*) => {
        $crate::__private::__select! { ($crate) (await) $($tokens)* }
    };
}

/// [`select!`](crate::select!) for a thread without a runtime, which it blocks.
///
/// Not for a task: it would keep the others of its worker waiting.
///
/// # Examples
///
/// ```
/// use canter_channel::{select_blocking, unbuffered};
///
/// let (tx, rx) = unbuffered();
/// let sender = std::thread::spawn(move || tx.send_blocking("from another thread"));
/// let message = select_blocking! {
///     message = rx.recv() => message,
/// };
/// assert_eq!(message, Ok("from another thread"));
/// sender.join().unwrap().unwrap();
/// ```
#[macro_export]
macro_rules! select_blocking {
    ($($tokens:tt)*) => {
        $crate::__private::__select! { ($crate) (blocking) $($tokens)* }
    };
}
