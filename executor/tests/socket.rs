//! The socket on which a process offers its numbers, as a client meets it.

#![cfg(all(unix, feature = "socket"))]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use canter_executor::diagnostics::serve;
use canter_executor::runtime::Runtime;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// A path of this test's own.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        Place(std::env::temp_dir().join(format!("canter-{}-{name}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

struct Client(BufReader<UnixStream>);

impl Client {
    fn connect(place: &Place) -> Client {
        let stream = UnixStream::connect(&place.0).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        Client(BufReader::new(stream))
    }

    fn ask(&mut self) -> Value {
        self.0.get_mut().write_all(b"\n").expect("it is read");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("it is answered");
        serde_json::from_str(&line).expect("it is JSON")
    }
}

/// The runtime in a snapshot that has a task from this file in that state. Other tests of this process have theirs.
fn with_task_here<'a>(snapshot: &'a Value, state: &str) -> Option<&'a Value> {
    let runtimes = snapshot["runtimes"].as_array().expect("there is a list");
    runtimes.iter().find(|runtime| {
        let groups = runtime["dump"]["groups"].as_array().expect("there is a list");
        groups.iter().any(|group| group["state"] == state)
    })
}

#[test]
fn several_clients_are_answered_at_their_own_pace() {
    let place = Place::new("several");
    let served = serve(&place.0).expect("it can be served");
    assert_eq!(served.path(), place.0);
    let mode = fs::metadata(&place.0).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut one = Client::connect(&place);
    let mut other = Client::connect(&place);
    let first = one.ask();
    let second = other.ask();
    let third = one.ask();
    for snapshot in [&first, &second, &third] {
        assert_eq!(snapshot["version"], 1);
        assert_eq!(snapshot["process"]["id"], std::process::id());
    }
    assert!(third["uptime_ms"].as_u64() > first["uptime_ms"].as_u64());
    drop(served);
    assert!(!place.0.exists());
    assert_eq!(one.0.read(&mut [0]).expect("it is closed"), 0);
}

/// The worker is in one poll all the time, and the looks say at which place the task was spawned that keeps it there.
#[test]
fn it_answers_while_every_worker_is_stuck_and_names_the_place() {
    let place = Place::new("stuck");
    let mut builder = Runtime::builder().workers(1).spare_threads(0);
    builder = builder.diagnostics_socket(&place.0).warn_of_stalls(false);
    let runtime = builder.build().expect("it starts");
    let (release, released) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let line = line!() + 1;
    runtime.go(async move {
        began.send(()).expect("the test waits");
        let _ = released.recv();
    });
    begun.recv_timeout(PATIENCE).expect("the task is polled");
    let here = format!("socket.rs:{line}:");
    let is_here = |place: &Value| place.as_str().is_some_and(|place| place.contains(&here));
    let mut client = Client::connect(&place);
    loop {
        let snapshot = client.ask();
        let stuck = with_task_here(&snapshot, "running").expect("the task runs");
        assert!(is_here(&stuck["seats"][0]["spawned_at"]), "{stuck}");
        assert_eq!(stuck["metrics"]["tasks"]["alive"], 1);
        assert_eq!(stuck["metrics"]["workers"][0]["polls"], 1);
        let places = snapshot["looks"]["places"].as_array().expect("there is a list");
        if places.iter().any(|place| is_here(&place["spawned_at"])) {
            break;
        }
    }
    drop(release);
    drop(runtime);
    assert!(!place.0.exists());
}

#[test]
fn a_client_that_takes_nothing_and_one_that_talks_nonsense_hold_nobody_up() {
    let place = Place::new("slow");
    let _served = serve(&place.0).expect("it can be served");
    let silent = Client::connect(&place);
    let mut greedy = Client::connect(&place);
    greedy
        .0
        .get_mut()
        .write_all(&[b'\n'; 4096])
        .expect("there is room");
    let mut talker = Client::connect(&place);
    talker
        .0
        .get_mut()
        .write_all(b"GET / HTTP/1.1\r\n")
        .expect("there is room");
    let mut answer = String::new();
    talker.0.read_line(&mut answer).expect("it is answered");
    assert!(
        answer.contains("error") && answer.contains("empty line"),
        "{answer}"
    );
    assert_eq!(Client::connect(&place).ask()["version"], 1);
    drop((silent, greedy));
}

#[test]
fn a_socket_that_was_left_behind_is_replaced_and_one_that_is_served_is_not() {
    let place = Place::new("stale");
    drop(UnixListener::bind(&place.0).expect("the path is free"));
    assert!(place.0.exists());
    let served = serve(&place.0).expect("nobody listens there any more");
    let error = serve(&place.0).expect_err("it is served");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("choose another path"), "{error}");
    assert_eq!(Client::connect(&place).ask()["version"], 1);
    drop(served);
}

#[test]
fn another_file_is_left_alone() {
    let place = Place::new("file");
    fs::write(&place.0, "precious").expect("it can be written");
    let error = serve(&place.0).expect_err("it is no socket");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("no socket"), "{error}");
    assert_eq!(fs::read_to_string(&place.0).expect("it is there"), "precious");
    let error = serve("/nowhere/at/all").expect_err("there is no such folder");
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}
