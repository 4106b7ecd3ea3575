//! Every HTTP server answers with the path, and the load tells of one that does not.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use canter_bench::versus::http::{Http, SERVERS, workloads_with};
use canter_bench::versus::network::{Load, listen};
use canter_bench::versus::{Failure, Means, Run};

const CONNECTIONS: usize = 8;
const TIMES: u64 = 200;

/// The program that has the servers.
fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_versus").into()
}

/// A server of one's own, which writes on each request what `answer` makes of its number, the first being 0, and of its path.
fn own(answer: impl Fn(usize, &str, &mut TcpStream) -> io::Result<()> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
    let address = listener.local_addr().expect("a bound listener has an address");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        for number in 0.. {
            let Some(request) = lines.next() else {
                break;
            };
            let request = request?;
            let path = request.split(' ').nth(1).expect("a request has a path");
            for header in lines.by_ref() {
                if header?.is_empty() {
                    break;
                }
            }
            answer(number, path, &mut stream)?;
        }
        io::Result::Ok(())
    });
    address
}

/// A right answer.
fn right(path: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len())
}

/// As many connections to a server.
fn connect(address: SocketAddr, connections: usize) -> Result<Load, Failure> {
    Load::connect(address, connections, |number| Box::new(Http::new(number)))
}

/// What comes of ten round trips over one connection.
fn ten_trips(address: SocketAddr) -> Result<(), Failure> {
    connect(address, 1)?.round_trips(10).map(drop)
}

/// Each server answers on several connections at once, and the latency of each round trip is noted.
#[test]
fn every_server_answers_with_the_path() {
    for server in SERVERS {
        let listener = listen().expect("loopback can be bound");
        let address = listener.local_addr().expect("a bound listener has an address");
        thread::spawn(move || (server.run)(listener, 2));
        let mut load = connect(address, CONNECTIONS).expect(server.name);
        let trips = load.round_trips(TIMES).expect(server.name);
        assert_eq!(trips.latencies.len(), TIMES, "{}", server.name);
    }
}

/// An answer that comes byte by byte is put together.
#[test]
fn an_answer_in_pieces_is_an_answer() {
    let address = own(|_, path, stream| {
        stream.set_nodelay(true)?;
        right(path).bytes().try_for_each(|byte| stream.write_all(&[byte]))
    });
    assert_eq!(ten_trips(address), Ok(()));
}

/// Another body than the path is seen, be it as long, longer or shorter, and so is something that is no HTTP.
#[test]
fn a_wrong_answer_is_told() {
    let wrong: [fn(&str) -> String; 6] = [
        |path| right(path).replace("/0/", "/1/"),
        |path| right(path) + "!",
        |path| right(&path[1..]),
        |path| right(&path.replace('/', "//")),
        |path| format!("HTTP/1.1 200 OK\r\n\r\n{path}"),
        |path| path.to_owned(),
    ];
    for (place, wrong) in wrong.into_iter().enumerate() {
        let address = own(move |number, path, stream| {
            let answer = if number == 5 { wrong(path) } else { right(path) };
            stream.write_all(answer.as_bytes())
        });
        assert_eq!(ten_trips(address), Err(Failure::Mixed), "wrong answer {place}");
    }
}

/// A server that answers with another status is told, with the status, whatever else it says.
#[test]
fn a_refusal_is_told() {
    let address = own(|_, path, stream| {
        let answer = right(path).replace("200 OK", "503 Service Unavailable");
        stream.write_all(answer.as_bytes())
    });
    let refused = Failure::Died("the server refused: status 503".to_owned());
    assert_eq!(ten_trips(address), Err(refused));
}

/// A server that closes within an answer is told, although part of it came.
#[test]
fn a_server_that_closes_early_is_told() {
    let address = own(|number, path, stream| match number {
        3 => {
            stream.write_all(&right(path).as_bytes()[..30])?;
            Err(io::ErrorKind::Other.into())
        }
        _ => stream.write_all(right(path).as_bytes()),
    });
    let expected = Failure::Miscounted {
        counted: 2,
        expected: 10,
    };
    assert_eq!(ten_trips(address), Err(expected));
}

/// Every row has canter first and then all the others; and with few connections each of them gives all its figures, with its server
/// in a process of its own.
#[test]
fn every_row_of_few_connections_gives_figures() {
    for row in workloads_with(program()) {
        let names: Vec<&str> = row.contenders.iter().map(|contender| contender.name).collect();
        let everyone = ["canter", "tokio", "tokio-current", "smol", "async-executor", "go"];
        assert_eq!(names, everyone, "{}", row.name);
        if row.name.ends_with("/1000") {
            continue;
        }
        for contender in &row.contenders {
            let (Means::Call(call) | Means::CallWithGo(call)) = &contender.means else {
                panic!("{contender:?} is not a call");
            };
            let run = Run {
                times: TIMES,
                workers: 2,
            };
            let figures = match call(&run) {
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
            assert!(
                figures[..4].iter().all(|figure| *figure > 0.0),
                "{}: {figures:?}",
                contender.name
            );
        }
    }
}

/// The server's process ends with the one that started it, whose end closes its input.
#[test]
fn a_server_ends_with_its_input() {
    for server in SERVERS {
        let mut command = Command::new(program());
        command.args(["serve", "http", server.name, "--workers", "1"]);
        // No input at all.
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{}: {output:?}", server.name);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.starts_with("listening on 127.0.0.1:"), "{said}");
    }
}
