//! What is wrong in the input of the macro, reported where the user wrote it.

use proc_macro::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};

use crate::piece::Piece;
use crate::template::Template;

/// A message for the compiler to show at a range of the user's tokens.
pub(crate) struct Mistake {
    first: Span,
    last: Span,
    message: String,
}

impl Mistake {
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            first: span,
            last: span,
            message: message.into(),
        }
    }

    /// A mistake that spans all of `pieces`, of which there must be one at least.
    pub(crate) fn across(pieces: &[Piece], message: impl Into<String>) -> Self {
        Self {
            first: pieces[0].first_span(),
            last: pieces[pieces.len() - 1].last_span(),
            message: message.into(),
        }
    }

    /// The compiler's arrow runs from the first token of the call of `compile_error!` to its last.
    fn tokens(&self) -> TokenStream {
        let mut message = TokenTree::from(Literal::string(&self.message));
        message.set_span(self.last);
        let mut tokens = Template::new("::core::compile_error").fill(self.first, &[]);
        tokens.extend(Template::new("!($message)").fill(self.last, &[("message", &message.into())]));
        tokens
    }
}

/// A block that is nothing but errors. Its type is unknown to the compiler, so that no error follows from it.
pub(crate) fn report(mistakes: &[Mistake]) -> TokenStream {
    let mut errors = TokenStream::new();
    for (index, mistake) in mistakes.iter().enumerate() {
        if index > 0 {
            errors.extend(Template::new(";").fill(Span::mixed_site(), &[]));
        }
        errors.extend(mistake.tokens());
    }
    TokenTree::from(Group::new(Delimiter::Brace, errors)).into()
}
