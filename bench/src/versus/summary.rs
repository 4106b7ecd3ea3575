//! All rows at a glance.

use console::style;

use super::grid::{Align, Grid};
use super::machine::counted;
use super::number::{factor, three_digits, with_unit};
use super::output::say;
use super::row::Row;
use super::table::good_or_bad;

/// The factor from which on canter is clearly ahead.
const CLEARLY_AHEAD: f64 = 1.5;

/// Prints canter and its best peer in each row, and how canter stands in all of them; and canter beside itself with other settings.
pub(super) fn print(rows: &[&Row]) {
    let (with_settings, rows): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.settings().next().is_some());
    if !rows.is_empty() {
        print_title("canter and its best peer");
        let mut grid = grid();
        for row in &rows {
            grid.line(cells(row));
        }
        say(grid);
        print_standing(&rows);
    }
    if !with_settings.is_empty() {
        print_title("canter and itself with other settings");
        let mut grid = grid();
        for row in &with_settings {
            row_with_settings(row).for_each(|cells| grid.line(cells));
        }
        say(grid);
        print_failures(&with_settings);
    }
}

fn print_title(title: &str) {
    say(format_args!("\n{}", style(title).bold().underlined()));
}

fn grid() -> Grid {
    Grid::new([Align::Left, Align::Right, Align::Right, Align::Left, Align::Right])
}

/// A line for each setting.
fn row_with_settings(row: &Row) -> impl Iterator<Item = [String; 5]> {
    let [name, ours, ..] = cells(row);
    row.settings().map(move |(line, spread)| {
        [
            name.clone(),
            ours.clone(),
            with_unit(spread.median, row.figure.unit),
            line.contender.into(),
            row.factor_to(&spread).map_or_else(|| "-".into(), factor),
        ]
    })
}

fn cells(row: &Row) -> [String; 5] {
    let value = |median: f64| with_unit(median, row.figure.unit);
    let ours = match row.ours().map(|line| &line.result) {
        Some(Ok(spread)) => value(spread.median),
        Some(Err(_)) => style("failed").red().to_string(),
        None => "-".into(),
    };
    let peer = row.best_peer();
    let ahead = row
        .factor()
        .map(|ahead| good_or_bad(ahead).apply_to(factor(ahead)).to_string());
    [
        row.name.clone(),
        ours,
        peer.map_or_else(|| "-".into(), |(_, spread)| value(spread.median)),
        peer.map_or_else(String::new, |(line, _)| line.contender.into()),
        ahead.unwrap_or_else(|| "-".into()),
    ]
}

fn print_standing(rows: &[&Row]) {
    let factors: Vec<f64> = rows.iter().filter_map(|row| row.factor()).collect();
    let at_least = |bound: f64| factors.iter().filter(|&&factor| factor >= bound).count();
    if let Some(mean) = geometric_mean(&factors) {
        say(format_args!(
            "  {} with a peer: {} at 1.0 or better, {} at {CLEARLY_AHEAD} or better, geometric mean {}",
            counted(factors.len(), "row"),
            at_least(1.0),
            at_least(CLEARLY_AHEAD),
            good_or_bad(mean).apply_to(three_digits(mean)),
        ));
    }
    print_failures(rows);
}

fn print_failures(rows: &[&Row]) {
    for row in rows.iter().filter(|row| row.ours_failed()) {
        say(style(format!("  canter failed in {}", row.name)).red());
    }
}

/// The mean of factors, if there is one: twice as good and half as good cancel out.
fn geometric_mean(factors: &[f64]) -> Option<f64> {
    let logarithms: f64 = factors.iter().map(|factor| factor.ln()).sum();
    (!factors.is_empty()).then(|| (logarithms / factors.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::geometric_mean;

    /// Twice as good and half as good is as good.
    #[test]
    fn the_mean_is_geometric() {
        let mean = geometric_mean(&[2.0, 0.5, 8.0]).expect("three factors");
        assert!((mean - 2.0).abs() < 1e-9);
        assert_eq!(geometric_mean(&[]), None);
    }
}
