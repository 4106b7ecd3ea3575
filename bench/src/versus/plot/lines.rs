//! A series: a line a contender, both axes logarithmic.

use std::error::Error;
use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::chart::ChartBuilder;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange};
use plotters::drawing::IntoDrawingArea;
use plotters::element::{Circle, PathElement, Text};
use plotters::series::LineSeries;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor, ShapeStyle, WHITE};

use super::{FAINT, GRID, INK, OURS, TEXT, TITLE, WIDTH, cut, file, on_axis, text, width};
use crate::versus::number::Unit;
use crate::versus::row::Row;
use crate::versus::scale::Series;

const HEIGHT: u32 = 540;
const HEAD: u32 = 72;
const MARGIN: u32 = 20;

/// The colours of the peers, in their order.
const PEERS: [RGBColor; 6] = [
    RGBColor(0xe0, 0x7a, 0x1f),
    RGBColor(0x6a, 0x3d, 0x9a),
    RGBColor(0xb1, 0x59, 0x28),
    RGBColor(0x33, 0x8a, 0x3e),
    RGBColor(0xd8, 0x43, 0x8c),
    RGBColor(0x5c, 0x6b, 0x73),
];

/// Draws a series: a chart a figure. The rows are those of each point.
pub(in crate::versus) fn lines(
    folder: &Path,
    series: &Series,
    points: &[u64],
    rows: &[Vec<Row>],
) -> Result<(), String> {
    series.figures.iter().enumerate().try_for_each(|(index, figure)| {
        let name = format!("scale/{} {}", series.name, figure.name);
        let rows: Vec<&Row> = rows.iter().map(|rows| &rows[index]).collect();
        let path = file(folder, name.trim());
        draw(&path, name.trim(), series, points, &rows)
            .map_err(|error| format!("{} can't be drawn: {error}", path.display()))
    })
}

/// The medians of a contender, where it has some.
fn medians(contender: &str, points: &[u64], rows: &[&Row]) -> Vec<(f64, f64)> {
    let of_points = points.iter().zip(rows).filter_map(|(&point, row)| {
        let line = row.lines.iter().find(|line| line.contender == contender)?;
        let median = line.result.as_ref().ok()?.median;
        (median > 0.0).then_some((point as f64, median))
    });
    of_points.collect()
}

fn draw(
    path: &Path,
    name: &str,
    series: &Series,
    points: &[u64],
    rows: &[&Row],
) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (WIDTH, HEIGHT)).into_drawing_area();
    root.fill(&WHITE)?;
    let (room, left) = (WIDTH - 2 * MARGIN, MARGIN as i32);
    root.draw(&Text::new(cut(name, TITLE, room), (left, 14), text(TITLE, INK)))?;

    let contenders = series.contenders.iter().map(|contender| contender.name);
    let curves: Vec<(&str, Vec<(f64, f64)>)> = contenders
        .filter(|name| {
            rows.iter()
                .any(|row| row.lines.iter().any(|line| line.contender == *name))
        })
        .map(|name| (name, medians(name, points, rows)))
        .collect();
    let values = || {
        curves
            .iter()
            .flat_map(|(_, curve)| curve)
            .map(|(_, value)| *value)
    };
    let (low, high) = (
        values().fold(f64::INFINITY, f64::min),
        values().fold(0.0, f64::max),
    );
    let (low, high) = if low < high {
        (low, high)
    } else {
        (high.max(1.0) / 2.0, high.max(1.0))
    };
    let unit = Unit::readable(rows.first().map_or("", |row| row.figure.unit), low);
    let about = format!(
        "{} for each, by the number of {}; lower is better",
        unit.name, series.parameter
    );
    root.draw(&Text::new(cut(&about, TEXT, room), (left, 44), text(TEXT, FAINT)))?;

    let names_width = curves
        .iter()
        .map(|(name, _)| width(name, TEXT))
        .max()
        .unwrap_or(0)
        + 50;
    let (_, area) = root.split_vertically(HEAD);
    let numbers: Vec<f64> = points.iter().map(|&point| point as f64).collect();
    let first = numbers.first().copied().unwrap_or(1.0);
    let last = numbers.last().copied().unwrap_or(first);
    let (bottom, top) = (unit.count(low) / 1.5, unit.count(high) * 1.5);
    let mut chart = ChartBuilder::on(&area)
        .margin_left(MARGIN)
        .margin_right(names_width)
        .y_label_area_size(80)
        .x_label_area_size(56)
        .build_cartesian_2d(
            (first / 1.3..last * 1.3).log_scale().with_key_points(numbers),
            (bottom..top).log_scale().with_key_points(marks(bottom, top)),
        )?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_label_formatter(&|value| on_axis(*value))
        .y_label_formatter(&|value| on_axis(*value))
        .x_desc(series.parameter)
        .y_desc(unit.name)
        .label_style(text(TEXT, INK))
        .axis_desc_style(text(TEXT, FAINT))
        .draw()?;
    for (number, (name, curve)) in curves.iter().enumerate() {
        let color = color(name, number);
        let stroke = ShapeStyle::from(&color).stroke_width(if color == OURS { 3 } else { 2 });
        let curve = || curve.iter().map(|&(x, y)| (x, unit.count(y)));
        chart.draw_series(LineSeries::new(curve(), stroke))?;
        chart.draw_series(curve().map(|at| Circle::new(at, 3, color.filled())))?;
        let (x, y) = (
            (WIDTH - names_width) as i32 + 14,
            HEAD as i32 + 14 + 24 * number as i32,
        );
        root.draw(&PathElement::new([(x, y), (x + 18, y)], stroke))?;
        let beside = text(TEXT, INK).pos(Pos::new(HPos::Left, VPos::Center));
        root.draw(&Text::new(name.to_string(), (x + 24, y), beside))?;
    }
    root.present()?;
    Ok(())
}

/// What is marked on a logarithmic axis: one, two and five of each power of ten.
fn marks(bottom: f64, top: f64) -> Vec<f64> {
    let powers = bottom.log10().floor() as i32..=top.log10().ceil() as i32;
    let marks = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
    marks.filter(|mark| (bottom..=top).contains(mark)).collect()
}

/// The colour of the contender with that number.
fn color(name: &str, number: usize) -> RGBColor {
    if name == "canter" {
        OURS
    } else {
        PEERS[number % PEERS.len()]
    }
}
