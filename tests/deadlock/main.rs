//! Programs that wait for themselves, and programs that only look so: started as a person starts them, and judged by what they print and
//! by their exit codes.
//!
//! This file plays both parts. With [`PROGRAM`] set it is the program of that name, whose main thread has no test harness behind it: one
//! more thread would forbid every proof.

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}

#[cfg(target_os = "linux")]
#[path = "../program/mod.rs"]
#[expect(dead_code, reason = "what talks to servers is not needed here")]
mod program;

#[cfg(target_os = "linux")]
mod cases;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod quiet;

#[cfg(target_os = "linux")]
mod linux {
    use libtest_mimic::{Arguments, Trial};

    use super::{cases, programs};

    pub fn main() {
        if let Ok(name) = std::env::var(programs::PROGRAM) {
            let (_, program) = programs::PROGRAMS
                .iter()
                .find(|(known, _)| *known == name)
                .expect("there is a program of that name");
            return program();
        }
        let trials = cases::CASES.iter().map(|&(name, case)| {
            Trial::test(name, move || {
                case();
                Ok(())
            })
        });
        libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
    }
}
