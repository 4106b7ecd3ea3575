//! The screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Row, Sparkline, Wrap};

use crate::app::{App, Panel};
use crate::rows::{Pair, Table, optional};
use crate::text::widths;

const HELP: &str = "q        quit
p        pause, and go on
s        sort what waits: the longest, or the most
Tab      the panel that the arrows scroll
↑ ↓      scroll; page up and down, home
r        the next runtime of the process
?        this help

Share of looks: about 200 times a second it is noted
whose task each worker polls. So it is a sample.";

pub fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let [main, footer] = frame
        .area()
        .layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]));
    let mut scrolled = app.scrolled;
    match app.pair() {
        Some(pair) => draw_numbers(frame, main, app, pair, &mut scrolled),
        None => {
            let waits = format!("waiting for a first answer from {}", app.path.display());
            let text = app.problem.clone().unwrap_or(waits);
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), main);
        }
    }
    app.scrolled = scrolled;
    draw_footer(frame, footer, app);
    if app.shows_help {
        draw_help(frame);
    }
}

fn draw_numbers(frame: &mut Frame<'_>, area: Rect, app: &App, pair: Pair<'_>, scrolled: &mut [usize; 3]) {
    let workers = pair.workers();
    let most = (area.height / 4).max(4);
    let height = (workers.rows.len() as u16).saturating_add(2).min(most);
    let [header, top, queues, middle, bottom] = area.layout(&Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(height),
        Constraint::Length(3),
        Constraint::Fill(2),
        Constraint::Fill(3),
    ]));
    frame.render_widget(Paragraph::new(pair.header().map(Line::from).to_vec()), header);
    draw_queues(frame, queues, app, pair);
    let panels = [
        (Panel::Workers, workers, top),
        (Panel::Busiest, pair.busiest(), middle),
        (Panel::Waiting, pair.waiting(app.order), bottom),
    ];
    for (panel, table, area) in panels {
        let offset = &mut scrolled[panel as usize];
        draw_table(frame, area, &table, panel == app.panel, offset);
    }
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, table: &Table, is_chosen: bool, offset: &mut usize) {
    let room = usize::from(area.height.saturating_sub(2));
    *offset = (*offset).min(table.rows.len().saturating_sub(room));
    let hidden = table.rows.len().saturating_sub(room);
    let mut title = table.title.to_owned();
    if hidden > 0 {
        let last = (*offset + room).min(table.rows.len());
        title += &format!(" ({} to {last} of {})", *offset + 1, table.rows.len());
    }
    let block = heading(title, is_chosen);
    if table.rows.is_empty() {
        frame.render_widget(Paragraph::new(table.empty).block(block), area);
        return;
    }
    let widths = shrunk(widths(table), usize::from(area.width));
    let row = |cells: &[String]| {
        let fitted = cells.iter().zip(&widths).map(|(cell, &width)| fit(cell, width));
        Row::new(fitted.collect::<Vec<_>>())
    };
    let columns: Vec<String> = table.columns.iter().map(|&column| column.to_owned()).collect();
    let rows = table.rows.iter().skip(*offset).map(|cells| row(cells));
    let constraints = widths.iter().map(|&width| Constraint::Length(width as u16));
    let widget = ratatui::widgets::Table::new(rows, constraints)
        .header(row(&columns).style(Style::new().add_modifier(Modifier::DIM)))
        .column_spacing(1)
        .block(block);
    frame.render_widget(widget, area);
}

fn heading(title: String, is_chosen: bool) -> Block<'static> {
    let style = if is_chosen {
        Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED)
    } else {
        Style::new().add_modifier(Modifier::BOLD)
    };
    Block::new()
        .borders(Borders::TOP)
        .title(Line::styled(format!(" {title} "), style))
}

/// Makes the last columns narrower, the last one first but never to less than a third of the screen, until all fit.
fn shrunk(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    let least = room / 3;
    let gaps = widths.len().saturating_sub(1);
    for column in (0..widths.len()).rev() {
        let too_wide = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
        let can_go = widths[column].saturating_sub(least);
        widths[column] -= too_wide.min(can_go);
    }
    widths
}

/// The end of a text that is too long: of a place it tells the most.
fn fit(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let end = text.chars().skip(length - width.saturating_sub(1));
    std::iter::once('…').chain(end).take(width).collect()
}

fn draw_queues(frame: &mut Frame<'_>, area: Rect, app: &App, pair: Pair<'_>) {
    let block = heading("Queues".to_owned(), false);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let thirds: [Rect; 3] = inner.layout(&Layout::horizontal([Constraint::Fill(1); 3]).spacing(1));
    for (index, level) in pair.levels().into_iter().enumerate() {
        let third = thirds[index % 3];
        let row = (index / 3) as u16;
        if row >= third.height {
            return;
        }
        let text = format!("{} {} ", level.name, optional(level.value));
        let width = (text.chars().count() as u16).min(third.width);
        let line = Rect::new(third.x, third.y + row, third.width, 1);
        frame.render_widget(Paragraph::new(text), Rect { width, ..line });
        if let Some(past) = app.past.get(index) {
            let rest = Rect::new(line.x + width, line.y, line.width - width, 1);
            let oldest_first: Vec<u64> = past.iter().take(usize::from(rest.width)).rev().copied().collect();
            frame.render_widget(Sparkline::default().data(oldest_first), rest);
        }
    }
}

fn draw_footer(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let text = match (&app.problem, app.is_paused) {
        (Some(problem), _) if app.now.is_some() => format!("{problem} (it is tried again)"),
        (_, true) => "PAUSED: p goes on | q quit | ? help".to_owned(),
        _ => "q quit | p pause | s sort | Tab panel | ↑↓ scroll | ? help".to_owned(),
    };
    let style = Style::new().add_modifier(Modifier::REVERSED);
    frame.render_widget(Paragraph::new(text).style(style), area);
}

fn draw_help(frame: &mut Frame<'_>) {
    let height = HELP.lines().count() as u16 + 2;
    let area = frame
        .area()
        .centered(Constraint::Length(56), Constraint::Length(height));
    frame.render_widget(Clear, area);
    let block = Block::bordered().title(" canter-top ");
    frame.render_widget(Paragraph::new(HELP).block(block), area);
}
