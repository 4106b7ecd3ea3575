//! A row: a bar a contender, the best one on top.

use std::error::Error;
use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea;
use plotters::element::{EmptyElement, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor, ShapeStyle, WHITE};

use super::{
    ALARM, FAINT, GRID, INK, LIMIT, OURS, PEER, TEXT, TITLE, WIDTH, cut, file, on_axis, text, width,
};
use crate::versus::number::Unit;
use crate::versus::row::{Line, Row, Spread};
use crate::versus::{Better, Kind};

/// The height of what is above the bars, of one bar with the room around it, and of the axis below them.
const HEAD: u32 = 72;
const BAR: u32 = 34;
const AXIS: u32 = 48;

const MARGIN: u32 = 20;

/// Draws a row.
pub(in crate::versus) fn bars(folder: &Path, row: &Row) -> Result<(), String> {
    let path = file(folder, &row.name);
    draw(&path, row).map_err(|error| format!("{} can't be drawn: {error}", path.display()))
}

fn draw(path: &Path, row: &Row) -> Result<(), Box<dyn Error>> {
    let count = row.lines.len();
    let height = HEAD + BAR * count as u32 + AXIS;
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let room = WIDTH - 2 * MARGIN;
    let at = |y: i32| (MARGIN as i32, y);
    root.draw(&Text::new(cut(&row.name, TITLE, room), at(14), text(TITLE, INK)))?;
    let way = match row.figure.better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
    };
    let spreads = || row.lines.iter().filter_map(|line| line.result.as_ref().ok());
    let smallest = spreads()
        .map(|spread| spread.median)
        .fold(f64::INFINITY, f64::min);
    let unit = Unit::readable(row.figure.unit, smallest);
    let about = format!("{}, {way}; bar: median, line: lowest to highest", unit.name);
    root.draw(&Text::new(cut(&about, TEXT, room), at(44), text(TEXT, FAINT)))?;

    let names_width = row.lines.iter().map(|line| width(&name(line), TEXT)).max();
    let names_width = names_width.unwrap_or(0) + 12;
    let largest = spreads().map(|spread| unit.count(spread.max)).fold(0.0, f64::max);
    // The value stands behind its bar.
    let plot_width = room - names_width;
    let value_width = spreads()
        .map(|spread| width(&unit.text(spread.median), TEXT))
        .max()
        .unwrap_or(0)
        + 16;
    let end = if largest > 0.0 { largest } else { 1.0 };
    let end = end * f64::from(plot_width) / f64::from(plot_width.saturating_sub(value_width).max(1));

    let (_, area) = root.split_vertically(HEAD);
    let mut chart = ChartBuilder::on(&area)
        .margin_left(MARGIN)
        .margin_right(MARGIN)
        .y_label_area_size(names_width)
        .x_label_area_size(AXIS)
        .build_cartesian_2d(0.0..end, 0.0..count as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_labels(6)
        .x_label_formatter(&|value| on_axis(*value))
        .x_desc(unit.name)
        .y_labels(0)
        .label_style(text(TEXT, INK))
        .axis_desc_style(text(TEXT, FAINT))
        .draw()?;
    for (index, line) in row.lines.iter().rev().enumerate() {
        let middle = |x: f64| (x, index as f64 + 0.5);
        let before = text(TEXT, INK).pos(Pos::new(HPos::Right, VPos::Center));
        chart.draw_series([EmptyElement::at(middle(0.0)) + Text::new(name(line), (-10, 0), before)])?;
        let behind = text(TEXT, INK).pos(Pos::new(HPos::Left, VPos::Center));
        let Spread { median, min, max } = match &line.result {
            Ok(spread) => *spread,
            Err(failed) => {
                let why = cut(&failed.to_string(), TEXT, plot_width - 8);
                let why = Text::new(why, (8, 0), behind.color(&ALARM));
                chart.draw_series([EmptyElement::at(middle(0.0)) + why])?;
                continue;
            }
        };
        let corners = [(0.0, index as f64), (unit.count(median), index as f64 + 1.0)];
        let mut bar = Rectangle::new(corners, color(line.kind).filled());
        bar.set_margin(6, 6, 0, 0);
        chart.draw_series([bar])?;
        let ink = ShapeStyle::from(&INK).stroke_width(1);
        let (low, high) = (unit.count(min), unit.count(max));
        chart.draw_series([PathElement::new([middle(low), middle(high)], ink)])?;
        let end_of_line = |x: f64| EmptyElement::at(middle(x)) + PathElement::new([(0, -4), (0, 4)], ink);
        chart.draw_series([end_of_line(low), end_of_line(high)])?;
        let value = Text::new(unit.text(median), (8, 0), behind);
        chart.draw_series([EmptyElement::at(middle(high)) + value])?;
    }
    root.present()?;
    Ok(())
}

fn name(line: &Line) -> String {
    match line.kind {
        Kind::Limit => format!("{} (limit)", line.contender),
        Kind::Ours | Kind::Peer | Kind::Setting => line.contender.into(),
    }
}

fn color(kind: Kind) -> RGBColor {
    match kind {
        Kind::Ours => OURS,
        Kind::Peer | Kind::Setting => PEER,
        Kind::Limit => LIMIT,
    }
}
