//! The proxy as a person or a script meets it: started, talked through, stopped.

#![cfg(unix)]

#[path = "proxy/backend.rs"]
mod backend;
#[path = "../examples/proxy/bucket.rs"]
mod bucket;
mod program;
#[path = "echo/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use backend::{Crowd, accept, ask, backend, deaf, listener, named, nobody, read_to_reset, rest, serve_on};
use bucket::{Bucket, SAVED};
use program::{PATIENCE, Program, connect, example, listening, refused, stop, wait_until_refused};
use server::{round_trip, server};

/// A proxy to these backends on a free port, and where it listens.
fn proxy(to: &[SocketAddr], options: &[&str]) -> (Program, SocketAddr) {
    let to: Vec<_> = to.iter().map(SocketAddr::to_string).collect();
    let mut arguments = vec!["--listen", "127.0.0.1:0"];
    arguments.extend(to.iter().flat_map(|to| ["--to", to.as_str()]));
    arguments.extend(options);
    listening(Program::example("proxy", &arguments))
}

/// A backend that echoes.
fn echo() -> SocketAddr {
    backend(|mut stream| {
        _ = std::io::copy(
            &mut stream.try_clone().expect("it has one more descriptor"),
            &mut stream,
        )
    })
}

#[test]
fn proxy_passes_bytes_both_ways_and_tells_its_totals_when_it_is_terminated() {
    let (server, to) = server();
    let (proxy, addr) = proxy(&[to], &[]);
    for text in ["one", "two!", "three"] {
        let mut client = connect(addr);
        round_trip(&mut client, text.as_bytes());
        client.shutdown(Shutdown::Write).expect("it is connected");
        assert_eq!(rest(&mut client), "");
    }
    let ended = stop(proxy);
    assert_eq!(
        ended.stdout,
        ["served 3 connections, 12 bytes up, 12 bytes down; 0 refused, 0 failed, 0 reset, 0 idle, 0 cut"]
    );
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
    stop(server);
}

#[test]
fn two_hundred_clients_at_once_are_all_served() {
    const CLIENTS: usize = 200;
    let (server, to) = server();
    let (proxy, addr) = proxy(&[to], &[]);
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| connect(addr)).collect();
    for _ in 0..3 {
        for (number, client) in clients.iter_mut().enumerate() {
            client.write_all(&block(number)).expect("the proxy reads");
        }
        for (number, client) in clients.iter_mut().enumerate() {
            let mut echo = vec![0; block(number).len()];
            client.read_exact(&mut echo).expect("the proxy answers");
            assert_eq!(echo, block(number));
        }
    }
    for client in &mut clients {
        client.shutdown(Shutdown::Write).expect("it is connected");
        assert_eq!(rest(client), "");
    }
    let bytes: usize = (0..CLIENTS).map(|number| 3 * block(number).len()).sum();
    let ended = stop(proxy);
    assert_eq!(
        ended.stdout,
        [format!(
            "served {CLIENTS} connections, {bytes} bytes up, {bytes} bytes down; \
             0 refused, 0 failed, 0 reset, 0 idle, 0 cut"
        )]
    );
    stop(server);
}

/// Bytes that are one client's own.
fn block(number: usize) -> Vec<u8> {
    (0..1000 + number)
        .map(|at| ((at * 7 + number * 13) % 251) as u8)
        .collect()
}

#[test]
fn end_of_what_a_client_sends_is_passed_on_and_the_answer_still_comes() {
    let (backend, to) = listener();
    let (proxy, addr) = proxy(&[to], &[]);
    let mut client = connect(addr);
    client.write_all(b"the whole request").expect("the proxy reads");
    client.shutdown(Shutdown::Write).expect("it is connected");
    let mut served = accept(&backend);
    assert_eq!(rest(&mut served), "the whole request");
    for _ in 0..3 {
        served.write_all(b"answer ").expect("the proxy reads");
        let mut answer = [0; 7];
        client.read_exact(&mut answer).expect("the proxy answers");
        assert_eq!(&answer, b"answer ");
    }
    drop(served);
    assert_eq!(rest(&mut client), "");
    let ended = stop(proxy);
    assert!(
        ended.stdout[0]
            .starts_with("served 1 connections, 17 bytes up, 21 bytes down; 0 refused, 0 failed, 0 reset"),
        "{:?}",
        ended.stdout
    );
}

#[test]
fn end_of_what_a_backend_sends_is_passed_on_and_the_client_may_go_on() {
    let (backend, to) = listener();
    let (proxy, addr) = proxy(&[to], &[]);
    let mut client = connect(addr);
    let mut served = accept(&backend);
    served.write_all(b"all that I say").expect("the proxy reads");
    served.shutdown(Shutdown::Write).expect("it is connected");
    assert_eq!(rest(&mut client), "all that I say");
    for _ in 0..3 {
        client.write_all(b"more ").expect("the proxy reads");
        let mut more = [0; 5];
        served.read_exact(&mut more).expect("it is passed on");
        assert_eq!(&more, b"more ");
    }
    drop(client);
    assert_eq!(rest(&mut served), "");
    let ended = stop(proxy);
    assert!(
        ended.stdout[0]
            .starts_with("served 1 connections, 15 bytes up, 14 bytes down; 0 refused, 0 failed, 0 reset"),
        "{:?}",
        ended.stdout
    );
}

#[test]
fn reset_of_one_side_reaches_the_other_one_as_a_reset() {
    let (backend, to) = listener();
    let (proxy, addr) = proxy(&[to], &[]);
    for _ in 0..20 {
        let mut client = connect(addr);
        let mut served = accept(&backend);
        backend::reset(client, &mut served);
        read_to_reset(&mut served);

        client = connect(addr);
        served = accept(&backend);
        backend::reset(served, &mut client);
        read_to_reset(&mut client);
    }
    let ended = stop(proxy);
    assert!(
        ended.stdout[0].ends_with("0 refused, 0 failed, 40 reset, 0 idle, 0 cut"),
        "{:?}",
        ended.stdout
    );
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
}

#[test]
fn backends_take_turns() {
    let names = ["ann", "bob", "eve"];
    let to = names.map(|name| backend(named(name)));
    let (proxy, addr) = proxy(&to, &[]);
    let mut answers = BTreeMap::<_, usize>::new();
    for _ in 0..30 {
        *answers.entry(ask(addr).expect("somebody answers")).or_default() += 1;
    }
    assert_eq!(answers, names.map(|name| (name.to_owned(), 10)).into());
    stop(proxy);
}

#[test]
fn backend_that_refuses_is_passed_over_and_this_is_said_once() {
    let down = nobody();
    let to = [backend(named("ann")), down, backend(named("eve"))];
    let (proxy, addr) = proxy(&to, &["--pass-over", "1000"]);
    let mut answers = BTreeMap::<_, usize>::new();
    for _ in 0..31 {
        *answers.entry(ask(addr).expect("somebody answers")).or_default() += 1;
    }
    // The others share its turns.
    assert!(answers.values().all(|&count| count >= 15), "{answers:?}");
    let ended = stop(proxy);
    assert!(
        ended.stdout[0].starts_with("served 31 connections, ") && ended.stdout[0].contains(" 0 failed"),
        "{:?}",
        ended.stdout
    );
    assert_eq!(ended.stderr.len(), 1, "{:?}", ended.stderr);
    for part in [&down.to_string(), "refused", "passed over for 1000 s"] {
        assert!(ended.stderr[0].contains(part), "{:?}", ended.stderr);
    }
}

#[test]
fn backend_that_is_back_takes_its_turns_again() {
    let down = nobody();
    let (proxy, addr) = proxy(&[down, backend(named("ann"))], &["--pass-over", "0.05"]);
    let answers = [(); 2].map(|()| ask(addr));
    assert_eq!(answers, [(); 2].map(|()| Some("ann".to_owned())));
    serve_on(TcpListener::bind(down).expect("nobody has it"), named("bob"));
    while ask(addr).expect("somebody answers") != "bob" {}
    let ended = stop(proxy);
    assert_eq!(ended.stderr.len(), 2, "{:?}", ended.stderr);
    assert!(
        ended.stderr[1].ends_with("accepts connections again"),
        "{:?}",
        ended.stderr
    );
}

#[test]
fn client_is_reset_where_no_backend_can_be_reached_and_the_proxy_goes_on() {
    let down = [nobody(), nobody()];
    let (proxy, addr) = proxy(&down, &["--pass-over", "1000"]);
    for _ in 0..10 {
        assert_eq!(ask(addr), None);
    }
    // Though they are passed over: there is nobody else.
    serve_on(TcpListener::bind(down[1]).expect("nobody has it"), named("back"));
    assert_eq!(ask(addr).as_deref(), Some("back"));
    let ended = stop(proxy);
    assert_eq!(
        ended.stdout,
        ["served 1 connections, 0 bytes up, 4 bytes down; 0 refused, 10 failed, 0 reset, 0 idle, 0 cut"]
    );
    assert_eq!(ended.stderr.len(), 3, "{:?}", ended.stderr);
}

#[test]
fn backend_that_does_not_answer_is_given_up_after_the_time_out() {
    let (_listener, _waiting, deaf) = deaf();
    let (proxy, addr) = proxy(&[deaf, backend(named("ann"))], &["--connect-timeout", "0.2"]);
    assert_eq!(ask(addr).as_deref(), Some("ann"));
    let ended = stop(proxy);
    assert!(
        ended.stderr[0].contains(&format!("could not connect to {deaf} within 0.2 s")),
        "{:?}",
        ended.stderr
    );
}

#[test]
fn no_more_connections_than_allowed_are_there_at_once_and_the_others_wait() {
    let crowd = Arc::new(Crowd::default());
    let to = backend({
        let crowd = crowd.clone();
        move |mut stream| {
            crowd.enter();
            let request = rest(&mut stream);
            let answered = stream.write_all(request.as_bytes());
            // Before the end is seen, with which the proxy has a place again.
            crowd.leave();
            answered.expect("the proxy reads");
        }
    });
    let (proxy, addr) = proxy(&[to], &["--max-connections", "3"]);
    let mut clients: Vec<_> = (0..60).map(|_| connect(addr)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client
            .write_all(&text_of(number))
            .expect("it has room, accepted or not");
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.shutdown(Shutdown::Write).expect("it is connected");
        assert_eq!(rest(client).as_bytes(), text_of(number));
    }
    assert_eq!(crowd.most(), 3);
    let ended = stop(proxy);
    assert!(
        ended.stdout[0].starts_with("served 60 connections, ") && ended.stdout[0].contains("; 0 refused"),
        "{:?}",
        ended.stdout
    );
}

fn text_of(number: usize) -> Vec<u8> {
    format!("client {number}").into_bytes()
}

#[test]
fn connections_beyond_the_limit_are_reset_where_they_are_to_be_refused() {
    let to = echo();
    let (proxy, addr) = proxy(&[to], &["--max-connections", "2", "--refuse"]);
    let mut open = [(); 2].map(|()| connect(addr));
    for client in &mut open {
        round_trip(client, b"served");
    }
    for _ in 0..5 {
        assert_eq!(ask(addr), None);
    }
    for mut client in open {
        round_trip(&mut client, b"still served");
        client.shutdown(Shutdown::Write).expect("it is connected");
        assert_eq!(rest(&mut client), "");
    }
    let ended = stop(proxy);
    assert_eq!(
        ended.stdout,
        ["served 2 connections, 36 bytes up, 36 bytes down; 5 refused, 0 failed, 0 reset, 0 idle, 0 cut"]
    );
}

#[test]
fn bucket_lets_through_what_its_rate_and_its_savings_allow() {
    const RATE: u64 = 1000;
    let start = Instant::now();
    let bucket = Bucket::new(RATE, start);
    assert_eq!(bucket.portion(), 100);
    // In haste: the first portion goes at once, each further one when those before it are paid for.
    for portion in 0..50 {
        let turn = bucket.reserve(100, start);
        assert_eq!(turn - start, portion * Duration::from_millis(100));
    }
    // Nothing is saved while it is in debt.
    let paid = start + Duration::from_secs(5);
    assert_eq!(bucket.reserve(1, paid - Duration::from_millis(1)), paid);
    // After an hour of nothing it has saved so much, and no more.
    let later = paid + Duration::from_secs(3600);
    assert_eq!(bucket.reserve(100, later), later - SAVED);
    assert_eq!(bucket.reserve(100, later), later);
    assert_eq!(bucket.reserve(100, later), later + Duration::from_millis(100));
}

#[test]
fn bucket_that_gives_less_than_a_byte_at_a_time_gives_one() {
    let start = Instant::now();
    let bucket = Bucket::new(1, start);
    assert_eq!(bucket.portion(), 1);
    assert_eq!(bucket.reserve(1, start), start);
    assert_eq!(bucket.reserve(1, start), start + Duration::from_secs(1));
}

/// The least time that so many bytes take, by the bucket's promise: a rate, what is saved, and a portion at once.
fn least_time(bytes: usize, rate: usize) -> Duration {
    let portion = rate / 10;
    Duration::from_secs_f64((bytes - portion) as f64 / rate as f64) - SAVED
}

#[test]
fn connection_is_no_quicker_than_its_rate() {
    const RATE: usize = 100_000;
    let (proxy, addr) = proxy(&[echo()], &["--rate", &RATE.to_string()]);
    let clients: Vec<_> = (0..3)
        .map(|_| {
            thread::spawn(move || {
                let bytes = block(50_000);
                let mut client = connect(addr);
                let start = Instant::now();
                round_trip(&mut client, &bytes);
                // Not a bound on how long it may take: a slow machine can only add to it.
                assert!(start.elapsed() >= least_time(bytes.len(), RATE));
            })
        })
        .collect();
    for client in clients {
        client.join().expect("it is served");
    }
    stop(proxy);
}

#[test]
fn all_connections_together_are_no_quicker_than_the_total_rate() {
    const RATE: usize = 200 << 10;
    let (proxy, addr) = proxy(&[echo()], &["--total-rate", "200K"]);
    let start = Instant::now();
    let clients: Vec<_> = (0..20)
        .map(|number| {
            thread::spawn(move || {
                let bytes = block(number + 5000);
                round_trip(&mut connect(addr), &bytes);
                bytes.len()
            })
        })
        .collect();
    let bytes = clients
        .into_iter()
        .map(|client| client.join().expect("it is served"))
        .sum();
    assert!(start.elapsed() >= least_time(bytes, RATE));
    stop(proxy);
}

#[test]
fn connection_without_a_byte_for_too_long_is_reset_on_both_sides() {
    let (backend, to) = listener();
    let (proxy, addr) = proxy(&[to], &["--idle-timeout", "0.2"]);
    let mut client = connect(addr);
    let mut served = accept(&backend);
    read_to_reset(&mut client);
    read_to_reset(&mut served);
    let ended = stop(proxy);
    assert!(
        ended.stdout[0].ends_with(" 0 reset, 1 idle, 0 cut"),
        "{:?}",
        ended.stdout
    );
}

#[test]
fn connection_that_waits_for_its_turn_is_not_idle() {
    // A byte a second for all together: the last client waits longer than the time-out.
    let (proxy, addr) = proxy(&[echo()], &["--total-rate", "1", "--idle-timeout", "2"]);
    let clients: Vec<_> = (0..5)
        .map(|_| {
            thread::spawn(move || {
                let mut client = connect(addr);
                round_trip(&mut client, b"x");
                client.shutdown(Shutdown::Write).expect("it is connected");
                assert_eq!(rest(&mut client), "");
            })
        })
        .collect();
    for client in clients {
        client.join().expect("it is served");
    }
    let ended = stop(proxy);
    assert!(
        ended.stdout[0].ends_with(" 0 reset, 0 idle, 0 cut"),
        "{:?}",
        ended.stdout
    );
}

#[test]
fn client_that_never_reads_makes_the_backend_wait_while_others_are_served() {
    const MORE_THAN_THE_KERNEL_BUFFERS: usize = 256 << 20;
    let (tell, stuck) = channel();
    let to = backend(move |mut stream| {
        let mut request = [0; 4];
        stream.read_exact(&mut request).expect("the client asks");
        if &request == b"much" {
            let _ = tell.send(write_until_stuck(&mut stream, MORE_THAN_THE_KERNEL_BUFFERS));
        } else {
            stream.write_all(&request).expect("the proxy reads");
        }
    });
    let (proxy, addr) = proxy(&[to], &[]);
    let mut slow = connect(addr);
    slow.write_all(b"much").expect("the proxy reads");
    let written = stuck.recv_timeout(PATIENCE).expect("the backend is made to wait");
    assert!(
        written < MORE_THAN_THE_KERNEL_BUFFERS,
        "the proxy buffers without bound"
    );
    round_trip(&mut connect(addr), b"else");

    // Once it reads, it gets all of it.
    let mut received = Vec::new();
    slow.read_to_end(&mut received).expect("the proxy answers");
    assert_eq!(received.len(), written);
    assert!(
        received
            .chunks(1000)
            .all(|chunk| chunk == &block(0)[..chunk.len()])
    );
    drop(slow);
    stop(proxy);
}

/// Writes until the other side takes no more, and gives how much it took. A time that is too short makes the test
/// weaker, not wrong.
fn write_until_stuck(stream: &mut TcpStream, most: usize) -> usize {
    stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .expect("the time is not zero");
    let block = block(0).repeat(64);
    let mut written = 0;
    while written < most {
        match stream.write(&block[written % block.len()..]) {
            Ok(count) => written += count,
            Err(_stuck) => break,
        }
    }
    written
}

#[test]
fn drain_lets_what_is_under_way_end() {
    let (proxy, addr) = proxy(&[echo()], &["--drain", "1000"]);
    let mut client = connect(addr);
    round_trip(&mut client, b"before");
    proxy.signal("-TERM");
    wait_until_refused(addr);
    round_trip(&mut client, b"after");
    client.shutdown(Shutdown::Write).expect("it is connected");
    assert_eq!(rest(&mut client), "");
    let ended = proxy.end();
    assert_eq!(ended.code, Some(0));
    // How many connections the wait has made is not known.
    assert!(
        ended.stdout[0]
            .ends_with(", 11 bytes up, 11 bytes down; 0 refused, 0 failed, 0 reset, 0 idle, 0 cut"),
        "{:?}",
        ended.stdout
    );
}

#[test]
fn drain_that_is_over_cuts_who_is_left() {
    for drain in ["0", "0.2"] {
        let (proxy, addr) = proxy(&[echo()], &["--drain", drain]);
        let mut clients = clients_that_stay(addr);
        proxy.signal("-TERM");
        let ended = proxy.end();
        assert_eq!(ended.code, Some(0), "{drain}");
        assert_eq!(
            ended.stdout,
            ["served 3 connections, 36 bytes up, 36 bytes down; 0 refused, 0 failed, 0 reset, 0 idle, 3 cut"]
        );
        clients.iter_mut().for_each(read_to_reset);
    }
}

#[test]
fn second_request_to_stop_cuts_who_is_left() {
    let (proxy, addr) = proxy(&[echo()], &["--drain", "1000"]);
    let mut clients = clients_that_stay(addr);
    proxy.signal("-TERM");
    wait_until_refused(addr);
    proxy.signal("-INT");
    assert_eq!(proxy.end().code, Some(0));
    clients.iter_mut().for_each(read_to_reset);
}

fn clients_that_stay(addr: SocketAddr) -> [TcpStream; 3] {
    let mut clients = [(); 3].map(|()| connect(addr));
    for client in &mut clients {
        round_trip(client, b"here to stay");
    }
    clients
}

#[test]
fn proxy_with_few_descriptors_says_so_and_serves_everybody_in_the_end() {
    let (server, to) = server();
    let limited = "ulimit -n 64; exec \"$0\" --listen 127.0.0.1:0 --to \"$1\"";
    let program = Program::start(
        Command::new("sh")
            .args(["-c", limited])
            .arg(example("proxy"))
            .arg(to.to_string()),
    );
    let told = program
        .stderr
        .recv_timeout(PATIENCE)
        .expect("it can't have 1000 connections");
    assert!(
        told.contains("at most 16 connections at once, not 1000"),
        "{told}"
    );
    let (proxy, addr) = listening(program);
    let mut clients: Vec<_> = (0..100).map(|_| connect(addr)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        round_trip(client, &text_of(number));
        client.shutdown(Shutdown::Both).expect("it is connected");
    }
    let ended = stop(proxy);
    assert!(
        ended.stdout[0].starts_with("served 100 connections, "),
        "{:?}",
        ended.stdout
    );
    assert!(
        ended.stdout[0].contains("0 refused, 0 failed"),
        "{:?}",
        ended.stdout
    );
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
    stop(server);
}

#[test]
fn names_are_looked_up() {
    let addr = backend(named("ann"));
    let to = format!("localhost:{}", addr.port());
    let (proxy, addr) = listening(Program::example(
        "proxy",
        &["--listen", "localhost:0", "--to", &to],
    ));
    assert_eq!(ask(addr).as_deref(), Some("ann"));
    stop(proxy);
}

#[test]
fn addresses_that_cannot_be_used_are_one_sentence_and_exit_with_1() {
    let (_holder, held) = listener();
    let held = held.to_string();
    // Nothing goes out to ask for a name with so long a label.
    let unknown = format!("{}:1", "a".repeat(64));
    let wrong = [
        (held.as_str(), "127.0.0.1:1", ["in use", "another port"]),
        ("127.0.0.1:0", unknown.as_str(), ["look up", "--to"]),
        (unknown.as_str(), "127.0.0.1:1", ["look up", "--listen"]),
    ];
    for (listen, to, told) in wrong {
        let lines = refused("proxy", &["--listen", listen, "--to", to], 1);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(told.iter().all(|part| lines[0].contains(part)), "{lines:?}");
    }
}

#[test]
fn usage_errors_name_the_option_and_exit_with_2() {
    let wrong = [
        ("--listen", "nonsense", "HOST:PORT"),
        ("--listen", "::1", "HOST:PORT"),
        ("--to", "127.0.0.1:99999", "65535"),
        ("--to", "127.0.0.1:0", "port 0"),
        ("--max-connections", "0", "1"),
        ("--rate", "0", "leave the option out"),
        ("--rate", "quick", "64K"),
        ("--rate", "1X", "64K"),
        ("--total-rate", "99999999999G", "64K"),
        ("--connect-timeout", "0", "at least"),
        ("--idle-timeout", "never", "number of seconds"),
        ("--pass-over", "-1", "--pass-over"),
        ("--drain", "NaN", "at least"),
    ];
    for (option, value, told) in wrong {
        let mut arguments = vec![format!("{option}={value}")];
        for (other, fine) in [("--listen", "127.0.0.1:0"), ("--to", "127.0.0.1:1")] {
            if option != other {
                arguments.push(format!("{other}={fine}"));
            }
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let text = refused("proxy", &arguments, 2).join("\n");
        assert!(text.contains(option) && text.contains(told), "{text}");
    }
    let ended = Program::example("proxy", &["--listen", "127.0.0.1:0"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.join("\n").contains("--to <HOST:PORT>"),
        "{:?}",
        ended.stderr
    );
}
