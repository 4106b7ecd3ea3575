//! A series in the terminal: a line a point, and for each contender what it costs and how that grows.

use console::style;

use super::Series;
use super::growth::Growth;
use crate::versus::grid::{Align, Grid};
use crate::versus::number::with_unit;
use crate::versus::output::say;
use crate::versus::row::{Line, Row};

/// Prints a series. The rows are those of each point.
pub(in crate::versus) fn print(series: &Series, points: &[u64], rows: &[Vec<Row>]) {
    for index in 0..series.figures.len() {
        let rows: Vec<&Row> = rows.iter().map(|rows| &rows[index]).collect();
        print_figure(series, series.figures[index].name, points, &rows);
    }
}

fn print_figure(series: &Series, figure: &str, points: &[u64], rows: &[&Row]) {
    let names: Vec<&str> = series
        .contenders
        .iter()
        .map(|contender| contender.name)
        .filter(|name| rows.iter().any(|row| line(row, name).is_some()))
        .collect();
    let columns: Vec<Vec<Option<f64>>> = names.iter().map(|name| costs(name, rows)).collect();
    let mut grid = Grid::new(vec![Align::Right; 1 + 2 * names.len()]);
    let mut head = vec![style(series.parameter).dim().to_string()];
    for name in &names {
        head.extend([style(name).bold().to_string(), style("growth").dim().to_string()]);
    }
    grid.line(head);
    let mut is_steep = false;
    let mut show = |growth: Option<Growth>| {
        is_steep |= growth.is_some_and(|growth| growth.is_steep);
        growth.map_or_else(String::new, text)
    };
    let cost_at = |column: &[Option<f64>], index: usize| {
        let point = points[index];
        Some((point, point as f64 * column[index]?))
    };
    for (index, row) in rows.iter().enumerate() {
        let mut cells = vec![points[index].to_string()];
        for column in &columns {
            let growth = index
                .checked_sub(1)
                .and_then(|before| Growth::between(cost_at(column, before)?, cost_at(column, index)?));
            let value = column[index].map(|value| with_unit(value, row.figure.unit));
            cells.extend([value.unwrap_or_else(|| "-".into()), show(growth)]);
        }
        grid.line(cells);
    }
    let mut overall = vec![style("overall").dim().to_string()];
    for column in &columns {
        let mut costs = (0..points.len()).filter_map(|index| cost_at(column, index));
        let (first, last) = (costs.next(), costs.next_back());
        let growth = first
            .zip(last)
            .and_then(|(first, last)| Growth::between(first, last));
        overall.extend([String::new(), show(growth)]);
    }
    grid.line(overall);
    if !figure.is_empty() {
        say(style(format!("  {figure}")).bold());
    }
    say(grid);
    if is_steep {
        say(style("  ! steeper than n log n").red());
    }
    for line in failures(rows) {
        say(format_args!("  {line}"));
    }
}

fn text(growth: Growth) -> String {
    let text = format!("n^{:.2}", growth.exponent);
    if growth.is_steep {
        style(format!("{text} !")).red().to_string()
    } else {
        style(format!("{text}  ")).dim().to_string()
    }
}

fn line<'a>(row: &'a Row, contender: &str) -> Option<&'a Line> {
    row.lines.iter().find(|line| line.contender == contender)
}

/// The medians of a contender at each point.
fn costs(contender: &str, rows: &[&Row]) -> Vec<Option<f64>> {
    let medians = rows
        .iter()
        .map(|row| Some(line(row, contender)?.result.as_ref().ok()?.median));
    medians.collect()
}

fn failures(rows: &[&Row]) -> Vec<String> {
    let failures = rows.iter().flat_map(|row| {
        row.lines.iter().filter_map(|line| {
            let failed = line.result.as_ref().err()?;
            Some(format!("{} {}: {failed}", row.name, line.contender))
        })
    });
    failures.collect()
}
