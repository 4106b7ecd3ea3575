//! What stands between the parentheses of an attribute: `workers = 2, crate = some::path`.

use proc_macro2::{Literal, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Ident, LitInt, Path, Result, Token, parse_quote, parse2};

const KNOWN: &str = "the options are `workers = <number>` and `crate = <path>`";

/// How the runtime is built, and where it comes from.
pub(crate) struct Options {
    /// Absent where the builder's own default holds.
    pub(crate) workers: Option<Literal>,
    /// The path of the facade crate.
    pub(crate) canter: Path,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut workers = None;
        let mut canter = None;
        while !input.is_empty() {
            let at = input.span();
            let name = Ident::parse_any(input)
                .map_err(|_| Error::new(at, format!("an option is written `name = value`: {KNOWN}")))?;
            match name.to_string().as_str() {
                "workers" => set(&mut workers, &name, parse_workers(value(input, &name)?)?)?,
                "crate" => set(&mut canter, &name, parse_crate(value(input, &name)?)?)?,
                unknown => return Err(Error::new(at, format!("unknown option `{unknown}`: {KNOWN}"))),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self {
            workers,
            canter: canter.unwrap_or_else(|| parse_quote!(::canter)),
        })
    }
}

fn set<T>(option: &mut Option<T>, name: &Ident, value: T) -> Result<()> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(
            name.span(),
            format!("`{name}` is given twice: keep one of them"),
        )),
    }
}

/// Everything up to the next comma, so that an error can point at the whole of a value that does not fit.
fn value(input: ParseStream<'_>, name: &Ident) -> Result<TokenStream> {
    let equals = input.parse::<Option<Token![=]>>()?;
    let mut value = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        value.extend([input.parse::<TokenTree>()?]);
    }
    if equals.is_none() || value.is_empty() {
        return Err(Error::new(
            name.span(),
            format!("`{name}` needs a value: {KNOWN}"),
        ));
    }
    Ok(value)
}

fn parse_workers(value: TokenStream) -> Result<Literal> {
    let Ok(number) = parse2::<LitInt>(value.clone()) else {
        let message = "`workers` takes a whole number, written out and without quotes, as in `workers = 2`";
        return Err(Error::new_spanned(value, message));
    };
    match number.base10_parse::<usize>() {
        Ok(workers) if workers > 0 => {
            let mut literal = Literal::usize_unsuffixed(workers);
            literal.set_span(number.span());
            Ok(literal)
        }
        Err(_) if !number.base10_digits().starts_with('-') => {
            Err(Error::new_spanned(value, "`workers` must fit into a `usize`"))
        }
        _ => Err(Error::new_spanned(
            value,
            "`workers` must be at least 1: leave the option out for the runtime's default",
        )),
    }
}

fn parse_crate(value: TokenStream) -> Result<Path> {
    Path::parse_mod_style.parse2(value.clone()).map_err(|_| {
        let message = "`crate` takes a path without quotes, as in `crate = my_crate::canter`";
        Error::new_spanned(value, message)
    })
}
