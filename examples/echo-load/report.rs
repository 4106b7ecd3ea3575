//! What was measured, for people and for programs.

use std::fmt::Write;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::HumanCount;

use crate::exchange::{Exchange, Latencies};
use crate::server_memory::Memory;

pub struct Report {
    addr: String,
    connections: usize,
    size: usize,
    pipeline: usize,
    opened: usize,
    failed: usize,
    /// Why the first of the failed connections failed.
    first_cause: Option<String>,
    messages: u64,
    corrupt: u64,
    /// From the start of the clock until the last message came back.
    elapsed: Duration,
    pub latencies: Histogram<u64>,
    /// The server's memory: before the first connection, with all open but no traffic yet, and with all open after
    /// the traffic.
    pub memory_before: Option<Memory>,
    pub memory_open: Option<Memory>,
    pub memory_after: Option<Memory>,
}

impl Report {
    pub fn new(addr: &str, connections: usize, size: usize, pipeline: usize) -> Self {
        Self {
            addr: addr.to_owned(),
            connections,
            size,
            pipeline,
            opened: 0,
            failed: 0,
            first_cause: None,
            messages: 0,
            corrupt: 0,
            elapsed: Duration::ZERO,
            latencies: Latencies::empty(),
            memory_before: None,
            memory_open: None,
            memory_after: None,
        }
    }

    /// Counts a connection that could not be opened, or did not hold until the end.
    pub fn failed(&mut self, cause: String) {
        self.failed += 1;
        self.first_cause.get_or_insert(cause);
    }

    /// Adds what an opened connection exchanged.
    pub fn add(&mut self, connection: &Exchange, start: Instant) {
        self.opened += 1;
        self.messages += connection.messages;
        self.corrupt += connection.corrupt;
        self.elapsed = self
            .elapsed
            .max(connection.latest.saturating_duration_since(start));
    }

    pub fn any_opened(&self) -> bool {
        self.opened > 0
    }

    /// An error where a connection failed or a byte was wrong.
    pub fn verdict(&self) -> Result<(), String> {
        if let Some(cause) = &self.first_cause {
            return Err(format!(
                "{} of {} connections to {} failed, the first: {cause}",
                self.failed, self.connections, self.addr
            ));
        }
        if self.corrupt > 0 {
            return Err(format!(
                "{} of {} messages came back altered",
                self.corrupt, self.messages
            ));
        }
        Ok(())
    }

    fn messages_per_second(&self) -> f64 {
        // Nothing came back where no time has passed.
        self.messages as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    fn megabytes_per_second(&self) -> f64 {
        self.messages_per_second() * self.size as f64 / 1e6
    }

    fn quantile_us(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1e3
    }

    fn max_us(&self) -> f64 {
        self.latencies.max() as f64 / 1e3
    }

    /// How far the server's heap and stacks have grown for each connection, from before the first one until `then`.
    fn bytes_per_connection(&self, then: Option<Memory>) -> Option<u64> {
        let growth = then?.anonymous.saturating_sub(self.memory_before?.anonymous);
        growth.checked_div(self.opened as u64)
    }

    pub fn json(&self) -> String {
        let per_connection = self
            .bytes_per_connection(self.memory_open)
            .max(self.bytes_per_connection(self.memory_after));
        serde_json::json!({
            "connections": self.connections,
            "failed_connections": self.failed,
            "size": self.size,
            "pipeline": self.pipeline,
            "messages": self.messages,
            "corrupt_messages": self.corrupt,
            "seconds": self.elapsed.as_secs_f64(),
            "messages_per_second": self.messages_per_second(),
            "megabytes_per_second": self.megabytes_per_second(),
            "p50_us": self.quantile_us(0.5),
            "p90_us": self.quantile_us(0.9),
            "p99_us": self.quantile_us(0.99),
            "p999_us": self.quantile_us(0.999),
            "max_us": self.max_us(),
            "server_rss_bytes": self.memory_after.map(|memory| memory.resident),
            "server_bytes_per_connection": per_connection,
        })
        .to_string()
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write_text(&mut text).expect("a string takes everything");
        text
    }

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "{} connections to {}, {} failed; {} bytes a message, {} in flight on each",
            HumanCount(self.connections as u64),
            self.addr,
            HumanCount(self.failed as u64),
            HumanCount(self.size as u64),
            HumanCount(self.pipeline as u64),
        )?;
        writeln!(
            text,
            "messages    {} in {:.2} s, {} corrupt",
            HumanCount(self.messages),
            self.elapsed.as_secs_f64(),
            HumanCount(self.corrupt)
        )?;
        writeln!(
            text,
            "throughput  {} messages/s, {:.2} MB/s each way",
            HumanCount(self.messages_per_second() as u64),
            self.megabytes_per_second()
        )?;
        writeln!(
            text,
            "latency us  p50 {:.1}   p90 {:.1}   p99 {:.1}   p99.9 {:.1}   max {:.1}",
            self.quantile_us(0.5),
            self.quantile_us(0.9),
            self.quantile_us(0.99),
            self.quantile_us(0.999),
            self.max_us()
        )?;
        self.write_histogram(text)?;
        self.write_memory(text)
    }

    /// Rows of equal ratio from the shortest latency to the longest.
    fn write_histogram(&self, text: &mut String) -> std::fmt::Result {
        const ROWS: usize = 12;
        const WIDTH: u64 = 50;
        if self.latencies.is_empty() {
            return Ok(());
        }
        let lowest = self.latencies.min().max(1) as f64;
        let ratio = (self.latencies.max() as f64 / lowest)
            .powf(1.0 / ROWS as f64)
            .max(1.01);
        let mut counts = [0; ROWS];
        for value in self.latencies.iter_recorded() {
            let row = (value.value_iterated_to() as f64 / lowest).log(ratio) as usize;
            counts[row.min(ROWS - 1)] += value.count_at_value();
        }
        let longest = counts.iter().copied().max().unwrap_or(0).max(1);
        let mut from_us = lowest / 1e3;
        for count in counts {
            let bar = "█".repeat((count * WIDTH).div_ceil(longest) as usize);
            writeln!(
                text,
                "{from_us:>12.1} us  {:>11}  {bar}",
                HumanCount(count).to_string()
            )?;
            from_us *= ratio;
        }
        Ok(())
    }

    fn write_memory(&self, text: &mut String) -> std::fmt::Result {
        let (Some(after), Some(open), Some(after_each)) = (
            self.memory_after,
            self.bytes_per_connection(self.memory_open),
            self.bytes_per_connection(self.memory_after),
        ) else {
            return write!(
                text,
                "server      memory unknown (not on this machine, or not ours to read)"
            );
        };
        write!(
            text,
            "server      {:.1} MB resident; a connection, idle: {} bytes before the traffic, {} after",
            after.resident as f64 / 1e6,
            HumanCount(open),
            HumanCount(after_each)
        )
    }
}
