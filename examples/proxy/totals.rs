//! What the proxy has done.

use crate::server::Count;

#[derive(Default)]
pub struct Totals {
    /// Connections that reached a backend.
    pub connections: Count,
    /// Bytes from clients to backends.
    pub up: Count,
    /// Bytes from backends to clients.
    pub down: Count,
    /// Connections for which there was no place.
    pub refused: Count,
    /// Connections for which no backend could be reached.
    pub failed: Count,
    /// Connections that a client or a backend has reset.
    pub reset: Count,
    /// Connections that were idle for too long.
    pub idle: Count,
    /// Connections that were cut at the end.
    pub cut: Count,
}

impl Totals {
    pub fn summary(&self) -> String {
        format!(
            "served {} connections, {} bytes up, {} bytes down; {} refused, {} failed, {} reset, {} idle, {} cut",
            self.connections.get(),
            self.up.get(),
            self.down.get(),
            self.refused.get(),
            self.failed.get(),
            self.reset.get(),
            self.idle.get(),
            self.cut.get()
        )
    }
}
