//! `canter-top` as a person or a script meets it, and the programs that it looks at.

#![cfg(unix)]

// The view itself, to be drawn where there is no terminal.
#[path = "../examples/canter-top/app.rs"]
mod app;
#[expect(dead_code, reason = "not all of what talks to servers is needed here")]
mod program;
#[path = "../examples/canter-top/rows.rs"]
mod rows;
#[path = "../examples/canter-top/screen.rs"]
mod screen;
#[expect(dead_code, reason = "the server is started with other options here")]
#[path = "echo/server.rs"]
mod server;
#[path = "../examples/canter-top/snapshot.rs"]
mod snapshot;
#[path = "../examples/canter-top/text.rs"]
mod text;
#[path = "top/view.rs"]
mod view;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use program::{PATIENCE, Program, example, listening, refused, stop};

fn as_text(path: &Path) -> &str {
    path.to_str().expect("the folder's name is text")
}

fn once(path: &Path) -> String {
    let ended = Program::example("canter-top", &["--once", "--interval", "0.2", as_text(path)]).end();
    assert_eq!(ended.code, Some(0), "{:?}", ended.stderr);
    ended.stdout.join("\n")
}

#[test]
fn once_tells_of_the_echo_server_what_waits_and_where() {
    let folder = tempfile::tempdir().expect("a folder can be had");
    let path = folder.path().join("socket");
    let server = Program::example(
        "echo-server",
        &[
            "--addr",
            "127.0.0.1:0",
            "--workers",
            "2",
            "--diagnostics",
            as_text(&path),
        ],
    );
    let id = server.id();
    let (server, addr) = listening(server);
    let mut client = program::connect(addr);
    server::round_trip(&mut client, b"hello");
    let told = once(&path);
    assert!(
        told.starts_with(&format!("echo-server (process {id}), up ")),
        "{told}"
    );
    for part in [
        "2 workers",
        "tasks: ",
        "Workers\n",
        "poll p99",
        "Queues\n",
        "Busiest",
        "echo-server.rs:",
        " in block_on",
    ] {
        assert!(told.contains(part), "{part} is missing:\n{told}");
    }
    let dashes = |line: &str| line.ends_with(" -");
    let uncounted: Vec<&str> = told.lines().filter(|line| dashes(line)).collect();
    assert!(
        uncounted.is_empty(),
        "a program of today counts all that is shown: {uncounted:?}"
    );
    let ended = stop(server);
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
    assert!(!path.exists(), "the socket is removed when the runtime ends");
}

/// `CANTER_SOCKET` is all that it takes, and each line asks for a snapshot.
#[test]
fn any_program_can_be_looked_at_by_its_environment() {
    let folder = tempfile::tempdir().expect("a folder can be had");
    let path = folder.path().join("socket");
    let mut command = Command::new(example("chat-server"));
    let command = command
        .args(["--addr", "127.0.0.1:0"])
        .env("CANTER_SOCKET", &path);
    let (server, _) = listening(Program::start(command));
    let stream = UnixStream::connect(&path).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
    let mut stream = BufReader::new(stream);
    for _ in 0..2 {
        stream.get_mut().write_all(b"\n").expect("the server reads");
        let mut line = String::new();
        stream.read_line(&mut line).expect("the server answers");
        let snapshot: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(snapshot["version"], 1);
        assert_eq!(snapshot["process"]["name"], "chat-server");
        assert!(snapshot["runtimes"][0]["dump"]["tasks"].as_u64().is_some());
    }
    drop(stop(server));
}

/// A socket that can't be had is no reason for a program not to run, if it was only wished for.
#[test]
fn a_wish_of_the_environment_that_cannot_be_met_is_told_and_the_program_goes_on() {
    let mut command = Command::new(example("chat-server"));
    let command = command
        .args(["--addr", "127.0.0.1:0"])
        .env("CANTER_SOCKET", "/nowhere/at/all");
    let (server, _) = listening(Program::start(command));
    let ended = stop(server);
    assert!(
        ended.stderr[0].contains("/nowhere/at/all") && ended.stderr[0].contains("CANTER_SOCKET"),
        "{:?}",
        ended.stderr
    );
}

#[test]
fn where_nobody_listens_it_says_so_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder can be had");
    let path = folder.path().join("socket");
    let told = refused("canter-top", &["--once", as_text(&path)], 1);
    assert!(
        told[0].contains("nobody listens") && told[0].contains("CANTER_SOCKET"),
        "{told:?}"
    );
    let told = refused("canter-top", &[as_text(&path)], 1);
    assert!(told[0].contains("--once"), "{told:?}");
    let told = refused("canter-top", &["--interval", "0", as_text(&path)], 2);
    assert!(told[0].contains("--interval"), "{told:?}");
}
