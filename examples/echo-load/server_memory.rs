//! The memory of a server on this machine, from `/proc` (Linux).

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;

/// The process that listens on the address under load.
pub struct Server {
    /// Kept open, since the load may take all descriptors.
    status: File,
}

/// In bytes.
#[derive(Clone, Copy)]
pub struct Memory {
    /// All of it that is in memory now (`VmRSS`).
    pub resident: u64,
    /// The part of it that no file backs (`RssAnon`): heap and stacks.
    pub anonymous: u64,
}

impl Server {
    /// Finds the one local process with a listening socket on one of `addresses`. `None` where there is none or
    /// where there are several, where it may not be looked into, and on systems other than Linux.
    pub fn listening_on(addresses: &[SocketAddr]) -> Option<Self> {
        let addresses: Vec<SocketAddr> = addresses.iter().copied().filter(is_local).collect();
        let links: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| listening_inodes(&table, &addresses))
            .map(|inode| format!("socket:[{inode}]"))
            .collect();
        let mut found = fs::read_dir("/proc").ok()?.filter_map(|entry| {
            let process = entry.ok()?.path();
            holds_one_of(&process, &links).then_some(process)
        });
        let process = found.next()?;
        if found.next().is_some() {
            return None;
        }
        Some(Self {
            status: File::open(process.join("status")).ok()?,
        })
    }

    pub fn memory(&self) -> Option<Memory> {
        let mut file = &self.status;
        file.rewind().ok()?;
        let mut status = String::new();
        file.read_to_string(&mut status).ok()?;
        Some(Memory {
            resident: kib_field(&status, "VmRSS:")?,
            anonymous: kib_field(&status, "RssAnon:")?,
        })
    }
}

fn kib_field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

fn holds_one_of(process: &Path, links: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else {
        return false;
    };
    descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok())
        .any(|target| links.iter().any(|link| Path::new(link) == target))
}

/// The inodes of the sockets in `table` that listen on one of `addresses`.
fn listening_inodes(table: &str, addresses: &[SocketAddr]) -> Vec<u64> {
    const LISTEN: &str = "0A";
    let inode = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listener = socket_address(fields.get(1)?)?;
        let wanted = *fields.get(3)? == LISTEN && addresses.iter().any(|address| reaches(*address, listener));
        if wanted { fields.get(9)?.parse().ok() } else { None }
    };
    table.lines().skip(1).filter_map(inode).collect()
}

fn reaches(address: SocketAddr, listener: SocketAddr) -> bool {
    address.port() == listener.port()
        && (address.ip() == listener.ip() || address.ip().is_unspecified() || listener.ip().is_unspecified())
}

/// Parses `0100007F:1E61`: the address as words of 32 bits in the machine's byte order, then the port.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words = (0..ip.len())
        .step_by(8)
        .map(|at| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok());
    let bytes: Vec<u8> = words
        .collect::<Option<Vec<u32>>>()?
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect();
    let ip = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        _ => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// Only an address of this machine can be bound.
fn is_local(address: &SocketAddr) -> bool {
    UdpSocket::bind((address.ip(), 0)).is_ok()
}
