//! Listening, and what may go wrong with it.

use std::error::Error;
use std::io::{self, ErrorKind};

use canter::net::TcpListener;

/// Listens at `addr`, which the person gave as `option`.
///
/// No `SO_REUSEPORT` here (`bind_sharded`): with it a second server on the same address would start without an error
/// and take half of the connections.
pub async fn listen(option: &str, addr: &str) -> Result<TcpListener, String> {
    TcpListener::bind(addr).await.map_err(|error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => {
                "stop the program that holds it, or choose another port (0 takes a free one)".to_owned()
            }
            ErrorKind::AddrNotAvailable => {
                "choose an address of this machine, or 0.0.0.0 for all of them".to_owned()
            }
            ErrorKind::PermissionDenied => "choose a port from 1024 up".to_owned(),
            _ => format!("check {option}"),
        };
        format!("{error}; {advice}")
    })
}

/// Whether the connection that was to be accepted has failed, and the next one may well be fine.
pub fn concerns_one_connection(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Whether the process or the system has no descriptor left. `connect` wraps what the system said, so the causes of the
/// error are looked at too.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    // The process's and the system's limit; the numbers are the same on every Unix.
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    let code = |cause: &(dyn Error + 'static)| cause.downcast_ref().and_then(io::Error::raw_os_error);
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if matches!(code(error), Some(EMFILE | ENFILE)) {
            return true;
        }
        cause = error.source();
    }
    false
}
