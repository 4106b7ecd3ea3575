//! In which order arms are tried.

use crate::sync::random_below;

/// Whether the order of the arms matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Each of those that are ready is equally likely.
    Random,
    /// The first of those that are ready.
    Biased,
}

/// Gives each of some numbers once.
#[derive(Debug)]
pub(crate) enum Draw {
    /// Up to 64 of them: a bit for each that is left.
    Few { left: u64, order: Order },
    /// Those that are left, the last one next.
    Many { left: Vec<u32> },
}

impl Draw {
    #[inline]
    pub(crate) fn all(count: u32, order: Order) -> Draw {
        if count > u64::BITS {
            return Draw::of(0..count, count, order);
        }
        let left = if count == 0 {
            0
        } else {
            u64::MAX >> (u64::BITS - count)
        };
        Draw::Few { left, order }
    }

    /// Some of the numbers below `bound`.
    #[inline]
    pub(crate) fn of(numbers: impl Iterator<Item = u32>, bound: u32, order: Order) -> Draw {
        if bound <= u64::BITS {
            let left = numbers.fold(0, |left, number| left | 1 << number);
            return Draw::Few { left, order };
        }
        let mut left: Vec<u32> = numbers.collect();
        match order {
            Order::Biased => left.reverse(),
            Order::Random => {
                // Fisher and Yates: each order is equally likely.
                for last in (1..left.len()).rev() {
                    left.swap(last, random_below(last + 1));
                }
            }
        }
        Draw::Many { left }
    }
}

impl Iterator for Draw {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        match self {
            Draw::Few { left: 0, .. } => None,
            Draw::Few { left, order } => {
                let count = left.count_ones();
                let skip = match order {
                    Order::Random if count > 1 => random_below(count as usize),
                    _ => 0,
                };
                let mut rest = *left;
                for _ in 0..skip {
                    rest &= rest - 1;
                }
                let number = rest.trailing_zeros();
                *left &= !(1 << number);
                Some(number)
            }
            Draw::Many { left } => left.pop(),
        }
    }
}
