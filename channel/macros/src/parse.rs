//! The grammar of the macro.
//!
//! ```text
//! select    := [biased ;] [arm {, arm} [,]]
//! arm       := pattern = future [, if condition] => body  |  default => body  |  else => body
//! ```
//!
//! One of the arms `default` and `else` is allowed, at any position. As in a `match`, the comma may be left out behind
//! a body that is a block. Each arm is read to its end whatever is wrong with it, so that the mistakes of the arms
//! behind it are found too.

use proc_macro::{Span, TokenStream};

use crate::mistake::Mistake;
use crate::piece::{Piece, pieces, tokens};
use crate::walk::{Part, Step, Walk};

/// The arms are nested types, and the compiler gives up at a depth of 128 where the crate does not raise it.
const MOST_ARMS: usize = 64;

const FORM: &str = "`pattern = future => expression`";
const GUARDED_FORM: &str = "`pattern = future, if condition => expression`";

/// Everything between the braces of the macro.
pub(crate) struct Select {
    pub(crate) biased: bool,
    pub(crate) arms: Vec<Arm>,
    pub(crate) otherwise: Option<Otherwise>,
}

/// An arm that waits.
pub(crate) struct Arm {
    pub(crate) pattern: TokenStream,
    pub(crate) future: TokenStream,
    pub(crate) guard: Option<TokenStream>,
    pub(crate) body: TokenStream,
    /// Where the compiler's messages about the future point to.
    pub(crate) place: Span,
}

/// The arm that does not wait.
pub(crate) struct Otherwise {
    pub(crate) kind: Kind,
    pub(crate) body: TokenStream,
}

/// When the arm that does not wait is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// If no other arm is ready at once.
    Default,
    /// If every other arm is switched off.
    Else,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Default => "default",
            Kind::Else => "else",
        }
    }
}

impl Select {
    /// Reads what the user wrote, or gives every mistake in it.
    pub(crate) fn parse(input: TokenStream) -> Result<Self, Vec<Mistake>> {
        let pieces = pieces(input);
        let mut parser = Parser {
            pieces: &pieces,
            index: 0,
            mistakes: Vec::new(),
        };
        let select = parser.select();
        if parser.mistakes.is_empty() {
            Ok(select)
        } else {
            Err(parser.mistakes)
        }
    }
}

struct Parser<'a> {
    pieces: &'a [Piece],
    index: usize,
    mistakes: Vec<Mistake>,
}

impl<'a> Parser<'a> {
    fn select(&mut self) -> Select {
        let mut select = Select {
            biased: self.biased(),
            arms: Vec::new(),
            otherwise: None,
        };
        while self.index < self.pieces.len() {
            let start = self.index;
            if let Some(kind) = self.otherwise_kind() {
                let otherwise = self.otherwise(kind);
                let word = &self.pieces[start];
                self.add_otherwise(&mut select, word, otherwise);
            } else if !self.stray() {
                let arm = self.arm();
                if select.arms.len() == MOST_ARMS {
                    let message = format!("one select takes up to {MOST_ARMS} arms: use `Select` for more");
                    self.mistakes
                        .push(Mistake::at(self.pieces[start].first_span(), message));
                }
                select.arms.extend(arm);
            }
        }
        select
    }

    fn biased(&mut self) -> bool {
        let biased = self.peek(0, "biased") && self.peek(1, ";");
        if biased {
            self.index = 2;
        } else if self.peek(0, "biased") {
            let after = self.pieces.get(1);
            if after.is_none_or(|piece| piece.is(",") || piece.word().is_some()) {
                self.mistake("expected `;` after `biased`, as in `biased; x = future => ..`");
                self.index = if self.peek(1, ",") { 2 } else { 1 };
            }
        }
        biased
    }

    /// Passes what can't begin an arm, and says so.
    fn stray(&mut self) -> bool {
        if self.peek(0, "biased") && self.peek(1, ";") {
            self.mistake("`biased;` stands once, before the first arm");
            self.index += 2;
        } else if self.peek(0, ",") || self.peek(0, ";") {
            let found = if self.peek(0, ",") { "," } else { ";" };
            self.mistake(format!("expected {FORM}, found `{found}`: remove it"));
            self.index += 1;
        } else {
            return false;
        }
        true
    }

    /// The kind of the arm that begins here, if it is one that does not wait.
    ///
    /// While `default` is a name like any other and may be the pattern of an arm, `else` never is.
    fn otherwise_kind(&self) -> Option<Kind> {
        let next = self.pieces.get(self.index + 1);
        let ends = next.is_none_or(|next| next.is_block() || next.is_any(&["=>", ",", "if"]));
        if self.peek(0, "default") && ends {
            Some(Kind::Default)
        } else if self.peek(0, "else") {
            Some(Kind::Else)
        } else {
            None
        }
    }

    fn otherwise(&mut self, kind: Kind) -> Option<Otherwise> {
        let word = kind.word();
        if self.peek(1, "=>") {
            self.index += 1;
            return self.body().map(|body| Otherwise { kind, body });
        }
        let message = if self.peek(1, "if") || self.peek(1, ",") && self.peek(2, "if") {
            format!("`{word}` takes no guard: write `{word} => expression`")
        } else {
            format!("expected `=>` after `{word}`, as in `{word} => expression`")
        };
        self.mistake(message);
        if self.peek(1, ",") && !self.peek(2, "if") {
            self.index += 2;
        } else {
            self.skip_to_body();
        }
        None
    }

    fn add_otherwise(&mut self, select: &mut Select, word: &Piece, new: Option<Otherwise>) {
        let Some(new) = new else { return };
        let message = match &select.otherwise {
            None => {
                select.otherwise = Some(new);
                return;
            }
            Some(old) if old.kind == new.kind => {
                format!("`{}` is given twice: keep one of them", new.kind.word())
            }
            Some(_) => "`else` is never taken beside `default`: remove one of them".to_owned(),
        };
        self.mistakes.push(Mistake::at(word.first_span(), message));
    }

    /// An arm that waits; without one there is a mistake, and the arm has been passed.
    fn arm(&mut self) -> Option<Arm> {
        let pattern = self.pattern()?;
        let equals = self.index - 1;
        let future = self.operand("future")?;
        if future.is_empty() {
            let written = &self.pieces[equals..=self.index];
            self.mistake_across(written, "expected a future between `=` and `=>`");
        }
        let guard = if self.peek(0, ",") {
            Some(self.guard()?)
        } else {
            None
        };
        let body = self.body()?;
        Some(Arm {
            pattern: tokens(pattern),
            place: future.first()?.first_span(),
            future: tokens(future),
            guard: guard.map(tokens),
            body,
        })
    }

    /// The pieces before the `=`, which is passed.
    fn pattern(&mut self) -> Option<&'a [Piece]> {
        let rest = &self.pieces[self.index..];
        let stops = ["=", "=>", ",", ";", "if"];
        let end = Walk::new(rest, Part::Pattern).find(|step| step.piece.is_any(&stops));
        let (index, found) = end.map_or((rest.len(), None), |step| (step.index, Some(step.piece)));
        let equals = found.is_some_and(|piece| piece.is("="));
        if rest[0].is("#") {
            self.mistake("an arm takes no attributes: remove this");
        } else if found.is_some_and(|piece| piece.is("if")) {
            let message = format!("the guard stands behind the future: {GUARDED_FORM}");
            self.mistake_across(&rest[index..=index], message);
        } else if !equals {
            let reason = if rest[0].is("_") && index == 1 {
                "an arm that does not wait is written `default => expression`"
            } else {
                "this arm has no `=`, write `_ = ` before a future whose output does not matter"
            };
            self.mistake_across(&rest[..index.max(1)], format!("expected {FORM}: {reason}"));
        } else if index == 0 {
            self.mistake("expected a pattern before `=`: write `_` if the output does not matter");
        } else {
            self.index += index + 1;
            return Some(&rest[..index]);
        }
        if found.is_some_and(|piece| piece.is_any(&[",", ";"])) {
            self.index += index + 1;
        } else {
            self.skip_to_body();
        }
        None
    }

    /// A future or a condition, up to the `=>` or `, if` behind it.
    fn operand(&mut self, name: &str) -> Option<&'a [Piece]> {
        let rest = &self.pieces[self.index..];
        let stops = ["=>", ",", ";"];
        let end = Walk::new(rest, Part::Expression)
            .find(|step| step.piece.is_any(&stops) || step.after_operand && step.piece.is("if"));
        let Some(Step { index, piece, .. }) = end else {
            let written = &self.pieces[self.index - 1..];
            self.mistake_across(written, format!("expected `=> expression` after the {name}"));
            self.index = self.pieces.len();
            return None;
        };
        self.index += index;
        if piece.is("=>") || piece.is(",") && self.peek(1, "if") && name == "future" {
            return Some(&rest[..index]);
        }
        if piece.is("if") {
            self.mistake(format!("expected `,` before the guard, as in {GUARDED_FORM}"));
            self.skip_to_body();
        } else {
            let found = piece.operator().unwrap_or_default();
            self.mistake(format!(
                "expected `=> expression` between the {name} and this `{found}`"
            ));
            self.index += 1;
        }
        None
    }

    /// The condition behind `, if`.
    fn guard(&mut self) -> Option<&'a [Piece]> {
        self.index += 2;
        let condition = self.operand("condition")?;
        if condition.is_empty() {
            let written = &self.pieces[self.index - 1..=self.index];
            self.mistake_across(written, "expected a condition between `if` and `=>`");
        }
        Some(condition)
    }

    /// The pieces behind the `=>` at the index, up to the end of the arm; the comma there is passed.
    fn body(&mut self) -> Option<TokenStream> {
        let start = self.index + 1;
        let rest = &self.pieces[start..];
        let continued = rest.get(1).is_some_and(|piece| piece.is(".") || piece.is("?"));
        let length = if rest.first().is_some_and(Piece::is_block) && !continued {
            1
        } else {
            self.expression_length(rest)
        };
        let empty = length == 0 || rest[0].is("=>");
        if empty {
            self.mistake("expected an expression after `=>`");
        }
        self.index = start + length;
        if self.peek(0, ";") && !empty {
            self.mistake("expected `,`: arms are separated by `,`, and statements need a block around them");
        }
        self.index += usize::from(self.peek(0, ",") || self.peek(0, ";"));
        (!empty).then(|| tokens(&rest[..length]))
    }

    /// How many of `pieces` are the body of an arm that is not a block.
    fn expression_length(&mut self, pieces: &[Piece]) -> usize {
        let mut next_arm = None;
        for step in Walk::new(pieces, Part::Expression) {
            let Step { index, piece, .. } = step;
            if piece.is(",") || piece.is(";") {
                return index;
            } else if step.after_operand && next_arm.is_none() && begins_arm(&pieces[index..]) {
                next_arm = Some(index);
            } else if piece.is("=>") && index > 0 {
                let (found, message) = match next_arm {
                    Some(next) => (next, "expected `,` between the arms, before this"),
                    None => (
                        index,
                        "expected `,` between the arms: this `=>` belongs to another one",
                    ),
                };
                self.mistake_across(&pieces[found..=found], message);
                let behind = &pieces[index + 1..];
                return next_arm.unwrap_or_else(|| index + 1 + self.expression_length(behind));
            }
        }
        pieces.len()
    }

    /// Passes the rest of an arm that is known to be wrong.
    fn skip_to_body(&mut self) {
        let rest = &self.pieces[self.index..];
        match rest.iter().position(|piece| piece.is("=>")) {
            Some(arrow) => {
                self.index += arrow;
                self.body();
            }
            None => self.index = self.pieces.len(),
        }
    }

    fn peek(&self, ahead: usize, text: &str) -> bool {
        self.pieces
            .get(self.index + ahead)
            .is_some_and(|piece| piece.is(text))
    }

    /// Adds a mistake at the current piece.
    fn mistake(&mut self, message: impl Into<String>) {
        let pieces = self.pieces;
        self.mistake_across(&pieces[self.index..=self.index], message);
    }

    /// Adds a mistake at all of `pieces`.
    fn mistake_across(&mut self, pieces: &[Piece], message: impl Into<String>) {
        self.mistakes.push(Mistake::across(pieces, message));
    }
}

/// Whether `pieces`, which follow a complete operand, can't continue its expression.
fn begins_arm(pieces: &[Piece]) -> bool {
    match pieces[0].word() {
        Some("as" | "in") => false,
        Some("else") => pieces.get(1).is_some_and(|piece| piece.is("=>")),
        Some(_) => true,
        None => pieces[0].is_literal(),
    }
}
