//! The program's side of the socket, as it is seen from here.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use canter::channel::Sender;
use canter::net::UnixStream;
use canter::time;
use futures::io::BufReader;
use futures::{AsyncBufReadExt, AsyncWriteExt};

use crate::snapshot::{Snapshot, parse};

/// How long a program may take for an answer. One with millions of tasks takes a second.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Connection {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

impl Connection {
    pub async fn open(path: &Path) -> Result<Connection, String> {
        let stream = UnixStream::connect(path).await;
        let stream = stream.map_err(|error| nobody_listens(path, &error))?;
        Ok(Connection {
            stream: BufReader::new(stream),
            path: path.to_owned(),
        })
    }

    pub async fn snapshot(&mut self) -> Result<Snapshot, String> {
        let path = self.path.display().to_string();
        let line = match time::timeout(PATIENCE, self.ask()).await {
            Ok(Ok(line)) => line,
            Ok(Err(error)) => return Err(format!("the program at {path} has gone: {error}")),
            Err(_) => return Err(format!("the program at {path} does not answer")),
        };
        parse(&line)
            .map_err(|why| format!("what answers at {path} is no canter program that can be shown: {why}"))
    }

    async fn ask(&mut self) -> io::Result<String> {
        self.stream.get_mut().write_all(b"\n").await?;
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        if line.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}

/// Sends a snapshot once an interval, or why there is none, until nobody wants any more.
pub async fn follow(path: PathBuf, interval: Duration, news: Sender<Result<Snapshot, String>>) {
    let mut connection = None;
    let mut ticks = time::interval(interval);
    loop {
        ticks.tick().await;
        let heard = look(&path, &mut connection).await;
        if heard.is_err() {
            connection = None;
        }
        if news.send(heard).await.is_err() {
            return;
        }
    }
}

async fn look(path: &Path, connection: &mut Option<Connection>) -> Result<Snapshot, String> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open(path).await?),
    };
    connection.snapshot().await
}

fn nobody_listens(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => format!(
            "nobody listens at {path}: start a program that was built with canter's feature `socket` with CANTER_SOCKET={path} in its \
             environment"
        ),
        ErrorKind::PermissionDenied => {
            format!("the socket {path} belongs to somebody else: look as the user who runs the program")
        }
        _ => format!("cannot connect to {path}: {error}"),
    }
}
