//! Every echo server sends back what comes, and the load tells of one that does not.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use canter_bench::versus::echo::{BUFFER, Echo, MESSAGE, SERVERS, workloads_with};
use canter_bench::versus::network::{Load, Process, listen};
use canter_bench::versus::{Contender, Failure, Kind, Means, Run};

const CONNECTIONS: usize = 8;
const TIMES: u64 = 200;

/// The program that has the servers.
fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_versus").into()
}

/// Where each of the servers listens, with two workers where it has several.
fn started() -> impl Iterator<Item = (&'static str, SocketAddr)> {
    SERVERS.into_iter().map(|server| {
        let listener = listen().expect("loopback can be bound");
        let address = listener.local_addr().expect("a bound listener has an address");
        thread::spawn(move || (server.run)(listener, 2));
        (server.name, address)
    })
}

/// A server of one's own: it is done with one connection, and closes it, before it takes the next.
fn own(mut serve: impl FnMut(TcpStream) -> io::Result<()> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
    let address = listener.local_addr().expect("a bound listener has an address");
    thread::spawn(move || {
        // An error is the load's, which has what it wants and is gone.
        while listener.accept().and_then(|(stream, _)| serve(stream)).is_ok() {}
    });
    address
}

/// Receives messages and sends back what `answer` makes of each; the first is number 0.
fn answering(
    answer: impl Fn(usize, &mut Vec<u8>) + Send + 'static,
) -> impl FnMut(TcpStream) -> io::Result<()> + Send {
    move |mut stream| {
        for number in 0.. {
            let mut message = vec![0; MESSAGE];
            stream.read_exact(&mut message)?;
            answer(number, &mut message);
            stream.write_all(&message)?;
        }
        Ok(())
    }
}

/// As many connections to a server, for messages of that many bytes.
fn connect(address: SocketAddr, connections: usize, size: usize) -> Result<Load, Failure> {
    Load::connect(address, connections, |number| Box::new(Echo::new(number, size)))
}

/// What comes of ten round trips over one connection.
fn ten_trips(address: SocketAddr) -> Result<(), Failure> {
    connect(address, 1, MESSAGE)?.round_trips(10).map(drop)
}

fn call(contender: &Contender, run: Run) -> Result<Vec<f64>, Failure> {
    match &contender.means {
        Means::Call(call) | Means::CallWithGo(call) => call(&run),
        Means::Go(workload) => panic!("{workload} is not a call"),
    }
}

/// Each server echoes on several connections at once, and the latency of each round trip is noted.
#[test]
fn every_server_sends_back_what_comes() {
    for (name, address) in started() {
        let mut load = connect(address, CONNECTIONS, MESSAGE).expect(name);
        let trips = load.round_trips(TIMES).expect(name);
        assert_eq!(trips.latencies.len(), TIMES, "{name}");
    }
}

/// A message that no buffer of a server or of the kernel holds goes both ways in pieces, so each side meets writes that
/// take a part only.
#[test]
fn every_server_sends_back_a_message_larger_than_all_buffers() {
    let size = 1024 * BUFFER + 1;
    for (name, address) in started() {
        let mut load = connect(address, 2, size).expect(name);
        let trips = load.round_trips(4).expect(name);
        assert_eq!(trips.latencies.len(), 4, "{name}");
    }
}

/// The load puts a message together that comes back in many reads.
#[test]
fn an_echo_in_pieces_is_an_echo() {
    let address = own(|mut stream| {
        stream.set_nodelay(true)?;
        let mut bytes = [0; 7];
        loop {
            let read = stream.read(&mut bytes)?;
            stream.write_all(&bytes[..read])?;
        }
    });
    assert_eq!(ten_trips(address), Ok(()));
}

/// One wrong bit is seen, wherever in the message it is.
#[test]
fn a_server_that_corrupts_a_byte_is_told() {
    for place in [0, 8, 31, MESSAGE - 1] {
        let address = own(answering(move |number, message| {
            if number == 5 {
                message[place] ^= 1;
            }
        }));
        assert_eq!(ten_trips(address), Err(Failure::Mixed), "byte {place}");
    }
}

/// A byte too many is seen, and so is a message that comes back a second time instead of the one that was sent.
#[test]
fn a_server_that_sends_more_or_something_else_is_told() {
    let more = own(answering(|number, message| {
        if number == 5 {
            message.push(0);
        }
    }));
    assert_eq!(ten_trips(more), Err(Failure::Mixed));

    let mut first = Vec::new();
    let again = own(move |mut stream| {
        loop {
            let mut message = vec![0; MESSAGE];
            stream.read_exact(&mut message)?;
            if first.is_empty() {
                first.clone_from(&message);
            }
            stream.write_all(&first)?;
        }
    });
    assert_eq!(ten_trips(again), Err(Failure::Mixed));
}

/// The messages of two connections differ, so that a server that swaps them is told.
#[test]
fn a_server_that_mixes_up_two_connections_is_told() {
    let mut waiting: Option<TcpStream> = None;
    let address = own(move |mut other| {
        let Some(mut one) = waiting.take() else {
            waiting = Some(other);
            return Ok(());
        };
        let (mut ones, mut others) = ([0; MESSAGE], [0; MESSAGE]);
        one.read_exact(&mut ones)?;
        other.read_exact(&mut others)?;
        one.write_all(&others)?;
        other.write_all(&ones)
    });
    assert_eq!(connect(address, 2, MESSAGE).map(drop), Err(Failure::Mixed));
}

/// Of a server that closes the connection after its third message, the second of the ten is the last that counts: one has
/// been the greeting.
#[test]
fn a_server_that_closes_early_is_told() {
    let address = own(|mut stream| {
        for _ in 0..3 {
            let mut message = [0; MESSAGE];
            stream.read_exact(&mut message)?;
            stream.write_all(&message)?;
        }
        Ok(())
    });
    let expected = Failure::Miscounted {
        counted: 2,
        expected: 10,
    };
    assert_eq!(ten_trips(address), Err(expected));
}

/// A server that closes in the middle of a message is told, although part of it came back.
#[test]
fn a_server_that_closes_in_the_middle_of_a_message_is_told() {
    let address = own(|mut stream| {
        let mut message = [0; MESSAGE];
        stream.read_exact(&mut message)?;
        stream.write_all(&message[..MESSAGE - 1])
    });
    let expected = Failure::Miscounted {
        counted: 0,
        expected: 1,
    };
    assert_eq!(ten_trips(address), Err(expected));
}

/// More connections than a process may have are no reason to begin.
#[test]
fn a_load_that_may_not_open_its_sockets_says_so() {
    let address = ([127, 0, 0, 1], 9).into();
    let refused = connect(address, 1 << 40, MESSAGE).map(drop);
    assert!(
        matches!(&refused, Err(Failure::Unavailable(why)) if why.contains("file descriptors")),
        "{refused:?}"
    );
}

/// Every row has canter first, one limit, and all the others; and each of them gives all its figures, with its server in a
/// process of its own. The rows of more connections differ in the number alone.
#[test]
fn every_row_of_few_connections_gives_figures() {
    for row in workloads_with(program()) {
        assert_eq!(row.contenders[0].name, "canter", "{}", row.name);
        let limits = row
            .contenders
            .iter()
            .filter(|contender| contender.kind == Kind::Limit);
        assert_eq!(limits.count(), 1, "{}", row.name);
        assert_eq!(row.contenders.len(), SERVERS.len() + 1, "{}", row.name);
        if !(row.name.ends_with("/1") || row.name.ends_with("/64")) {
            continue;
        }
        for contender in &row.contenders {
            let run = Run {
                times: TIMES,
                workers: 2,
            };
            let figures = match call(contender, run) {
                Err(Failure::Unavailable(_)) if contender.name == "go" => continue,
                figures => {
                    figures.unwrap_or_else(|failure| panic!("{} {}: {failure}", row.name, contender.name))
                }
            };
            assert_eq!(
                figures.len(),
                row.figures.len(),
                "{} {}",
                row.name,
                contender.name
            );
            let [throughput, p50, p99, p999, ..] = figures[..] else {
                panic!("{figures:?}");
            };
            assert!(throughput > 0.0, "{} {}", row.name, contender.name);
            assert!(0.0 < p50 && p50 <= p99 && p99 <= p999, "{figures:?}");
        }
    }
}

/// A program that is not there is one thing, and a server that does not listen another.
#[test]
fn a_server_that_does_not_start_says_why() {
    let start = |command: &mut Command| Process::start(command).map(drop);
    let nowhere = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-such-program");
    assert!(matches!(
        start(&mut Command::new(nowhere)),
        Err(Failure::Unavailable(_))
    ));
    let mut unknown = Command::new(program());
    unknown.args(["serve", "echo", "nobody", "--workers", "1"]);
    assert_eq!(
        start(&mut unknown),
        Err(Failure::Died("the server ended".to_owned()))
    );
}

/// The server's process ends with the one that started it, whose end closes its input.
#[test]
fn a_server_ends_with_its_input() {
    for server in SERVERS {
        let mut command = Command::new(program());
        command.args(["serve", "echo", server.name, "--workers", "1"]);
        // No input at all.
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{}: {output:?}", server.name);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.starts_with("listening on 127.0.0.1:"), "{said}");
    }
}
