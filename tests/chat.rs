//! The chat server as people meet it: started, talked in, stopped.

#![cfg(unix)]

#[path = "chat/client.rs"]
mod client;
mod program;

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;

use client::Client;
use program::{PATIENCE, Program, example, listening, refused, stop, wait_until_refused};

/// A chat server on a free port, and where it listens.
fn server(options: &[&str]) -> (Program, SocketAddr) {
    let always = ["--addr", "127.0.0.1:0"];
    listening(Program::example("chat-server", &[&always, options].concat()))
}

#[test]
fn what_is_said_reaches_everybody_else_in_the_room() {
    let (server, addr) = server(&[]);
    let mut ann = Client::connect(addr);
    ann.expect("* welcome, guest-1; /nick NAME gives you another name, /help lists the rest");
    ann.expect("* you are in lobby, alone");
    ann.send("/nick ann\n");
    ann.expect("* you are now ann");
    let mut bob = Client::connect(addr);
    bob.expect("* welcome, guest-2; /nick NAME gives you another name, /help lists the rest");
    bob.expect("* you are in lobby with ann");
    ann.expect("* guest-2 joined");
    bob.send("/nick bob\nhello\n//help is a command\n");
    bob.expect("* you are now bob");
    ann.expect("* guest-2 is now bob");
    ann.expect("bob: hello");
    ann.expect("bob: /help is a command");
    ann.send("hello yourself\r\n");
    // Not what he said himself.
    bob.expect("ann: hello yourself");
    bob.send("/quit\n");
    bob.expect("* good-bye");
    assert_eq!(bob.rest(), "");
    ann.expect("* bob left");
    let ended = stop(server);
    assert_eq!(
        ended.stdout,
        ["served 2 clients, 3 lines said, 0 missed by slow readers; 0 turned away"]
    );
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
}

#[test]
fn rooms_are_apart_and_vanish_when_the_last_one_leaves() {
    let (server, addr) = server(&[]);
    let mut ann = Client::enter(addr, "ann", "kitchen");
    let mut bob = Client::enter(addr, "bob", "cellar");
    bob.send("nobody hears this\n/join kitchen\n");
    bob.expect("* you are in kitchen with ann");
    ann.expect("* bob joined");
    ann.send("/rooms\n/who\n");
    ann.expect("* rooms: kitchen (2)");
    ann.expect("* in kitchen: ann, bob");
    bob.send("/leave\nnobody hears this either\n/leave\n/who\n");
    bob.expect("* you left kitchen");
    for _ in 0..3 {
        assert!(bob.line().expect("an answer").starts_with("* you are in no room"));
    }
    ann.expect("* bob left");
    ann.send("/leave\n/rooms\n");
    ann.expect("* you left kitchen");
    ann.expect("* rooms: none");
    stop(server);
}

#[test]
fn private_lines_reach_one_person_in_any_room() {
    let (server, addr) = server(&[]);
    let mut ann = Client::enter(addr, "ann", "kitchen");
    let mut bob = Client::enter(addr, "bob", "cellar");
    let mut eve = Client::enter(addr, "eve", "cellar");
    bob.expect("* eve joined");
    ann.send("/msg bob   it is a secret\n/msg zoe hello\n/msg bob\n");
    bob.expect("ann (to you): it is a secret");
    ann.expect("* nobody here is called zoe");
    ann.expect("* it takes a name and a text: /msg NAME TEXT");
    eve.send("/msg ann I heard nothing\n");
    ann.expect("eve (to you): I heard nothing");
    stop(server);
}

#[test]
fn mistakes_are_answered_with_what_to_do() {
    let (server, addr) = server(&[]);
    let _ann = Client::enter(addr, "ann", "kitchen");
    let mut bob = Client::enter(addr, "bob", "cellar");
    let long = format!("/join {}", "x".repeat(21));
    let wrong = [
        ("/nick ann", "* somebody else is ann"),
        ("/nick bob", "* that is your name"),
        ("/nick", "* it takes a name: /nick NAME"),
        (
            "/nick two words",
            "* a name has at most 20 letters, digits, - and _",
        ),
        (&long, "* a name has at most 20 letters, digits, - and _"),
        ("/join cellar", "* you are there"),
        (
            "/frobnicate now",
            "* there is no /frobnicate; /help lists what there is",
        ),
    ];
    for (line, answer) in wrong {
        bob.send(format!("{line}\n"));
        bob.expect(answer);
    }
    bob.send("\n  \n/help\n");
    let help = bob.skip_to("* /quit            good-bye");
    assert!(help.iter().any(|line| line.contains("/join ROOM")), "{help:?}");
    stop(server);
}

#[test]
fn lines_that_are_too_long_or_no_text_do_no_harm() {
    let (server, addr) = server(&["--max-line", "10"]);
    let mut ann = Client::enter(addr, "ann", "here");
    let mut bob = Client::connect(addr);
    bob.send("/nick bob\n");
    bob.send("/join here\n");
    ann.expect("* bob joined");
    bob.skip_to("* you are in here with ann");

    bob.send("0123456789\n0123456789x\n");
    bob.expect("* a line has at most 10 bytes; yours was not passed on");
    ann.expect("bob: 0123456789");
    bob.send(vec![b'x'; 1 << 20]);
    bob.send("\n");
    bob.expect("* a line has at most 10 bytes; yours was not passed on");
    bob.send(b"\xff\xfe caf\xc3\xa9\n\x1b[31mred\x07\n");
    ann.expect("bob: \u{fffd}\u{fffd} café");
    ann.expect("bob: [31mred");
    stop(server);
}

#[test]
fn client_that_ends_its_half_is_obeyed_to_its_last_line_and_let_go() {
    let (server, addr) = server(&[]);
    let mut ann = Client::enter(addr, "ann", "here");
    let mut bob = Client::connect(addr);
    // As in: printf ... | nc
    bob.send("/nick bob\n/join here\n/who\nno end of the line");
    bob.end_sending();
    ann.expect("* bob joined");
    ann.expect("bob: no end of the line");
    ann.expect("* bob left");
    let told = bob.rest();
    assert!(told.ends_with("* in here: ann, bob\n* good-bye\n"), "{told}");
    stop(server);
}

#[test]
fn clients_that_reset_are_announced_as_gone_and_cost_nothing_else() {
    let (server, addr) = server(&[]);
    let mut ann = Client::enter(addr, "ann", "here");
    for number in 0..50 {
        let mut bob = Client::enter(addr, &format!("bob-{number}"), "here");
        ann.expect(&format!("* bob-{number} joined"));
        bob.send("/help\n");
        bob.reset();
        ann.expect(&format!("* bob-{number} left"));
    }
    let ended = stop(server);
    assert!(
        ended.stdout[0].starts_with("served 51 clients, 0 lines said"),
        "{:?}",
        ended.stdout
    );
    assert!(ended.stderr.is_empty(), "{:?}", ended.stderr);
}

#[test]
fn two_hundred_clients_hear_the_same_in_one_order() {
    const CLIENTS: usize = 200;
    const TALKERS: usize = 10;
    const LINES: usize = 20;
    let (server, addr) = server(&["--queue", "1000"]);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| Client::enter(addr, &format!("c{number}"), "hall"))
        .collect();
    let heard: Vec<Vec<String>> = thread::scope(|scope| {
        let listen = |(number, mut client): (usize, Client)| {
            scope.spawn(move || {
                let talks = number < TALKERS;
                for line in 0..if talks { LINES } else { 0 } {
                    client.send(format!("line {line}\n"));
                }
                let others = TALKERS - usize::from(talks);
                let mut heard = Vec::new();
                while heard.len() < others * LINES {
                    let line = client.line().expect("more is said");
                    if !line.starts_with("* ") {
                        heard.push(line);
                    }
                }
                heard
            })
        };
        let threads: Vec<_> = clients.into_iter().enumerate().map(listen).collect();
        let heard = threads
            .into_iter()
            .map(|thread| thread.join().expect("it hears all"));
        heard.collect()
    });
    let everything = heard.last().expect("there are clients");
    for (number, heard) in heard.iter().enumerate() {
        let own = format!("c{number}: ");
        let expected = everything.iter().filter(|line| !line.starts_with(&own));
        assert!(heard.iter().eq(expected), "client {number}");
    }
    for talker in 0..TALKERS {
        let own = format!("c{talker}: ");
        let said = everything.iter().filter_map(|line| line.strip_prefix(&own));
        assert!(said.eq((0..LINES).map(|line| format!("line {line}"))), "{talker}");
    }
    let ended = stop(server);
    assert_eq!(
        ended.stdout,
        ["served 200 clients, 200 lines said, 0 missed by slow readers; 0 turned away"]
    );
}

/// Lines of so many bytes, and so many of them, that no kernel keeps them all for one who does not read.
const FLOOD_BYTES: usize = 8000;
const FLOOD_LINES: usize = 8000;
/// How many of them a room keeps.
const FLOOD_QUEUE: usize = 16;

fn server_to_flood() -> (Program, SocketAddr) {
    server(&[
        "--max-line",
        &FLOOD_BYTES.to_string(),
        "--queue",
        &FLOOD_QUEUE.to_string(),
    ])
}

/// Says more in the room than its slow readers can be sent; `witness` reads all of it, and misses nothing.
fn flood(talker: &mut Client, witness: &mut Client) {
    for number in 0..FLOOD_LINES {
        let mut line = format!("{number} ");
        line += &"x".repeat(FLOOD_BYTES - line.len());
        talker.send(format!("{line}\n"));
        // The one who talks waits for the one who listens, a few lines behind.
        if let Some(number) = number.checked_sub(FLOOD_QUEUE / 2) {
            expect_of_flood(witness, number);
        }
    }
    for number in FLOOD_LINES - FLOOD_QUEUE / 2..FLOOD_LINES {
        expect_of_flood(witness, number);
    }
}

fn expect_of_flood(witness: &mut Client, number: usize) {
    let line = witness.line().expect("the talk goes on");
    let start = format!("talker: {number} ");
    assert!(line.starts_with(&start), "{} instead of {start}", &line[..40]);
}

#[cfg(target_os = "linux")]
fn resident_kib(server: &Program) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number
        .and_then(|number| number.parse().ok())
        .expect("it has memory")
}

#[test]
fn slow_reader_keeps_up_nobody_and_is_told_how_many_lines_it_missed() {
    let (server, addr) = server_to_flood();
    let mut talker = Client::enter(addr, "talker", "room");
    let mut slow = Client::enter(addr, "slow", "room");
    let mut witness = Client::enter(addr, "witness", "room");
    slow.expect("* witness joined");
    #[cfg(target_os = "linux")]
    let before = resident_kib(&server);
    flood(&mut talker, &mut witness);
    #[cfg(target_os = "linux")]
    {
        let grown = resident_kib(&server).saturating_sub(before);
        assert!(
            grown < 16 << 10,
            "{grown} KiB for {FLOOD_LINES} lines of {FLOOD_BYTES}"
        );
    }

    // Nor do private lines pile up for it.
    let mut sent = 0;
    loop {
        talker.send("/msg slow are you there?\n/rooms\n");
        if talker
            .skip_to("* rooms: room (3)")
            .contains(&"* slow reads too slowly; try again later".to_owned())
        {
            break;
        }
        sent += 1;
        assert!(sent < 1000, "private lines are kept without bound");
    }

    // Each line was heard, or counted as missed.
    let (mut lines, mut missed, mut private) = (0, 0, 0);
    let mut last = None;
    while last != Some(FLOOD_LINES - 1) {
        let line = slow.line().expect("there is more");
        if let Some(said) = line.strip_prefix("talker: ") {
            let number = said.split(' ').next().and_then(|number| number.parse().ok());
            let number: usize = number.expect("it begins with a number");
            assert_eq!(
                number,
                lines + missed,
                "each line, or the number of those missed, in order"
            );
            lines += 1;
            last = Some(number);
        } else if let Some(count) = line.strip_prefix("* you read too slowly: ") {
            let count = count.strip_suffix(" lines went by").expect("it tells how many");
            missed += count.parse::<usize>().expect("it is a number");
        } else {
            assert_eq!(line, "talker (to you): are you there?");
            private += 1;
        }
    }
    assert!(
        missed > 0 && lines + missed == FLOOD_LINES,
        "{lines} and {missed}"
    );
    while private < sent {
        slow.expect("talker (to you): are you there?");
        private += 1;
    }
    talker.send("can you hear me now?\n");
    slow.expect("talker: can you hear me now?");
    let ended = stop(server);
    let told = format!(", {missed} missed by slow readers; 0 turned away");
    assert!(ended.stdout[0].ends_with(&told), "{:?}", ended.stdout);
}

#[test]
fn second_request_to_stop_does_not_wait_for_a_client_that_takes_nothing() {
    let (server, addr) = server_to_flood();
    let mut talker = Client::enter(addr, "talker", "room");
    let mut witness = Client::enter(addr, "witness", "room");
    let _slow = Client::enter(addr, "slow", "room");
    talker.expect("* witness joined");
    witness.expect("* slow joined");
    flood(&mut talker, &mut witness);
    server.signal("-INT");
    wait_until_refused(addr);
    server.signal("-TERM");
    let ended = server.end();
    assert_eq!(ended.code, Some(0));
    // With it, perhaps, others that had not ended yet.
    assert!(ended.stdout[0].ends_with(" still open"), "{:?}", ended.stdout);
}

#[test]
fn client_that_takes_nothing_is_sent_away_in_the_end() {
    let (server, addr) = server(&["--idle-timeout", "2"]);
    let mut deaf = Client::connect(addr);
    // As soon as its answers are stuck, no more of its lines are read: it is not for its silence that it has to go.
    deaf.send_until_cut("/help\n".repeat(1000));
    let mut ann = Client::connect(addr);
    ann.send("/who\n");
    ann.skip_to("* in lobby: guest-2");
    let ended = stop(server);
    assert!(
        ended.stdout[0].starts_with("served 2 clients"),
        "{:?}",
        ended.stdout
    );
    assert!(!ended.stdout[0].contains("still open"), "{:?}", ended.stdout);
}

#[test]
fn stop_says_good_bye_to_everybody_and_nobody_hears_the_others_leave() {
    let (server, addr) = server(&[]);
    let clients: Vec<_> = (0..20)
        .map(|number| Client::enter(addr, &format!("c{number}"), "hall"))
        .collect();
    let no_line_yet = Client::connect(addr);
    let mut last = Client::enter(addr, "last", "nowhere");
    last.send("/leave\n");
    last.expect("* you left nowhere");
    let ended = stop(server);
    assert_eq!(
        ended.stdout,
        ["served 22 clients, 0 lines said, 0 missed by slow readers; 0 turned away"]
    );
    for client in clients {
        let rest = client.rest();
        assert!(rest.ends_with("* the server stops; good-bye\n"), "{rest}");
        assert!(!rest.contains("left"), "{rest}");
    }
    assert!(no_line_yet.rest().ends_with("* the server stops; good-bye\n"));
    assert_eq!(last.rest(), "* the server stops; good-bye\n");
}

#[test]
fn clients_beyond_the_limit_are_told_so_and_a_place_that_is_free_is_given() {
    let (server, addr) = server(&["--max-clients", "2"]);
    let mut ann = Client::enter(addr, "ann", "here");
    let _bob = Client::enter(addr, "bob", "here");
    for _ in 0..3 {
        let third = Client::connect(addr);
        assert_eq!(third.rest(), "* all 2 places are taken; come again later\n");
    }
    ann.send("/quit\n");
    ann.skip_to("* good-bye");
    assert_eq!(ann.line(), None);
    // The place is free a moment after the end was seen.
    let mut turned_away = 3;
    loop {
        let mut eve = Client::connect(addr);
        if eve.line().expect("it is told something").starts_with("* welcome") {
            break;
        }
        turned_away += 1;
    }
    let ended = stop(server);
    assert_eq!(
        ended.stdout,
        [format!(
            "served 3 clients, 0 lines said, 0 missed by slow readers; {turned_away} turned away"
        )]
    );
}

#[test]
fn client_without_a_whole_line_for_too_long_is_sent_away() {
    let (server, addr) = server(&["--idle-timeout", "0.2"]);
    let silent = Client::connect(addr);
    let mut half = Client::connect(addr);
    half.send("no end of the line");
    for client in [silent, half] {
        let told = client.rest();
        assert!(
            told.ends_with("* nothing from you for 0.2 s; good-bye\n"),
            "{told}"
        );
    }
    stop(server);
}

#[test]
fn server_out_of_descriptors_says_so_once_and_serves_everybody_in_the_end() {
    let limited = "ulimit -n 64; exec \"$0\" --addr 127.0.0.1:0";
    let (server, addr) = listening(Program::start(
        Command::new("sh")
            .args(["-c", limited])
            .arg(example("chat-server")),
    ));
    let clients: Vec<_> = (0..100).map(|_| Client::connect(addr)).collect();
    let told = server
        .stderr
        .recv_timeout(PATIENCE)
        .expect("the server has fewer descriptors than clients");
    assert!(told.contains("out of file descriptors"), "{told}");
    // First come, first accepted: each client that leaves makes room for one that waits.
    for mut client in clients {
        client.send("/quit\n");
        assert!(client.rest().ends_with("* good-bye\n"));
    }
    let ended = stop(server);
    assert!(
        ended.stdout[0].starts_with("served 100 clients, "),
        "{:?}",
        ended.stdout
    );
    assert!(ended.stderr.is_empty(), "it was said already: {:?}", ended.stderr);
}

#[test]
fn usage_errors_name_the_option_and_exit_with_2() {
    let wrong = [
        ("--addr", "nonsense", "HOST:PORT"),
        ("--addr", "127.0.0.1:99999", "65535"),
        ("--max-clients", "0", "1"),
        ("--queue", "0", "1..=100000"),
        ("--queue", "many", "invalid"),
        ("--max-line", "100000", "1..=65536"),
        ("--idle-timeout", "0", "at least"),
        ("--idle-timeout", "soon", "number of seconds"),
    ];
    for (option, value, told) in wrong {
        let text = refused("chat-server", &[option, value], 2).join("\n");
        assert!(text.contains(option) && text.contains(told), "{text}");
    }
    let ended = Program::example("chat-server", &["--help"]).end();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.join("\n").contains("misses the oldest lines"));
}

#[test]
fn addresses_that_cannot_be_used_are_one_sentence_and_exit_with_1() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let held = holder.local_addr().expect("it is bound").to_string();
    let unknown = format!("{}:1", "a".repeat(64));
    for (addr, told) in [(&held, "in use"), (&unknown, "look up")] {
        let lines = refused("chat-server", &["--addr", addr], 1);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(told), "{lines:?}");
    }
}
