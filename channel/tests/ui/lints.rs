#![deny(unused)]

use std::future::ready;

use canter_channel::select;

pub async fn name_that_is_not_used() {
    select! {
        number = ready(1) => {}
    }
}

pub async fn mut_that_is_not_needed() -> u32 {
    select! {
        mut number = ready(1) => number,
    }
}

pub async fn parentheses_that_are_not_needed(on: bool) -> u32 {
    select! {
        number = (ready(1)), if (on) => (number + 1),
        else => 0,
    }
}

pub async fn result_that_is_not_used() {
    select! {
        _ = ready(1) => Err::<(), ()>(()),
    };
}

fn main() {}
