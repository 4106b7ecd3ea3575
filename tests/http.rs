//! The HTTP server as people meet it: started, asked, stopped.

#![cfg(unix)]

#[path = "http/client.rs"]
mod client;
mod program;

use std::net::{SocketAddr, TcpListener};
use std::thread;

use client::Client;
use program::{Program, listening, refused, stop, wait_until_refused};

/// An HTTP server on a free port, and where it listens.
fn server(options: &[&str]) -> (Program, SocketAddr) {
    let always = ["--addr", "127.0.0.1:0"];
    listening(Program::example("http-server", &[&always, options].concat()))
}

#[test]
fn pages_are_answered_on_one_connection_and_counted() {
    let (server, addr) = server(&[]);
    let mut client = Client::connect(addr);
    let greeting = client.ask("GET", "/");
    assert_eq!(greeting.status, "HTTP/1.1 200 OK");
    assert!(greeting.text().starts_with("hello from canter\n"));
    assert_eq!(greeting.header("content-type"), Some("text/plain; charset=utf-8"));

    let head = client.ask("HEAD", "/");
    assert_eq!(head.header("content-length"), greeting.header("content-length"));

    let missing = client.ask("GET", "/missing");
    assert_eq!(missing.status, "HTTP/1.1 404 Not Found");
    assert!(
        missing.text().contains("/echo"),
        "it says what there is: {missing:?}"
    );

    for (method, path, allowed) in [("POST", "/", "GET, HEAD"), ("GET", "/echo", "POST")] {
        let refusal = client.ask(method, path);
        assert_eq!(refusal.status, "HTTP/1.1 405 Method Not Allowed");
        assert_eq!(refusal.header("allow"), Some(allowed));
    }
    drop(client);
    let ended = stop(server);
    assert_eq!(
        ended.stdout,
        ["served 1 connections, 5 requests; 0 connections broke off"]
    );
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
}

#[test]
fn a_large_body_comes_back_while_it_is_sent() {
    let (server, addr) = server(&["--workers", "1"]);
    let body: Vec<u8> = (0..8 << 20).map(|at| (at % 251) as u8).collect();
    let mut client = Client::connect(addr);
    client.send(format!(
        "POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/x-noise\r\ncontent-length: {}\r\n\r\n",
        body.len()
    ));
    // The server holds little of it, so somebody has to read while it is sent.
    let mut other = client.clone_to_send();
    let sending = thread::spawn({
        let body = body.clone();
        move || other.send(body)
    });
    let answer = client.answer(true);
    sending.join().expect("all is sent");
    assert!(answer.body == body);
    assert_eq!(answer.header("content-type"), Some("image/x-noise"));
    drop(client);
    stop(server);
}

#[test]
fn chunks_come_back_one_by_one() {
    let (server, addr) = server(&[]);
    let mut client = Client::connect(addr);
    client.send("POST /echo HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n4\r\none \r\n");
    client.send("3\r\ntwo\r\n0\r\n\r\n");
    let answer = client.answer(true);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.text(), "one two");
    drop(client);
    stop(server);
}

#[test]
fn a_request_to_stop_closes_what_is_idle_and_lets_the_answer_under_way_be_given() {
    let (server, addr) = server(&[]);
    let mut idle = Client::connect(addr);
    idle.ask("GET", "/");
    let mut busy = Client::connect(addr);
    busy.send("POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 8\r\n\r\n");
    // The answer is under way now, and goes on when the request does.
    let head = busy.head();
    server.signal("-INT");
    wait_until_refused(addr);
    assert!(idle.rest().is_empty());
    busy.send("the end.");
    assert_eq!(busy.with_body(head).text(), "the end.");
    assert!(busy.rest().is_empty(), "the server closes");
    let ended = server.end();
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stdout[0].contains("still open"), "{:?}", ended.stdout);
}

#[test]
fn a_second_request_to_stop_does_not_wait_for_an_answer() {
    let (server, addr) = server(&[]);
    let mut busy = Client::connect(addr);
    busy.send("POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 8\r\n\r\n");
    busy.head();
    server.signal("-INT");
    wait_until_refused(addr);
    server.signal("-TERM");
    let ended = server.end();
    assert_eq!(ended.code, Some(0));
    // One of those that found out whether it refuses may be counted as well.
    assert!(ended.stdout[0].ends_with(" still open"), "{:?}", ended.stdout);
}

#[test]
fn a_client_that_is_too_slow_with_its_head_is_cut_off_and_counted() {
    let (server, addr) = server(&["--header-timeout", "0.05"]);
    let mut slow = Client::connect(addr);
    slow.send("GET / HTTP/1.1\r\nhost: loc");
    slow.rest();
    let ended = stop(server);
    assert_eq!(
        ended.stdout,
        ["served 1 connections, 0 requests; 1 connections broke off"]
    );
}

#[test]
fn a_client_that_speaks_no_http_costs_nobody_else_anything() {
    let (server, addr) = server(&[]);
    let mut witness = Client::connect(addr);
    for _ in 0..20 {
        let mut other = Client::connect(addr);
        other.send("what is this?\r\n\r\n");
        assert!(other.head().status.starts_with("HTTP/1.1 400 "));
        assert!(witness.ask("GET", "/").status.ends_with(" OK"));
    }
    stop(server);
}

#[test]
fn usage_errors_name_the_option_and_exit_with_2() {
    let wrong = [
        ("--workers", "0"),
        ("--header-timeout", "0"),
        ("--header-timeout", "soon"),
        ("--addr", "nonsense"),
    ];
    for (option, value) in wrong {
        let told = refused("http-server", &[option, value], 2);
        assert!(told[0].contains(option), "{told:?}");
    }
}

#[test]
fn an_address_that_is_taken_is_one_sentence_and_exits_with_1() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let held = holder.local_addr().expect("it is bound").to_string();
    let told = refused("http-server", &["--addr", &held], 1);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&held) && told[0].contains("in use"), "{told:?}");
}
