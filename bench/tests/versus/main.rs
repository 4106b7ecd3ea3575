//! The program `versus` as people meet it. This program plays it too, with contenders of its own: `versus` starts itself for each
//! measurement, so what it starts must be the program that the test started.

mod charts;
mod contests;
mod go;
mod lists;
mod results;
mod sample;
mod versus;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if versus::is_played() {
        return sample::program().main();
    }
    let parts = [
        contests::tests(),
        results::tests(),
        charts::tests(),
        go::tests(),
        lists::tests(),
    ];
    let trials = parts.into_iter().flatten().map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// A test and its name.
type Test = (&'static str, fn());

/// Lists tests under their names.
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        pub(crate) fn tests() -> Vec<$crate::Test> {
            vec![$((concat!(module_path!(), "::", stringify!($test)), $test as fn())),*]
        }
    };
}
use tests;
