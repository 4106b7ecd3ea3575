//! The numbers as plain text.

use crate::rows::{Order, Pair, Table, optional};
use crate::snapshot::Snapshot;

/// Everything there is to see of all runtimes.
pub fn report(before: &Snapshot, now: &Snapshot) -> String {
    let mut text = String::new();
    for runtime in 0..now.runtimes.len().max(1) {
        let pair = Pair::new(Some(before), now, runtime);
        for line in pair.header() {
            text += &format!("{line}\n");
        }
        text += &table(&pair.workers());
        text += "\nQueues\n";
        for level in pair.levels() {
            text += &format!("  {:<18}{}\n", level.name, optional(level.value));
        }
        text += &table(&pair.busiest());
        text += &table(&pair.waiting(Order::Longest));
    }
    text
}

fn table(table: &Table) -> String {
    let mut text = format!("\n{}\n", table.title);
    if table.rows.is_empty() {
        return text + "  " + table.empty + "\n";
    }
    let widths = widths(table);
    let header: Vec<String> = table.columns.iter().map(|&column| column.to_owned()).collect();
    for row in [&header].into_iter().chain(&table.rows) {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text += &format!("  {}\n", line.trim_end());
    }
    text
}

/// How wide each column is.
pub fn widths(table: &Table) -> Vec<usize> {
    let width = |column: usize| {
        let cells = table.rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).max(table.columns[column].len())
    };
    (0..table.columns.len()).map(width).collect()
}
