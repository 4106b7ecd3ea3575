//! A workload in the terminal: a line a contender.

use console::{Style, style};

use super::contest::Outcome;
use super::grid::{Align, Grid};
use super::machine::counted;
use super::number::{Unit, factor, three_digits};
use super::output::{say, wrapped};
use super::row::{Line, Row};
use super::{Figure, Kind, Workload};

/// Prints the name of something that was measured, and what it is.
pub(super) fn print_title(name: &str, about: &str, rounds: u16) {
    let rounds = counted(rounds.into(), "round");
    say(format_args!(
        "\n{}  {}",
        style(name).bold().underlined(),
        style(rounds).dim()
    ));
    say(style(wrapped(about)).dim());
}

/// Prints a workload.
pub(super) fn print(workload: &Workload, outcome: &Outcome) {
    print_title(&workload.name, &workload.about, outcome.rounds);
    for row in outcome.rows.iter().flatten() {
        print_row(row);
    }
}

fn print_row(row: &Row) {
    let Figure { name, unit, .. } = row.figure;
    let medians = row
        .lines
        .iter()
        .filter_map(|line| Some(line.result.as_ref().ok()?.median));
    let unit = Unit::readable(unit, medians.fold(f64::INFINITY, f64::min));
    let columns = [
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Left,
        Align::Right,
        Align::Left,
    ];
    let mut grid = Grid::new(columns);
    let dim = |text| style(text).dim().to_string();
    let title = style(name).bold().to_string();
    grid.line([
        title,
        dim("median"),
        dim("min"),
        dim("max"),
        String::new(),
        dim("canter is"),
        String::new(),
    ]);
    for line in &row.lines {
        grid.line(cells(row, line, unit));
    }
    say(grid);
    if let (Some((peer, _)), Some(ahead)) = (row.best_peer(), row.factor()) {
        let text = good_or_bad(ahead).apply_to(factor(ahead));
        say(format_args!(
            "  canter to the best peer, {}: {text}",
            peer.contender
        ));
    }
}

fn cells(row: &Row, line: &Line, unit: Unit) -> Vec<String> {
    let of_kind = match line.kind {
        Kind::Ours => Style::new().bold(),
        Kind::Peer | Kind::Setting => Style::new(),
        Kind::Limit => Style::new().dim(),
    };
    let paint = |text: String| of_kind.apply_to(text).to_string();
    let spread = match &line.result {
        Ok(spread) => spread,
        Err(failed) => {
            return vec![paint(line.contender.into()), style(failed).red().to_string()];
        }
    };
    let mut cells = vec![
        paint(line.contender.into()),
        paint(unit.text(spread.median)),
        unit.text(spread.min),
        unit.text(spread.max),
        unit.name.into(),
    ];
    let ahead = row.factor_to(spread);
    match line.kind {
        Kind::Ours => {}
        Kind::Peer | Kind::Setting => cells.extend([ahead.map_or_else(|| "-".into(), factor), String::new()]),
        Kind::Limit => {
            let reached = ahead.map_or_else(
                || "-".into(),
                |ahead| format!("{} %", three_digits(ahead * 100.0)),
            );
            cells.extend([reached, style("of this limit").dim().to_string()]);
        }
    }
    cells.resize(7, String::new());
    cells
}

/// How a factor looks: good where canter is at least as good.
pub(super) fn good_or_bad(factor: f64) -> Style {
    if factor >= 1.0 {
        Style::new().green().bold()
    } else {
        Style::new().red().bold()
    }
}
