//! Text in columns.

use std::fmt;

use console::measure_text_width;

/// How the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// At the column's left edge.
    Left,
    /// At the column's right edge.
    Right,
}

/// Lines of cells, each column as wide as its widest cell. Colours take no room. The last line is not ended.
#[derive(Debug)]
pub(super) struct Grid {
    columns: Vec<Align>,
    lines: Vec<Vec<String>>,
}

impl Grid {
    /// A grid with these columns, and no line.
    pub(super) fn new(columns: impl Into<Vec<Align>>) -> Grid {
        Grid {
            columns: columns.into(),
            lines: Vec::new(),
        }
    }

    /// Adds a line. The last cell of one with fewer cells than columns runs on over those that are not there.
    pub(super) fn line<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.lines.push(cells.into_iter().map(Into::into).collect());
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.lines.iter().filter_map(|line| {
            let runs_on = column + 1 == line.len() && line.len() < self.columns.len();
            line.get(column).filter(|_| !runs_on)
        });
        cells.map(|cell| measure_text_width(cell)).max().unwrap_or(0)
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        for (index, line) in self.lines.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let mut text = String::new();
            for (number, cell) in line.iter().enumerate() {
                let blanks = " ".repeat(widths[number].saturating_sub(measure_text_width(cell)));
                let runs_on = number + 1 == line.len() && line.len() < self.columns.len();
                text += "  ";
                match self.columns[number] {
                    Align::Right if !runs_on => text += &(blanks + cell),
                    _ => text.extend([&**cell, &blanks]),
                }
            }
            f.write_str(text.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Align, Grid};

    /// Columns are as wide as they must be, and a text that runs on widens none.
    #[test]
    fn columns_are_aligned() {
        let mut grid = Grid::new([Align::Left, Align::Right, Align::Right]);
        grid.line(["a", "1", "22"]);
        grid.line(["long", "333", "4"]);
        grid.line(["b", "failed, and why is a long story"]);
        let expected = "  a       1  22\n  long  333   4\n  b     failed, and why is a long story";
        assert_eq!(grid.to_string(), expected);
    }
}
