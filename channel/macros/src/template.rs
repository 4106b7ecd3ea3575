//! Code with holes.

use proc_macro::{Group, Span, TokenStream, TokenTree};

/// Rust source in which `$name` stands for tokens that are filled in later.
pub(crate) struct Template(TokenStream);

impl Template {
    pub(crate) fn new(source: &str) -> Self {
        Self(source.parse().expect("a template consists of Rust tokens"))
    }

    /// The tokens of the template, all at `span`, around those of `holes`, which keep their own spans.
    pub(crate) fn fill(&self, span: Span, holes: &[(&str, &TokenStream)]) -> TokenStream {
        fill(self.0.clone(), span, holes)
    }
}

fn fill(template: TokenStream, span: Span, holes: &[(&str, &TokenStream)]) -> TokenStream {
    let mut filled = TokenStream::new();
    let mut tokens = template.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => {
                let name = tokens.next().map(|name| name.to_string()).unwrap_or_default();
                let (_, hole) = holes
                    .iter()
                    .find(|(hole, _)| *hole == name)
                    .expect("each hole of a template is filled");
                filled.extend((*hole).clone());
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), fill(group.stream(), span, holes));
                inner.set_span(span);
                filled.extend([TokenTree::from(inner)]);
            }
            mut other => {
                other.set_span(span);
                filled.extend([other]);
            }
        }
    }
    filled
}
