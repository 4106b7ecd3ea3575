//! One measurement: what the process that makes it says, and how its end is read.

use std::panic::{self, PanicHookInfo};
use std::process::{ExitStatus, Output};

use serde::{Deserialize, Serialize};

use super::options::Measurement;
use super::{Contender, Failure, Means};

/// What a process that measures prints, as a line of JSON: the figures, or why there are none.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Ok(Vec<f64>),
    Err(Failure),
}

/// Measures as it was asked for, and gives the line to print.
///
/// # Errors
///
/// Fails if the contender is not called here.
pub(super) fn answer(contender: &Contender, measurement: &Measurement) -> Result<String, String> {
    end_with_the_starter();
    panic::set_hook(Box::new(say_in_a_line));
    let (Means::Call(call) | Means::CallWithGo(call)) = &contender.means else {
        return Err(format!("{} is not measured by this program", contender.name));
    };
    let answer = match call(&measurement.run()) {
        Ok(figures) => Answer::Ok(figures),
        Err(failure) => Answer::Err(failure),
    };
    serde_json::to_string(&answer).map_err(|error| error.to_string())
}

/// Lets the operating system end this process when the one that started it is gone.
fn end_with_the_starter() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL) {
        eprintln!("this process may outlive the program: {error}");
    }
}

/// Says what a panic says, in one line: the last line is what is shown of a process that died.
fn say_in_a_line(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload.downcast_ref::<&str>().copied();
    let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let message = message.unwrap_or("with a payload that is no text");
    let place = panic
        .location()
        .map(|place| format!(" at {}:{}", place.file(), place.line()));
    let message: Vec<&str> = message.lines().map(str::trim).collect();
    eprintln!("panicked{}: {}", place.unwrap_or_default(), message.join(" "));
}

/// The figures that a process gave, as many as there have to be.
pub(super) fn figures(output: &Output, expected: usize) -> Result<Vec<f64>, Failure> {
    if !output.status.success() {
        return Err(Failure::Died(last_words(&output.stderr, output.status)));
    }
    let answer = serde_json::from_slice(&output.stdout);
    match answer.map_err(|error| Failure::Died(format!("without a result: {error}")))? {
        Answer::Ok(figures) if figures.len() != expected => {
            let given = figures.len();
            Err(Failure::Died(format!(
                "gave {given} figures in place of {expected}"
            )))
        }
        Answer::Ok(figures) => Ok(figures),
        Answer::Err(failure) => Err(failure),
    }
}

/// What is shown of a process that died: what it panicked with, in Rust or Go, or else its last line, or how it ended.
fn last_words(stderr: &[u8], status: ExitStatus) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let of_go = lines().find(|line| line.starts_with("panic: ") || line.starts_with("fatal error: "));
    of_go
        .or_else(|| lines().next_back())
        .map_or_else(|| status.to_string(), String::from)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{ExitStatus, Output};

    use super::figures;
    use crate::versus::Failure;

    fn ended(status: i32, stdout: &str, stderr: &str) -> Result<Vec<f64>, Failure> {
        let output = Output {
            status: ExitStatus::from_raw(status),
            stdout: stdout.into(),
            stderr: stderr.into(),
        };
        figures(&output, 2)
    }

    /// Figures and failures are read, and something else is no result.
    #[test]
    fn answers_are_read() {
        assert_eq!(ended(0, "{\"ok\":[1,2.5]}\n", ""), Ok(vec![1.0, 2.5]));
        let miscounted = Failure::Miscounted {
            counted: 1,
            expected: 2,
        };
        let line = r#"{"err":{"miscounted":{"counted":1,"expected":2}}}"#;
        assert_eq!(ended(0, line, ""), Err(miscounted));
        let three = ended(0, r#"{"ok":[1,2,3]}"#, "");
        assert_eq!(three, Err(Failure::Died("gave 3 figures in place of 2".into())));
        for nonsense in ["", "ok", r#"{"ok":[1,null]}"#] {
            assert!(
                matches!(ended(0, nonsense, ""), Err(Failure::Died(_))),
                "{nonsense}"
            );
        }
    }

    /// A process that died is shown by what it said, or by the signal that ended it.
    #[test]
    fn last_words_are_kept() {
        let exit = 101 << 8;
        let words = |status, stderr| match ended(status, r#"{"ok":[1,2]}"#, stderr) {
            Err(Failure::Died(words)) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            words(exit, "warning\npanicked at a.rs:1: no\n\n"),
            "panicked at a.rs:1: no"
        );
        assert_eq!(
            words(exit, "panic: no\n\ngoroutine 1 [running]:\nmain.main()\n"),
            "panic: no"
        );
        assert_eq!(words(9, ""), "signal: 9 (SIGKILL)");
    }
}
