//! Tests of what a whole process does: they run themselves once more, alone.

use std::process::Command;

const CHILD: &str = "CANTER_TEST_CHILD";

/// A command that runs `body` in a process of its own, which ends with code 0 if it returns. `test` is the name of the test
/// that calls this.
pub fn child(test: &str, body: impl FnOnce()) -> Command {
    if std::env::var(CHILD).is_ok_and(|child| child == test) {
        body();
        std::process::exit(0);
    }
    let own = std::env::current_exe().expect("the test knows its file");
    let mut command = Command::new(own);
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, test);
    command.env("RUST_BACKTRACE", "0"); // std prints those in pieces, between which lines of other threads fall
    command
}

/// Runs the command, which has to end well, and gives what it wrote to standard error.
pub fn stderr_of(mut command: Command) -> String {
    let output = command.output().expect("the test can be started again");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    stderr
}
