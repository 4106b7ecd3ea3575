//! The two example programs as a person or a script meets them: started, talked to, stopped.

#![cfg(unix)]

mod program;
#[path = "echo/server.rs"]
mod server;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use program::{PATIENCE, Program, connect, example, listening, refused, stop, wait_until_refused};
use server::{round_trip, server};

#[test]
fn server_echoes_and_tells_its_totals_when_it_is_terminated() {
    let (server, addr) = server();
    for text in ["one", "two!", "three"] {
        round_trip(&mut connect(addr), text.as_bytes());
    }
    let ended = stop(server);
    assert_eq!(ended.stdout, ["served 3 connections, 3 messages, 12 bytes"]);
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
}

#[test]
fn server_that_was_interrupted_refuses_new_clients_and_serves_the_open_one_to_its_end() {
    let (server, addr) = server();
    let mut client = connect(addr);
    round_trip(&mut client, b"before");
    server.signal("-INT");
    wait_until_refused(addr);
    round_trip(&mut client, b"after");
    drop(client);
    let ended = server.end();
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stdout[0].contains("still open"), "{:?}", ended.stdout);
}

#[test]
fn second_request_to_stop_does_not_wait_for_a_client_that_stays() {
    let (server, addr) = server();
    let mut client = connect(addr);
    round_trip(&mut client, b"here to stay");
    server.signal("-INT");
    wait_until_refused(addr);
    server.signal("-TERM");
    let ended = server.end();
    assert_eq!(ended.code, Some(0));
    // One of those that found out whether it refuses may be counted as well.
    assert!(ended.stdout[0].ends_with(" still open"), "{:?}", ended.stdout);
}

#[test]
fn server_that_is_asked_what_it_does_tells_and_goes_on() {
    let (server, addr) = server();
    let mut client = connect(addr);
    round_trip(&mut client, b"before");
    server.signal("-QUIT");
    let line = || server.stderr.recv_timeout(PATIENCE).expect("it tells");
    assert_eq!(line(), "canter: dump of runtime 1 of 1");
    assert!(line().contains(" waits in `block_on` at examples/echo-server.rs:"));
    assert!(line().contains("1 task spawned at examples/echo-server.rs:"));
    round_trip(&mut client, b"after");
    drop(client);
    let ended = stop(server);
    assert_eq!(ended.stdout, ["served 1 connections, 2 messages, 11 bytes"]);
}

#[test]
fn usage_errors_name_the_option_and_exit_with_2() {
    let wrong = [
        ("echo-server", "--workers", "0"),
        ("echo-load", "--workers", "0"),
        ("echo-load", "--connections", "0"),
        ("echo-load", "--size", "0"),
        ("echo-load", "--pipeline", "0"),
        ("echo-load", "--seconds", "0"),
        ("echo-load", "--seconds", "NaN"),
        ("echo-load", "--size", "9999999999"),
    ];
    for (program, option, value) in wrong {
        let told = refused(program, &[option, value], 2);
        assert!(told[0].contains(option), "{told:?}");
    }
}

#[test]
fn addresses_that_cannot_be_used_are_one_sentence_and_exit_with_1() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let held = holder.local_addr().expect("it is bound").to_string();
    // Nothing goes out to ask for a name with so long a label.
    let unknown = "a".repeat(64);
    let wrong = [
        (held.clone(), [held.as_str(), "in use"]),
        ("nonsense".to_owned(), ["nonsense", "HOST:PORT"]),
        ("127.0.0.1:99999".to_owned(), ["127.0.0.1:99999", "65535"]),
        (format!("{unknown}:1"), [unknown.as_str(), "look up"]),
    ];
    for (addr, told) in wrong {
        let lines = refused("echo-server", &["--addr", &addr], 1);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(told.iter().all(|part| lines[0].contains(part)), "{lines:?}");
    }
}

#[test]
fn server_out_of_descriptors_says_so_once_and_serves_everybody_in_the_end() {
    let limited = "ulimit -n 64; exec \"$0\" --addr 127.0.0.1:0";
    let (server, addr) = listening(Program::start(
        Command::new("sh")
            .args(["-c", limited])
            .arg(example("echo-server")),
    ));
    let mut clients: Vec<_> = (0..100).map(|_| connect(addr)).collect();
    let told = server
        .stderr
        .recv_timeout(PATIENCE)
        .expect("the server has fewer descriptors than clients");
    assert!(told.contains("out of file descriptors"), "{told}");
    // First come, first accepted: each client that leaves makes room for one that waits.
    for (number, client) in clients.iter_mut().enumerate() {
        round_trip(client, format!("client {number}").as_bytes());
        client.shutdown(Shutdown::Both).expect("it is connected");
    }
    let ended = stop(server);
    assert!(
        ended.stdout[0].starts_with("served 100 connections, "),
        "{:?}",
        ended.stdout
    );
    assert!(ended.stderr.is_empty(), "it was said already: {:?}", ended.stderr);
}

#[test]
fn clients_that_reset_cost_the_server_nothing_else() {
    let (server, addr) = server();
    let mut witness = connect(addr);
    for _ in 0..50 {
        let mut client = connect(addr);
        client.write_all(b"never read").expect("the server reads");
        // To close with an echo unread is to reset.
        client.peek(&mut [0; 1]).expect("the server answers");
        drop(client);
        round_trip(&mut witness, b"still served");
    }
    drop(witness);
    let ended = stop(server);
    assert!(
        ended.stdout[0].starts_with("served 51 connections, "),
        "{:?}",
        ended.stdout
    );
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
}

#[test]
fn client_that_ends_its_half_at_once_gets_its_echo_and_then_the_end() {
    let (server, addr) = server();
    for number in 0..500 {
        let message = format!("message {number}");
        let mut client = connect(addr);
        client.write_all(message.as_bytes()).expect("the server reads");
        client.shutdown(Shutdown::Write).expect("it is connected");
        let mut echo = String::new();
        client
            .read_to_string(&mut echo)
            .expect("the server answers and closes");
        assert_eq!(echo, message);
    }
    stop(server);
}

#[test]
fn client_that_never_reads_is_made_to_wait_while_others_are_served() {
    const MORE_THAN_THE_KERNEL_BUFFERS: usize = 256 << 20;
    let (server, addr) = server();
    let mut glutton = connect(addr);
    // The server stops reading when the echo is stuck, so at last a write can't go on. One that stops too early,
    // because the server is slow, makes the test weaker, not wrong.
    glutton
        .set_write_timeout(Some(Duration::from_millis(300)))
        .expect("the time is not zero");
    let block: Vec<u8> = (0..64 * 1024).map(|at| (at % 251) as u8).collect();
    let mut written = 0;
    while written < MORE_THAN_THE_KERNEL_BUFFERS {
        match glutton.write(&block[written % block.len()..]) {
            Ok(count) => written += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(
        written < MORE_THAN_THE_KERNEL_BUFFERS,
        "the server buffers without bound"
    );
    round_trip(&mut connect(addr), b"served meanwhile");

    // Once it reads, it gets all of it.
    glutton.shutdown(Shutdown::Write).expect("it is connected");
    let mut echo = Vec::new();
    glutton
        .read_to_end(&mut echo)
        .expect("the server answers and closes");
    assert_eq!(echo.len(), written);
    assert!(
        echo.chunks(block.len())
            .all(|chunk| chunk == &block[..chunk.len()])
    );
    stop(server);
}

/// Runs the load program for a moment; its exit code, its one JSON object, and what it said on standard error.
fn load(addr: SocketAddr, arguments: &[&str]) -> (Option<i32>, serde_json::Value, Vec<String>) {
    let addr = addr.to_string();
    let always = ["--addr", &addr, "--seconds", "0.3", "--json"];
    let ended = Program::example("echo-load", &[&always, arguments].concat()).end();
    let report = serde_json::from_str(&ended.stdout.join("\n")).expect("standard output is one JSON object");
    (ended.code, report, ended.stderr)
}

#[test]
fn load_of_small_and_large_messages_comes_back_whole() {
    let (server, addr) = server();
    let loads: [&[&str]; 4] = [
        &["--connections", "1"],
        &["--connections", "8", "--size", "1", "--pipeline", "50"],
        &[
            "--connections",
            "30",
            "--size",
            "1000",
            "--pipeline",
            "3",
            "--workers",
            "2",
        ],
        // More than the buffers of both ends hold, so that writes end half-way.
        &["--connections", "4", "--size", "3000000", "--pipeline", "4"],
    ];
    for arguments in loads {
        let (code, report, stderr) = load(addr, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {stderr:?}");
        assert_eq!(report["failed_connections"], 0, "{arguments:?}");
        assert_eq!(report["corrupt_messages"], 0, "{arguments:?}");
        let at_least =
            report["connections"].as_u64().expect("a count") * report["pipeline"].as_u64().expect("a count");
        assert!(
            report["messages"].as_u64().expect("a count") >= at_least,
            "{report}"
        );
        for field in [
            "seconds",
            "messages_per_second",
            "p50_us",
            "p90_us",
            "p99_us",
            "p999_us",
            "max_us",
        ] {
            assert!(report[field].as_f64().expect("a number") > 0.0, "{field}");
        }
    }
    stop(server);
}

#[test]
fn load_reports_for_a_reader_without_json() {
    let (server, addr) = server();
    let arguments = [
        "--addr",
        &addr.to_string(),
        "--seconds",
        "0.2",
        "--connections",
        "4",
    ];
    let ended = Program::example("echo-load", &arguments).end();
    assert_eq!(ended.code, Some(0), "{:?}", ended.stderr);
    let text = ended.stdout.join("\n");
    for part in ["4 connections", "messages/s", "p99.9", "█", "server"] {
        assert!(text.contains(part), "{part} is missing from\n{text}");
    }
    stop(server);
}

/// The hard limit of descriptors is this process's and its children's; one connection takes one in either program.
#[cfg(target_os = "linux")]
fn as_many_connections_as_allowed(wanted: u64) -> u64 {
    const OTHERS: u64 = 100;
    let (_, hard) = rlimit::getrlimit(rlimit::Resource::NOFILE).expect("every process has limits");
    let allowed = wanted.min(hard.saturating_sub(OTHERS));
    if allowed < wanted {
        eprintln!("the limit of {hard} open files allows {allowed} connections of {wanted}");
    }
    allowed
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_connections_at_once_are_all_served_with_less_than_4_kib_each() {
    let connections = as_many_connections_as_allowed(10_000);
    let (server, addr) = server();
    let (code, report, stderr) = load(addr, &["--connections", &connections.to_string()]);
    assert_eq!(code, Some(0), "{stderr:?}");
    assert_eq!(report["failed_connections"], 0);
    assert_eq!(report["corrupt_messages"], 0);
    assert!(
        report["messages"].as_u64().expect("a count") >= connections,
        "{report}"
    );
    let each = report["server_bytes_per_connection"]
        .as_u64()
        .expect("the server is local");
    assert!(each < 4096, "{each} bytes a connection");
    let ended = stop(server);
    assert!(
        ended.stdout[0].starts_with(&format!("served {connections} connections, ")),
        "{:?}",
        ended.stdout
    );
}

#[test]
fn load_without_a_server_is_one_sentence_and_exits_with_1() {
    // A port that needs privileges and that nobody uses.
    let gone = SocketAddr::from(([127, 0, 0, 1], 1));
    let (code, report, stderr) = load(gone, &["--connections", "3"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["failed_connections"], 3);
    assert!(report["server_rss_bytes"].is_null());
    assert_eq!(stderr.len(), 1, "{stderr:?}");
    assert!(stderr[0].contains("refused"), "{stderr:?}");
}

/// A server in a thread that treats one client after the other as `serve` says.
fn misbehaving_server(serve: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(serve));
    addr
}

/// Echoes what one read brings, changed by `change`; false at the end.
fn echo_once(stream: &mut TcpStream, change: fn(&mut [u8])) -> bool {
    let mut buffer = [0; 1024];
    let count = stream.read(&mut buffer).unwrap_or(0);
    change(&mut buffer[..count]);
    count > 0 && stream.write_all(&buffer[..count]).is_ok()
}

#[test]
fn load_notices_altered_bytes() {
    let addr =
        misbehaving_server(|mut stream| while echo_once(&mut stream, |bytes| bytes[bytes.len() / 2] ^= 1) {});
    let (code, report, stderr) = load(addr, &["--connections", "1"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["failed_connections"], 0);
    assert!(report["corrupt_messages"].as_u64().expect("a count") > 0);
    assert!(stderr.len() == 1 && stderr[0].contains("altered"), "{stderr:?}");
}

#[test]
fn load_ends_though_the_server_closes_half_way() {
    let addr = misbehaving_server(|mut stream| _ = echo_once(&mut stream, |_| ()));
    let (code, report, stderr) = load(addr, &["--connections", "5"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["failed_connections"], 5);
    assert!(
        stderr.len() == 1 && stderr[0].starts_with("echo-load: 5 of 5 connections"),
        "{stderr:?}"
    );
}

#[test]
fn load_ends_though_the_server_falls_silent() {
    let addr = misbehaving_server(|mut stream| {
        echo_once(&mut stream, |_| ());
        // Reads on and says nothing.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let (code, report, stderr) = load(addr, &["--connections", "1"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["failed_connections"], 1);
    assert!(
        stderr.len() == 1 && stderr[0].contains("fell silent"),
        "{stderr:?}"
    );
}
