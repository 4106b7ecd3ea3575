//! What may be written in `select!`: everything that a `match` takes, and where commas end an arm.

#![deny(
    unused,
    reason = "the expansion adds nothing that a lint of the user's could find"
)]
#![expect(
    clippy::let_and_return,
    clippy::needless_return,
    clippy::never_loop,
    clippy::nonminimal_bool,
    clippy::redundant_closure_call,
    reason = "what is tested is how it is written"
)]

use std::collections::HashMap;
use std::future::{pending, ready};
use std::num::ParseIntError;

use canter_channel::{bounded, select, select_blocking};
use futures::executor::block_on;

#[test]
fn an_arm_is_a_pattern_a_future_and_a_body() {
    block_on(async {
        let (tx, rx) = bounded(1);
        assert_eq!(select! { result = tx.send(7) => result }, Ok(()));
        assert_eq!(select! { message = rx.recv() => message }, Ok(7));
        assert_eq!(select! { x = pending::<u32>() => x, y = ready(2) => y + 1 }, 3);
    });
}

#[test]
fn a_comma_may_follow_the_last_arm() {
    block_on(async {
        assert_eq!(select! { x = ready(1) => x, }, 1);
        assert_eq!(select! { x = pending() => x, default => 2, }, 2);
        assert_eq!(select! { x = pending(), if false => x, else => 3, }, 3);
        assert_eq!(select! { biased; x = ready(4) => { x }, }, 4);
    });
}

#[test]
fn a_body_in_braces_needs_no_comma_behind_it() {
    let got = select_blocking! {
        _ = pending::<()>() => { 1 }
        .. = pending::<()>() => { 7 }
        _ = ready(3) => {
            let z = 4;
            z
        }
        default => { 9 }
    };
    assert_eq!(got, 4);
}

#[test]
fn a_body_may_go_on_behind_a_block() {
    let got = select_blocking! { (a, b) = ready((1, 2)) => { a + b }.max(100), default => { 9 } };
    assert_eq!(got, 100);
    fn doubled(half: Option<u32>) -> Option<u32> {
        let sum = select_blocking! { x = ready(half) => { x }? * 2, };
        Some(sum)
    }
    assert_eq!((doubled(Some(2)), doubled(None)), (Some(4), None));
}

#[test]
fn a_body_may_be_any_expression() {
    let number = |n: u32| {
        select_blocking! { biased;
            n = ready(n), if n == 0 => if n == 0 { 10 } else { 11 },
            n = ready(n), if n == 1 => match n { 1 => 20, _ => 21 },
            n = ready(n), if n == 2 => 'outer: { if n == 2 { break 'outer 30; } 31 },
            _ = ready(n), if n == 3 => loop { break 40 },
            _ = ready(n), if n == 4 => matches!(n, 4) as u32 + 50,
            _ = ready(n), if n == 5 => (|a: u32, b: u32| a + b)(60, 1),
            else => unreachable!(),
        }
    };
    assert_eq!(
        [0, 1, 2, 3, 4, 5].map(number),
        [10, 20, 30, 40, 51, 61],
        "each body ran alone"
    );
}

#[test]
fn commas_and_bars_inside_of_expressions_end_no_arm() {
    let (a, b) = (1, 2);
    let got = select_blocking! { biased;
        _ = pending::<u32>() => HashMap::<u32, Vec<u32>>::new().len() as u32,
        _ = pending::<HashMap<u32, u32>>() => <HashMap<u32, u32> as Default>::default().len() as u32,
        _ = pending::<Result::<u32, u32>>() => u32::from(a < b),
        _ = pending::<()>() => u32::from(a < b || b > a) | 2 | 4,
        _ = pending::<()>() => 1 << 2 >> 1,
        Result::<u32, u32>::Ok(_) = ready(Err::<u32, u32>(1)) => 9,
        f = ready(|a: u32, b: u32| a + b) => f(1, 2),
    };
    assert_eq!(got, 3);
    let sum = select_blocking! {
        f = ready(3_u32) => move |a: u32, b: u32| -> Result<u32, Vec<Vec<u32>>> { Ok::<u32, _>(a + b + f) },
    };
    assert_eq!(sum(1, 2), Ok(6));
    assert!(select_blocking! { biased; _ = ready(1) => a < b, x = ready(true) => x });
    assert_eq!(
        select_blocking! { biased; _ = ready(1) => a as usize + 1, x = ready(5) => x },
        2
    );
}

#[test]
fn an_arm_may_have_any_pattern() {
    let one = |input: Option<i32>| {
        select_blocking! { biased;
            None = ready(input) => 0,
            Some(1..=5) = ready(input) => 1,
            Some(6 | 7) = ready(input) => 2,
            Some(x @ ..=-1) = ready(input) => -x,
            Some(ref mut x) = ready(input) => { *x += 1; *x }
            else => unreachable!("one of them matches"),
        }
    };
    assert_eq!(
        [None, Some(3), Some(7), Some(-9), Some(99)].map(one),
        [0, 1, 2, 9, 100]
    );
    let text = select_blocking! {
        Ok(mut v) | Err(mut v) = ready(Err::<String, String>("7".to_owned())) => { v.push('x'); v }
    };
    assert_eq!(text, "7x");
    assert_eq!(select_blocking! { &x = ready(&5) => x, else => 3 }, 5);
    assert_eq!(select_blocking! { x=ready(-5)=>-x,else=>3 }, 5);
    assert_eq!(select_blocking! { | 1 | 2=ready(2)=>1,else=>3 }, 1);
    assert_eq!(
        select_blocking! { "a" = ready("b") => 1, [.., 3] = ready([1, 2, 3]) => 2, else => 3 },
        2
    );
}

const LIMIT: u32 = 77;

macro_rules! five {
    () => {
        5
    };
}

#[test]
fn constants_and_macros_are_patterns() {
    let class = |n: u32| {
        select_blocking! { biased;
            LIMIT = ready(n) => "limit",
            self::LIMIT..=100 = ready(n) => "beyond",
            five!() = ready(n) => "five",
            else => "none",
        }
    };
    assert_eq!([77, 78, 5, 6].map(class), ["limit", "beyond", "five", "none"]);
}

/// Hands fragments to the macro, each of which the compiler has read before.
macro_rules! of_fragments {
    ($pattern:pat, $future:expr, $guard:expr, $body:block) => {{
        const LIMIT: u32 = 3; // of the macro, which sees its own
        let hidden = 4;
        select_blocking! { biased;
            LIMIT = $future => 0,
            $pattern = $future, if $guard => $body,
            $crate::LIMIT = ready(77) => 8,
            else => hidden,
        }
    }};
    (tokens $name:ident $($body:tt)*) => {
        select_blocking! { $name = ready(1) => { let twice = $name + $name; twice $($body)* } }
    };
}

#[test]
fn what_another_macro_passes_on_is_taken() {
    assert_eq!(of_fragments!(_x, ready(2), 1 < 2, { 5 }), 5);
    assert_eq!(of_fragments!(_x, ready(3), true, { 5 }), 0);
    assert_eq!(of_fragments!(1, ready(2), true, { 5 }), 8);
    assert_eq!(
        of_fragments!(tokens twice + twice),
        3,
        "there are two names `twice`: 2 and 1"
    );
}

#[test]
fn the_words_of_the_macro_are_names_like_any_other() {
    let (default, biased, select, output, matched) = (1, 2, 3, 4, 5);
    let got = select_blocking! {
        default = ready(default + biased + select + output + matched) => default + select + output + matched + biased,
    };
    assert_eq!(got, 15 + 14);
    assert_eq!(select_blocking! { biased = ready(1) => biased }, 1);
    assert_eq!(select_blocking! { biased; matched = ready(1) => matched }, 1);
    assert_eq!(
        select_blocking! { output @ 1 = ready(1) => output, select = pending() => select },
        1
    );
}

#[test]
fn default_and_else_may_stand_before_other_arms() {
    assert_eq!(select_blocking! { default => 1, x = pending() => x }, 1);
    assert_eq!(select_blocking! { else => 1, x = ready(3) => x }, 3);
    assert_eq!(select_blocking! { default => { 1 } x = ready(3) => { x } }, 3);
}

#[test]
fn default_and_else_may_stand_alone() {
    assert_eq!(select_blocking! { default => 4 }, 4);
    assert_eq!(select_blocking! { else => 5 }, 5);
    assert_eq!(select_blocking! { biased; default => 6 }, 6);
    select_blocking! { else => {} }
}

#[test]
fn break_and_continue_act_on_the_loop_around() {
    let mut rounds = 0;
    let last = 'outer: loop {
        rounds += 1;
        for _ in 0..3 {
            select_blocking! { biased;
                x = ready(rounds), if rounds < 3 => { if x == 1 { break } continue 'outer }
                x = ready(rounds) => break 'outer x,
            }
        }
    };
    assert_eq!(last, 3);
}

#[test]
fn return_and_the_question_mark_leave_the_function_around() {
    async fn parsed(text: &str, early: bool) -> Result<u32, ParseIntError> {
        let number = select! { text = ready(text) => text.parse::<u32>()?, };
        select! { n = ready(number), if early => return Ok(n), default => {} }
        Ok(100)
    }
    block_on(async {
        assert_eq!(parsed("12", true).await, Ok(12));
        assert_eq!(parsed("12", false).await, Ok(100));
        assert!(parsed("twelve", true).await.is_err());
    });
}

#[test]
fn the_question_mark_in_a_future_expression_leaves_the_function_around() {
    async fn first(text: &str) -> Result<u32, ParseIntError> {
        select! { n = ready(text.parse::<u32>()?) => Ok(n) }
    }
    block_on(async {
        assert_eq!(first("3").await, Ok(3));
        assert!(first("three").await.is_err());
    });
}

#[test]
fn bodies_and_future_expressions_may_await() {
    block_on(async {
        let (tx, rx) = bounded(4);
        let got = select! {
            result = tx.send(ready(1).await) => {
                result.unwrap();
                rx.recv().await.unwrap() + ready(2).await
            }
        };
        assert_eq!(got, 3);
    });
}

#[test]
fn selects_nest_in_bodies_in_futures_and_in_guards() {
    block_on(async {
        let body = select! { x = ready(1) => select! { y = ready(2) => x + y, default => 0 } };
        assert_eq!(body, 3);
        let future = select! { x = async { select! { y = ready(2) => y } } => x };
        assert_eq!(future, 2);
        let guard = select! { x = ready(1), if select! { y = ready(true) => y } => x, else => 0 };
        assert_eq!(guard, 1);
    });
}

#[test]
fn arms_may_name_self() {
    struct Counter {
        count: u32,
    }

    impl Counter {
        fn next(&mut self) -> impl Future<Output = u32> {
            self.count += 1;
            ready(self.count)
        }

        async fn twice(&mut self) -> u32 {
            select! { x = self.next() => x + self.count }
        }
    }

    assert_eq!(block_on(Counter { count: 3 }.twice()), 8);
}

#[test]
fn arms_may_be_generic() {
    async fn first<T: Clone, F: Future<Output = T>>(future: F, other: T) -> Vec<T> {
        select! { biased; x = future => vec![x, other.clone()], x = ready(other.clone()) => vec![x] }
    }

    block_on(async {
        assert_eq!(first(ready("a"), "b").await, ["a", "b"]);
        assert_eq!(first(pending(), "b").await, ["b"]);
    });
}

#[test]
fn a_select_without_arms_has_any_type() {
    async fn number() -> u32 {
        select! {}
    }

    async fn text() -> String {
        select! { biased; }
    }

    async fn ends() -> ! {
        select! {}
    }

    // That they wait for ever is told elsewhere: here they have to compile.
    drop((number(), text(), ends()));
}

#[test]
fn a_select_whose_bodies_do_not_end_has_any_type() {
    fn number() -> u32 {
        select_blocking! { x = ready(3) => return x }
    }

    assert_eq!(number(), 3);
}

/// One arm for each number: only the chosen one is ready.
macro_rules! select_one_of {
    ($channels:ident: $($number:literal)*) => {
        select! { $(message = $channels[$number].1.recv() => ($number, message),)* }
    };
}

#[test]
fn a_select_takes_sixty_four_arms() {
    let channels: Vec<_> = (0..64).map(|_| bounded::<usize>(1)).collect();
    block_on(async {
        for (number, (tx, _)) in channels.iter().enumerate() {
            tx.send(number * 10).await.unwrap();
            let got = select_one_of!(channels:
                0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
                32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
            );
            assert_eq!(got, (number, Ok(number * 10)));
        }
    });
}
