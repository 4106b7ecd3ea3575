//! A process that measures, as its starter sees it.

use std::io;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use smol::Timer;
use smol::future::{or, zip};
use smol::io::{AsyncRead, AsyncReadExt};

/// Runs a command to its end, and gives what it printed; nothing if it took longer than that, in which case it is killed.
pub(super) fn run(command: Command, limit: Duration) -> io::Result<Option<Output>> {
    let mut command = smol::process::Command::from(command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    smol::block_on(async {
        let mut child = command.spawn()?;
        let printed = zip(read(child.stdout.take()), read(child.stderr.take()));
        let status = child.status();
        let ended = async {
            let (stdout, stderr) = printed.await;
            let (status, stdout, stderr) = (status.await?, stdout?, stderr?);
            Ok(Some(Output {
                status,
                stdout,
                stderr,
            }))
        };
        let expired = async {
            Timer::after(limit).await;
            Ok(None)
        };
        let outcome = or(ended, expired).await;
        if matches!(outcome, Ok(None)) {
            child.kill()?;
            // Its memory is free once it has ended.
            child.status().await?;
        }
        outcome
    })
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut text).await?;
    }
    Ok(text)
}
