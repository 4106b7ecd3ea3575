//! Tokens as the grammar of the macro sees them: `=>` and `..=` are one piece each.

use proc_macro::{Delimiter, Spacing, Span, TokenStream, TokenTree};

/// Every operator of more than one character. Where one begins like another, the longer comes first.
const OPERATORS: [&str; 24] = [
    "<<=", ">>=", "...", "..=", "=>", "==", "!=", "<=", ">=", "->", "::", "..", "&&", "||", "<<", ">>", "+=",
    "-=", "*=", "/=", "%=", "^=", "&=", "|=",
];

/// One or more tokens that the compiler reads as a unit.
pub(crate) struct Piece {
    kind: Kind,
    tokens: Vec<TokenTree>,
}

enum Kind {
    /// A keyword or an identifier.
    Word(String),
    Operator(String),
    Literal,
    /// What stands in braces.
    Block,
    /// What stands in other brackets, or was one fragment in a macro of the user.
    Group,
}

impl Piece {
    /// Whether this is the keyword, identifier or operator `text`.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(&self.kind, Kind::Word(own) | Kind::Operator(own) if own == text)
    }

    pub(crate) fn is_any(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.is(text))
    }

    pub(crate) fn is_block(&self) -> bool {
        matches!(self.kind, Kind::Block)
    }

    pub(crate) fn is_literal(&self) -> bool {
        matches!(self.kind, Kind::Literal)
    }

    pub(crate) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn operator(&self) -> Option<&str> {
        match &self.kind {
            Kind::Operator(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn first_span(&self) -> Span {
        self.tokens[0].span()
    }

    pub(crate) fn last_span(&self) -> Span {
        self.tokens[self.tokens.len() - 1].span()
    }
}

/// Groups the tokens of the macro's input into pieces; what stands in brackets is one piece and stays unread.
pub(crate) fn pieces(input: TokenStream) -> Vec<Piece> {
    let tokens: Vec<TokenTree> = input.into_iter().collect();
    let mut rest = tokens.as_slice();
    let mut pieces = Vec::new();
    while let Some(token) = rest.first() {
        let kind = match token {
            TokenTree::Ident(word) => Kind::Word(word.to_string()),
            TokenTree::Literal(_) => Kind::Literal,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Kind::Block,
            TokenTree::Group(_) => Kind::Group,
            TokenTree::Punct(_) => Kind::Operator(operator(rest)),
        };
        let length = match &kind {
            Kind::Operator(text) => text.len(),
            _ => 1,
        };
        let (tokens, after) = rest.split_at(length);
        pieces.push(Piece {
            kind,
            tokens: tokens.to_vec(),
        });
        rest = after;
    }
    pieces
}

/// The tokens of `pieces`, as they were written.
pub(crate) fn tokens(pieces: &[Piece]) -> TokenStream {
    pieces
        .iter()
        .flat_map(|piece| piece.tokens.iter().cloned())
        .collect()
}

/// The longest operator at the beginning of `tokens`, which begin with a punctuation character.
fn operator(tokens: &[TokenTree]) -> String {
    let mut run = String::new();
    for token in tokens {
        let TokenTree::Punct(punct) = token else { break };
        run.push(punct.as_char());
        if punct.spacing() == Spacing::Alone {
            break;
        }
    }
    let known = OPERATORS.iter().find(|operator| run.starts_with(**operator));
    known.map_or_else(
        || run.chars().take(1).collect(),
        |operator| (*operator).to_owned(),
    )
}
