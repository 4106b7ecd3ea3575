//! What the program says on its standard output.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process;

use textwrap::{Options, WordSplitter, fill, termwidth};

/// What a shell says of a program that a closed pipe has ended: 128 and the number of the signal.
const ENDED_BY_CLOSED_PIPE: i32 = 141;

/// Says a text, and ends its last line. Ends the program where that can't be done: without a word if the reader is gone.
pub(super) fn say(text: impl Display) {
    let mut output = io::stdout().lock();
    let said = writeln!(output, "{text}").and_then(|()| output.flush());
    match said {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(ENDED_BY_CLOSED_PIPE),
        Err(error) => {
            eprintln!("error: the standard output: {error}");
            process::exit(2);
        }
    }
}

/// The text in lines as wide as the terminal, or 80 letters where there is none, all of them indented.
pub(super) fn wrapped(text: &str) -> String {
    let indent = "  ";
    let options = Options::new(termwidth())
        .initial_indent(indent)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    fill(text, options)
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    /// Shows that a long text is broken between words, that each line is indented, and that names stay whole.
    #[test]
    fn long_texts_are_wrapped() {
        let text = "async-executor, ".repeat(20);
        let wrapped = wrapped(text.trim());
        assert!(wrapped.lines().count() > 1, "{wrapped}");
        for line in wrapped.lines() {
            let words = line.strip_prefix("  ").expect("an indented line").split(' ');
            assert!(
                words
                    .map(|word| word.trim_end_matches(','))
                    .all(|word| word == "async-executor"),
                "{line}"
            );
        }
    }
}
