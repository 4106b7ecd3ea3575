//! Go's part, with a go command of the test's own.

use std::env::{join_paths, split_paths, var_os};
use std::ffi::OsString;
use std::fs::{Permissions, set_permissions, write};
use std::os::unix::fs::PermissionsExt;

use crate::tests;
use crate::versus::Versus;

tests![
    without_go_its_rows_say_so,
    a_program_that_go_cannot_build_is_said_once,
    gos_program_is_built_and_asked,
    gos_program_is_there_for_what_starts_it,
    go_is_not_looked_for_where_it_does_not_take_part,
];

/// The program, with a go command that is this script.
fn with_go(script: &str, arguments: &[&str]) -> Versus {
    let versus = Versus::new(arguments);
    let go = versus.folder().join("go");
    write(&go, format!("#!/bin/sh\n{script}\n")).expect("the script is written");
    set_permissions(&go, Permissions::from_mode(0o755)).expect("it can be run");
    let others: OsString = var_os("PATH").unwrap_or_default();
    let folders = [versus.folder().into()].into_iter().chain(split_paths(&others));
    let path = join_paths(folders).expect("a path");
    versus.with_path(path)
}

/// The row is there, and says what is lacking. That is no failure of the program.
fn without_go_its_rows_say_so() {
    let versus = Versus::new(&["--only", "gopher", "--rounds", "2"]);
    let nowhere = versus.folder().join("nowhere");
    let ended = versus.with_path(nowhere).run();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.line("go"), "go no go command");
    assert_eq!(ended.stderr, "without Go: no go command\n");
}

/// Go's program is built for a contender that starts it itself, and where it can't be, that one is not called.
fn gos_program_is_there_for_what_starts_it() {
    let arguments = ["--only", "warren", "--rounds", "1"];
    let ended = with_go("exit 0", &arguments).run();
    assert_eq!(ended.line("go"), "go 80.0 80.0 80.0 ns 0.800×");
    let ended = with_go("exit 1", &arguments).run();
    assert_eq!(ended.line("go"), "go go can't build the program");
    assert_eq!(ended.log, "canter\n");
}

/// What go says is shown, and the others run.
fn a_program_that_go_cannot_build_is_said_once() {
    let ended = with_go(
        "echo 'undefined: burrow' >&2; exit 1",
        &["--only", "gopher", "--rounds", "2"],
    )
    .run();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.line("go"), "go go can't build the program");
    assert_eq!(
        ended.stderr,
        "without Go: go can't build the program\nundefined: burrow\n"
    );
    assert_eq!(ended.log, "canter\n".repeat(2));
}

/// Go's program gets the workload, the times and the workers, and its line is the result.
fn gos_program_is_built_and_asked() {
    let script = r#"
        test "$GOTOOLCHAIN" = local || exit 1
        while test $# -gt 1 && test "$1" != -o; do shift; done
        test "$1" = -o || exit 1
        cat > "$2" <<'END'
#!/bin/sh
test "$1" = burrow && echo "{\"ok\":[$2$GOMAXPROCS]}"
END
        chmod +x "$2"
    "#;
    let arguments = ["--only", "gopher", "--rounds", "2", "--workers", "3"];
    let ended = with_go(script, &arguments).run();
    assert_eq!(
        ended.line("go"),
        "go 73.0 73.0 73.0 ns 0.730×",
        "{}",
        ended.stderr
    );
}

/// A run without Go's rows needs no Go.
fn go_is_not_looked_for_where_it_does_not_take_part() {
    let script = r#"test "$1" = version"#;
    let ended = with_go(script, &["--only", "gopher/canter", "--rounds", "1"]).run();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.is_empty(), "{}", ended.stderr);
}
