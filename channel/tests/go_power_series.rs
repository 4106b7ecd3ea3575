//! Power series as streams of coefficients, each operation a task: M. Douglas McIlroy, "Squinting at power series" (1990), which
//! is Go's oldest test of channels.
//!
//! A coefficient is computed when it is asked for. So a series may be defined by itself, as `exp` is by its integral: the tasks then
//! stand in a ring, and wait for each other in the right order or for ever.

use std::collections::VecDeque;
use std::ops::{Add, Mul, Neg};

use canter_channel::{Permit, Receiver, Sender, select, unbuffered};
use canter_executor::go;
use canter_executor::runtime::Runtime;

/// A fraction in its lowest terms, with a positive denominator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ratio(i128, i128);

const ZERO: Ratio = Ratio(0, 1);
const ONE: Ratio = Ratio(1, 1);

fn ratio(numerator: i128, denominator: i128) -> Ratio {
    let (mut a, mut b) = (numerator.abs(), denominator.abs());
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let divisor = a * denominator.signum();
    Ratio(numerator / divisor, denominator / divisor)
}

impl Ratio {
    fn inverse(self) -> Ratio {
        assert_ne!(self, ZERO, "a series that begins with zero has no reciprocal");
        ratio(self.1, self.0)
    }
}

impl From<usize> for Ratio {
    fn from(number: usize) -> Ratio {
        Ratio(number as i128, 1)
    }
}

impl Add for Ratio {
    type Output = Ratio;

    fn add(self, other: Ratio) -> Ratio {
        ratio(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }
}

impl Mul for Ratio {
    type Output = Ratio;

    fn mul(self, other: Ratio) -> Ratio {
        ratio(self.0 * other.0, self.1 * other.1)
    }
}

impl Neg for Ratio {
    type Output = Ratio;

    fn neg(self) -> Ratio {
        Ratio(-self.0, self.1)
    }
}

/// The coefficients, from that of `x^0` on.
type Series = Receiver<Ratio>;

/// Where a task puts the coefficients of its series. A task ends, with `None`, when nobody wants more of them.
struct Output(Sender<Ratio>);

impl Output {
    /// Waits until the next coefficient is asked for.
    async fn wanted(&self) -> Option<Permit<'_, Ratio>> {
        self.0.reserve().await.ok()
    }

    async fn put(&self, coefficient: Ratio) -> Option<()> {
        self.wanted().await?.send(coefficient).ok()
    }

    /// The rest of this series is that one.
    async fn copy(&self, series: Series) -> Option<()> {
        loop {
            self.wanted().await?.send(next(&series).await?).ok()?;
        }
    }
}

async fn next(series: &Series) -> Option<Ratio> {
    series.recv().await.ok()
}

fn series<F>(compute: impl FnOnce(Output) -> F) -> Series
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let (tx, rx) = unbuffered();
    let computed = compute(Output(tx));
    go(async move { _ = computed.await });
    rx
}

/// The series with these coefficients.
fn of(mut coefficient: impl FnMut(usize) -> Ratio + Send + 'static) -> Series {
    series(|out| async move {
        for power in 0.. {
            out.put(coefficient(power)).await?;
        }
        None
    })
}

/// Twice the same series, each to be read at its own pace.
fn split(series: Series) -> (Series, Series) {
    let (first, second) = (unbuffered(), unbuffered());
    let outputs = [first.0, second.0];
    go(async move {
        let mut wanted: [Option<Permit<'_, Ratio>>; 2] = [None, None];
        let mut ahead = [VecDeque::new(), VecDeque::new()];
        let mut open = [true; 2];
        while open != [false; 2] {
            // While it waits for a coefficient that one reader wants, it serves the other: that may have to come first.
            let (reader, permit) = select! {
                permit = outputs[0].reserve(), if open[0] && wanted[0].is_none() => (0, permit),
                permit = outputs[1].reserve(), if open[1] && wanted[1].is_none() => (1, permit),
                coefficient = series.recv(), if wanted.iter().any(Option::is_some) => {
                    let Ok(coefficient) = coefficient else { return };
                    for (wanted, ahead) in wanted.iter_mut().zip(&mut ahead) {
                        match wanted.take() {
                            Some(permit) => _ = permit.send(coefficient),
                            None => ahead.push_back(coefficient),
                        }
                    }
                    continue;
                }
                else => return,
            };
            match (permit, ahead[reader].pop_front()) {
                (Ok(permit), Some(coefficient)) => _ = permit.send(coefficient),
                (Ok(permit), None) => wanted[reader] = Some(permit),
                (Err(_), _) => open[reader] = false,
            }
        }
    });
    (first.1, second.1)
}

/// The series that `define` makes of the series itself. It must give a coefficient before it reads that of the same power.
fn recursive(define: impl FnOnce(Series) -> Series) -> Series {
    let (tx, itself) = unbuffered();
    let (result, back) = split(define(itself));
    go(async move { _ = Output(tx).copy(back).await });
    result
}

fn add(left: Series, right: Series) -> Series {
    series(|out| async move {
        loop {
            let permit = out.wanted().await?;
            permit.send(next(&left).await? + next(&right).await?).ok()?;
        }
    })
}

fn scale(factor: Ratio, other: Series) -> Series {
    series(move |out| async move {
        loop {
            let permit = out.wanted().await?;
            permit.send(factor * next(&other).await?).ok()?;
        }
    })
}

/// The first coefficient, then the other series, times `x`.
fn behind(first: Ratio, other: Series) -> Series {
    series(move |out| async move {
        out.put(first).await?;
        out.copy(other).await
    })
}

/// (f + xF)(g + xG) = fg + x(fG + gF + xFG)
fn multiply(left: Series, right: Series) -> Series {
    series(|out| async move {
        let permit = out.wanted().await?;
        let (f, g) = (next(&left).await?, next(&right).await?);
        permit.send(f * g).ok()?;
        let ((left, left_again), (right, right_again)) = (split(left), split(right));
        let crossed = add(scale(f, right), scale(g, left));
        out.copy(add(crossed, behind(ZERO, multiply(left_again, right_again))))
            .await
    })
}

/// With Z = 1/(f + xF): (f + xF)Z = 1, and so Z = 1/f - x/f FZ.
fn reciprocal(other: Series) -> Series {
    recursive(|itself| {
        series(|out| async move {
            let permit = out.wanted().await?;
            let inverse = next(&other).await?.inverse();
            permit.send(inverse).ok()?;
            out.copy(scale(-inverse, multiply(other, itself))).await
        })
    })
}

/// F(G), for a G that begins with zero: (f + xF)(xG) = f + xG F(xG)
fn compose(outer: Series, inner: Series) -> Series {
    series(|out| async move {
        let permit = out.wanted().await?;
        permit.send(next(&outer).await?).ok()?;
        drop(out.wanted().await?); // `inner` may be made of this series, and must not be read before
        assert_eq!(next(&inner).await?, ZERO);
        let (inner, again) = split(inner);
        out.copy(multiply(inner, compose(outer, behind(ZERO, again))))
            .await
    })
}

/// The R with F(R) = x, for an F that begins with zero: from R F'(R) = x with F = xF' follows R = x / F'(R).
fn reversal(other: Series) -> Series {
    recursive(|itself| {
        let without_first = series(|out| async move {
            let permit = out.wanted().await?;
            assert_eq!(next(&other).await?, ZERO);
            permit.send(next(&other).await?).ok()?;
            out.copy(other).await
        });
        behind(ZERO, reciprocal(compose(without_first, itself)))
    })
}

fn derivative(other: Series) -> Series {
    series(|out| async move {
        let mut permit = out.wanted().await?;
        next(&other).await?;
        for power in 1_usize.. {
            permit.send(Ratio::from(power) * next(&other).await?).ok()?;
            permit = out.wanted().await?;
        }
        None
    })
}

fn integral(constant: Ratio, other: Series) -> Series {
    series(move |out| async move {
        out.put(constant).await?;
        for power in 1_usize.. {
            let permit = out.wanted().await?;
            permit
                .send(Ratio::from(power).inverse() * next(&other).await?)
                .ok()?;
        }
        None
    })
}

/// e^U, for a U that begins with zero: it is the integral of itself times U'.
fn exponential(other: Series) -> Series {
    recursive(|itself| integral(ONE, multiply(itself, derivative(other))))
}

fn x() -> Series {
    of(|power| if power == 1 { ONE } else { ZERO })
}

/// 1/(1 + x^2)
fn slope_of_the_arctangent() -> Series {
    of(|power| [ONE, ZERO, -ONE, ZERO][power % 4])
}

fn arctangent() -> Series {
    integral(ZERO, slope_of_the_arctangent())
}

/// The first coefficients of a series that is made on runtimes of several sizes, where they have to be the same.
fn first<const N: usize>(make: impl Fn() -> Series) -> [Ratio; N] {
    let [one, two, three] = [1, 2, 3].map(|workers| {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        runtime.block_on(async {
            let series = make();
            let mut coefficients = [ZERO; N];
            for coefficient in &mut coefficients {
                *coefficient = next(&series).await.expect("a series has no end");
            }
            coefficients
        })
    });
    assert_eq!(one, two);
    assert_eq!(two, three);
    one
}

fn ratios<const N: usize>(fractions: [(i128, i128); N]) -> [Ratio; N] {
    fractions.map(|(numerator, denominator)| ratio(numerator, denominator))
}

#[test]
fn a_geometric_series_is_the_reciprocal_of_one_minus_x() {
    let one_minus_x = || of(|power| [ONE, -ONE, ZERO][power.min(2)]);
    assert_eq!(first(|| reciprocal(one_minus_x())), [ONE; 12]);
}

#[test]
fn the_square_of_the_geometric_series_counts() {
    let ones = || of(|_| ONE);
    let counted: [Ratio; 12] = first(|| multiply(ones(), ones()));
    assert_eq!(counted, std::array::from_fn(|power| Ratio::from(power + 1)));
}

#[test]
fn a_series_times_its_reciprocal_is_one() {
    let unit: [Ratio; 8] = first(|| {
        let (series, again) = split(of(|power| ratio(power as i128 + 2, 3)));
        multiply(series, reciprocal(again))
    });
    assert_eq!(
        unit,
        std::array::from_fn(|power| if power == 0 { ONE } else { ZERO })
    );
}

#[test]
fn the_exponential_of_x_has_the_factorials() {
    let expected = [
        1, 1, 2, 6, 24, 120, 720, 5040, 40_320, 362_880, 3_628_800, 39_916_800,
    ];
    assert_eq!(
        first(|| exponential(x())),
        ratios(expected.map(|factorial| (1, factorial)))
    );
}

#[test]
fn the_exponential_of_the_logarithm_of_one_plus_x_is_one_plus_x() {
    let alternating = || of(|power| if power % 2 == 0 { ONE } else { -ONE });
    let sum: [Ratio; 8] = first(|| exponential(integral(ZERO, alternating())));
    assert_eq!(sum, [ONE, ONE, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO]);
}

#[test]
fn a_composition_has_the_coefficients_of_both() {
    // 1/(1 - (x + x^2)): the numbers of Fibonacci.
    let inner = || of(|power| if power == 1 || power == 2 { ONE } else { ZERO });
    let fibonacci = [1, 1, 2, 3, 5, 8, 13, 21];
    assert_eq!(
        first(|| compose(of(|_| ONE), inner())),
        ratios(fibonacci.map(|number| (number, 1)))
    );
}

#[test]
fn the_tangent_is_the_reversal_of_the_arctangent() {
    let tangent = [
        (0, 1),
        (1, 1),
        (0, 1),
        (1, 3),
        (0, 1),
        (2, 15),
        (0, 1),
        (17, 315),
        (0, 1),
        (62, 2835),
    ];
    assert_eq!(first(|| reversal(arctangent())), ratios(tangent));
}

#[test]
fn the_derivative_of_the_tangent_is_one_plus_its_square() {
    let difference: [Ratio; 6] = first(|| {
        let (tangent, again) = split(reversal(arctangent()));
        let (left, right) = split(again);
        let one_plus_square = add(
            of(|power| if power == 0 { ONE } else { ZERO }),
            multiply(left, right),
        );
        add(derivative(tangent), scale(-ONE, one_plus_square))
    });
    assert_eq!(difference, [ZERO; 6]);
}
