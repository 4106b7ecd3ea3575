//! What can be given as an address, and looking up names.

use std::io;
use std::net::{self, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::slice;

use super::error::explained;

/// What can be given where the address of a socket is wanted: all that [`std::net::ToSocketAddrs`] takes.
///
/// An address, or text that is one, is used as it is. A name (`"example.org:80"`, `("example.org", 80)`) is looked up by the
/// operating system on a thread of [`spawn_blocking`](crate::spawn_blocking); it may stand for several addresses. The trait
/// is sealed.
pub trait ToSocketAddrs: sealed::Target {}

impl<T: sealed::Target + ?Sized> ToSocketAddrs for T {}

/// Looks up the addresses of a host: `lookup_host("localhost:80")`. The port is passed through.
///
/// # Errors
///
/// Of kind [`InvalidInput`](io::ErrorKind::InvalidInput) for text that is neither an address nor `HOST:PORT`; otherwise those
/// of the operating system's resolver, with the name.
///
/// # Cancel safety
///
/// Dropping the future loses nothing; a look-up that has begun goes on unseen.
///
/// # Examples
///
/// ```
/// use canter_executor::net::lookup_host;
///
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     let mut addresses = lookup_host("localhost:80").await?;
///     assert!(addresses.any(|address| address.ip().is_loopback() && address.port() == 80));
///     Ok(())
/// })
/// # }
/// ```
pub async fn lookup_host<A: ToSocketAddrs>(host: A) -> io::Result<impl Iterator<Item = SocketAddr>> {
    let resolved = resolve(&host).await?;
    Ok(resolved.addresses.into_vec().into_iter())
}

/// The addresses to try.
pub(super) struct Resolved {
    /// The name that was looked up, with its port.
    pub(super) name: Option<String>,
    pub(super) addresses: Addresses,
}

/// One address takes no memory beside itself: it is what each datagram is sent to.
#[derive(Debug)]
pub enum Addresses {
    One(SocketAddr),
    Many(Vec<SocketAddr>),
}

impl Addresses {
    pub(super) fn as_slice(&self) -> &[SocketAddr] {
        match self {
            Addresses::One(address) => slice::from_ref(address),
            Addresses::Many(addresses) => addresses,
        }
    }

    fn into_vec(self) -> Vec<SocketAddr> {
        match self {
            Addresses::One(address) => vec![address],
            Addresses::Many(addresses) => addresses,
        }
    }
}

impl From<SocketAddr> for Resolved {
    fn from(address: SocketAddr) -> Resolved {
        Resolved {
            name: None,
            addresses: Addresses::One(address),
        }
    }
}

pub(super) async fn resolve(addr: &impl ToSocketAddrs) -> io::Result<Resolved> {
    match addr.asked()? {
        Asked::Addresses(addresses) => Ok(Resolved {
            name: None,
            addresses,
        }),
        Asked::Name(host, port) => Ok(Resolved {
            name: Some(format!("{host}:{port}")),
            addresses: Addresses::Many(look_up(host, port).await?),
        }),
    }
}

async fn look_up(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let asked = format!("could not look up the name `{host}`");
    let looked_up = crate::spawn_blocking(move || {
        net::ToSocketAddrs::to_socket_addrs(&(host.as_str(), port)).map(Vec::from_iter)
    });
    let found = match looked_up.await {
        Ok(found) => found,
        Err(join_error) => Err(io::Error::other(join_error)),
    };
    match found {
        Ok(addresses) if addresses.is_empty() => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("{asked}: it has no address"),
        )),
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(explained(error, asked)),
    }
}

/// What was asked for, before anything is looked up.
#[derive(Debug)]
pub enum Asked {
    Addresses(Addresses),
    Name(String, u16),
}

mod sealed {
    pub trait Target: Send + Sync {
        fn asked(&self) -> std::io::Result<super::Asked>;
    }
}

fn one(address: impl Into<SocketAddr>) -> io::Result<Asked> {
    Ok(Asked::Addresses(Addresses::One(address.into())))
}

fn host_and_port(host: &str, port: u16) -> io::Result<Asked> {
    match host.parse::<IpAddr>() {
        Ok(address) => one((address, port)),
        Err(_) => Ok(Asked::Name(host.to_owned(), port)),
    }
}

impl sealed::Target for SocketAddr {
    fn asked(&self) -> io::Result<Asked> {
        one(*self)
    }
}

impl sealed::Target for SocketAddrV4 {
    fn asked(&self) -> io::Result<Asked> {
        one(*self)
    }
}

impl sealed::Target for SocketAddrV6 {
    fn asked(&self) -> io::Result<Asked> {
        one(*self)
    }
}

impl sealed::Target for (IpAddr, u16) {
    fn asked(&self) -> io::Result<Asked> {
        one(*self)
    }
}

impl sealed::Target for (Ipv4Addr, u16) {
    fn asked(&self) -> io::Result<Asked> {
        one(*self)
    }
}

impl sealed::Target for (Ipv6Addr, u16) {
    fn asked(&self) -> io::Result<Asked> {
        one(*self)
    }
}

impl sealed::Target for (&str, u16) {
    fn asked(&self) -> io::Result<Asked> {
        host_and_port(self.0, self.1)
    }
}

impl sealed::Target for (String, u16) {
    fn asked(&self) -> io::Result<Asked> {
        host_and_port(&self.0, self.1)
    }
}

impl sealed::Target for str {
    fn asked(&self) -> io::Result<Asked> {
        if let Ok(address) = self.parse::<SocketAddr>() {
            return one(address);
        }
        let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, format!("`{self}` {what}"));
        let (host, port) = self
            .rsplit_once(':')
            .ok_or_else(|| invalid("is no address: it has to be of the form HOST:PORT"))?;
        let port = port
            .parse()
            .map_err(|_| invalid("is no address: its port has to be a number from 0 to 65535"))?;
        host_and_port(host, port)
    }
}

impl sealed::Target for String {
    fn asked(&self) -> io::Result<Asked> {
        self.as_str().asked()
    }
}

impl sealed::Target for [SocketAddr] {
    fn asked(&self) -> io::Result<Asked> {
        Ok(Asked::Addresses(Addresses::Many(self.to_vec())))
    }
}

impl<T: sealed::Target + ?Sized> sealed::Target for &T {
    fn asked(&self) -> io::Result<Asked> {
        (**self).asked()
    }
}
