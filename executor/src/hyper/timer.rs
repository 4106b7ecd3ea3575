//! hyper's time limits.

use std::pin::Pin;
use std::time::{Duration, Instant};

use ::hyper::rt;

use crate::time::{self, Sleep};

/// Gives hyper the timers of [`time`]: for the head of a request, the keep-alive of HTTP/2, and what else it limits.
///
/// # Examples
///
/// Whoever has not sent the head of a request within five seconds is cut off:
///
/// ```
/// # use canter_executor::net::TcpStream;
/// # use hyper::{Response, service::service_fn};
/// use canter_executor::hyper::Timer;
/// use std::time::Duration;
///
/// async fn serve(stream: TcpStream) -> hyper::Result<()> {
///     hyper::server::conn::http1::Builder::new()
///         .timer(Timer)
///         .header_read_timeout(Duration::from_secs(5))
///         .serve_connection(stream, service_fn(async |_| hyper::Result::Ok(Response::new("hello".to_owned()))))
///         .await
/// }
/// ```
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Timer;

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(time::sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(time::sleep_until(deadline))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(sleep) => sleep.get_mut().reset(deadline),
            None => *sleep = self.sleep_until(deadline), // it is another timer's
        }
    }
}

impl rt::Sleep for Sleep {}
