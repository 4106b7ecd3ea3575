//! Which commas and operators belong to the macro, and which stand inside of a pattern or an expression.
//!
//! What is in brackets is a single piece, so two places remain where a comma is not the macro's: between the angle
//! brackets of generic arguments, and between the bars of a closure's parameters. Whether `<` and `|` open such a place
//! or are operators depends on what precedes them, as it does for the compiler: an operator follows a complete operand.

use crate::piece::Piece;

/// Keywords after which an operand, or the rest of one, is still to come.
const OPENING: [&str; 21] = [
    "as", "async", "break", "const", "dyn", "else", "for", "if", "impl", "in", "let", "loop", "match",
    "move", "mut", "ref", "return", "static", "unsafe", "while", "yield",
];

/// What is walked through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Pattern,
    Expression,
}

/// A walk over the pieces of one pattern or expression that leaves out what is nested.
pub(crate) struct Walk<'a> {
    pieces: &'a [Piece],
    part: Part,
    index: usize,
    /// Whether the pieces so far end with a complete operand.
    complete: bool,
    /// Whether the pieces so far end inside of the path of a type, where `<` is a bracket.
    in_type: bool,
}

/// A piece that is not nested.
pub(crate) struct Step<'a> {
    pub(crate) index: usize,
    pub(crate) piece: &'a Piece,
    /// Whether an operand ends right before this piece.
    pub(crate) after_operand: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(pieces: &'a [Piece], part: Part) -> Self {
        Self {
            pieces,
            part,
            index: 0,
            complete: false,
            in_type: false,
        }
    }

    /// The number of opening angle brackets in the piece at `index`.
    fn opened_angles(&self, index: usize) -> usize {
        let after_path = index > 0 && self.pieces[index - 1].is("::");
        if self.complete && !self.in_type && !after_path {
            return 0;
        }
        angles(&self.pieces[index])
    }

    /// Goes on behind the generic arguments that the piece at the index opens.
    fn skip_angles(&mut self, mut depth: usize) {
        while depth > 0 {
            self.index += 1;
            let Some(piece) = self.pieces.get(self.index).filter(|piece| !piece.is("=>")) else {
                return;
            };
            depth += angles(piece);
            depth = depth.saturating_sub(closed_angles(piece));
        }
        self.index += 1;
        self.complete = true;
    }

    /// Goes on behind the parameters of the closure that begins at the index.
    fn skip_parameters(&mut self) {
        let parameters = &self.pieces[self.index + 1..];
        let end = parameters
            .iter()
            .position(|piece| piece.is("|") || piece.is("=>"));
        self.index += 1 + end.unwrap_or(parameters.len());
        self.index += usize::from(self.pieces.get(self.index).is_some_and(|piece| piece.is("|")));
        self.complete = false;
    }

    fn pass(&mut self, piece: &Piece) {
        self.index += 1;
        self.in_type = match piece.word() {
            Some(word) => word == "as" || self.in_type,
            None => piece.is("->") || self.in_type && piece.is("::"),
        };
        self.complete = match (piece.word(), piece.operator()) {
            (Some(word), _) => !OPENING.contains(&word),
            (None, Some(operator)) => operator == "?",
            (None, None) => true,
        };
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        loop {
            let piece = self.pieces.get(self.index)?;
            let depth = self.opened_angles(self.index);
            if depth > 0 {
                self.skip_angles(depth);
            } else if piece.is("|") && !self.complete && self.part == Part::Expression {
                self.skip_parameters();
            } else {
                let step = Step {
                    index: self.index,
                    piece,
                    after_operand: self.complete,
                };
                self.pass(piece);
                return Some(step);
            }
        }
    }
}

/// The opening angle brackets in a piece that stands where one may be: an operator reads differently there.
fn angles(piece: &Piece) -> usize {
    match piece.operator() {
        Some("<") => 1,
        Some("<<") => 2,
        _ => 0,
    }
}

fn closed_angles(piece: &Piece) -> usize {
    match piece.operator() {
        Some(">" | ">=") => 1,
        Some(">>" | ">>=") => 2,
        _ => 0,
    }
}
