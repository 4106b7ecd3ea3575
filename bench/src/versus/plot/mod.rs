//! The results as charts: SVG, one a row or a series.

mod bars;
mod lines;

use std::fs::{File, create_dir_all, remove_file};
use std::path::{Path, PathBuf};

use plotters::style::text_anchor::Pos;
use plotters::style::{Color, IntoFont, RGBColor, TextStyle};

use super::number::three_digits;

pub(super) use bars::bars;
pub(super) use lines::lines;

const WIDTH: u32 = 900;
const FONT: &str = "sans-serif";
const TITLE: u32 = 22;
const TEXT: u32 = 14;

const OURS: RGBColor = RGBColor(0x0b, 0x72, 0x85);
const PEER: RGBColor = RGBColor(0xb0, 0xbe, 0xc5);
const LIMIT: RGBColor = RGBColor(0xe6, 0xe6, 0xe6);
const INK: RGBColor = RGBColor(0x26, 0x32, 0x38);
const FAINT: RGBColor = RGBColor(0x60, 0x6c, 0x74);
const GRID: RGBColor = RGBColor(0xec, 0xef, 0xf1);
const ALARM: RGBColor = RGBColor(0xc6, 0x28, 0x28);

/// Makes the folder for the charts, and makes sure that files can be written there.
pub(super) fn make_folder(folder: &Path) -> Result<(), String> {
    let probe = folder.join(".versus");
    create_dir_all(folder)
        .and_then(|()| File::create(&probe))
        .and_then(|_| remove_file(&probe))
        .map_err(|error| format!("no chart can be written to {}: {error}", folder.display()))
}

/// The file of the chart with that name.
fn file(folder: &Path, name: &str) -> PathBuf {
    let safe = |char: char| {
        if char.is_alphanumeric() || char == '.' {
            char
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(safe).collect();
    folder.join(format!("{name}.svg"))
}

/// Text of that size and color.
fn text<'a>(size: u32, color: RGBColor) -> TextStyle<'a> {
    TextStyle {
        font: (FONT, size).into_font(),
        color: color.to_backend_color(),
        pos: Pos::default(),
    }
}

/// A number at an axis: without zeros that say nothing.
fn on_axis(value: f64) -> String {
    let text = three_digits(value);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

/// About how wide a text is.
fn width(text: &str, size: u32) -> u32 {
    // The widest letters of a sans-serif font apart, none is wider than six tenths of its height.
    text.chars().count() as u32 * size * 6 / 10
}

/// The text, cut off where there is no room for all of it.
fn cut(text: &str, size: u32, room: u32) -> String {
    let most = (room * 10 / (size * 6)) as usize;
    if text.chars().count() <= most {
        return text.into();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{cut, file, on_axis};

    /// A row's name becomes the name of one file.
    #[test]
    fn names_are_safe() {
        let path = file(Path::new("charts"), "channel/1:1/../128");
        assert_eq!(path, Path::new("charts/channel-1-1-..-128.svg"));
    }

    /// Only zeros behind the point go.
    #[test]
    fn numbers_at_axes_are_short() {
        assert_eq!([100.0, 50.0, 2.5, 0.0].map(on_axis), ["100", "50", "2.5", "0"]);
    }

    /// A text that has no room is cut, and says so.
    #[test]
    fn long_texts_are_cut() {
        assert_eq!(cut("short", 10, 100), "short");
        assert_eq!(cut("much too long", 10, 36), "much …");
    }
}
