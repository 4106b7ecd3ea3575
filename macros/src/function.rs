//! The function under an attribute: how it is read, what must hold of it, and what it becomes.

use std::fmt::{self, Display, Formatter};

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, Error, FnArg, Generics, LitStr, Result, ReturnType, Safety, Signature, Token, Visibility,
    parse_quote, token,
};

use crate::options::Options;

/// Which attribute stands on the function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Main,
    Test,
}

impl Display for Role {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Role::Main => "#[canter::main]",
            Role::Test => "#[canter::test]",
        })
    }
}

/// A function under an attribute.
///
/// The body stays the tokens that were written, unread: the compiler and the editor read them anyway, and say better
/// than a failed expansion what is wrong in unfinished code.
pub(crate) struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: TokenStream,
}

impl Function {
    /// Reads the item under the attribute of `role`; anything but a function with a body is an error.
    pub(crate) fn parse(role: Role, item: TokenStream) -> Result<Self> {
        let read = |input: ParseStream<'_>| {
            let attributes = input.call(Attribute::parse_outer)?;
            let visibility = input.parse()?;
            if !starts_function(input) {
                return Err(input.error(format!("`{role}` goes on an `async fn`, and this is none")));
            }
            let signature = input.parse()?;
            if !input.peek(token::Brace) {
                return Err(input.error(format!("a function under `{role}` needs a body")));
            }
            let body = input.parse()?;
            Ok(Self {
                attributes,
                visibility,
                signature,
                body,
            })
        };
        read.parse2(item)
    }

    /// Everything that keeps the function from being expanded, each error at its own place.
    pub(crate) fn check(&self, role: Role) -> Result<()> {
        let Signature {
            constness,
            asyncness,
            safety,
            abi,
            fn_token,
            generics,
            inputs,
            ..
        } = &self.signature;
        let mut errors: Option<Error> = None;
        let mut must = |place: &dyn ToTokens, rule: &str| {
            let error = Error::new_spanned(place, format!("a function under `{role}` {rule}"));
            match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            }
        };
        if asyncness.is_none() {
            must(fn_token, "must be async: write `async fn`");
        }
        for modifier in [constness as &dyn ToTokens, safety, abi].map(ToTokens::to_token_stream) {
            if !modifier.is_empty() {
                must(&modifier, &format!("can't be `{modifier}`: remove this"));
            }
        }
        for generics in [
            generics.params.to_token_stream(),
            generics.where_clause.to_token_stream(),
        ] {
            if !generics.is_empty() {
                must(&generics, "can't be generic");
            }
        }
        if !inputs.is_empty() {
            must(inputs, "takes no arguments");
        }
        let kind = match role {
            Role::Main => "program",
            Role::Test => "test",
        };
        for repeated in self
            .attributes
            .iter()
            .filter(|attribute| makes_entry_point(attribute))
        {
            must(repeated, &format!("is a {kind} already: remove this attribute"));
        }
        errors.map_or(Ok(()), Err)
    }

    /// The plain function that runs the async one on a runtime of its own.
    ///
    /// The async function moves inside the plain one unchanged, under its own name: its types are inferred and its
    /// mistakes reported as if no attribute were there, and its body sees no name that was not written.
    pub(crate) fn expand(&self, role: Role, options: &Options) -> TokenStream {
        let Options { workers, canter } = options;
        let name = &self.signature.ident;
        let workers = workers.iter();
        // Not even a function called `runtime` meets the variables of this block.
        let hidden = Span::mixed_site();
        let failed = match role {
            Role::Main => quote_spanned!(hidden=> {
                ::std::eprintln!("canter: the runtime could not be started: {error}");
                ::std::process::exit(1)
            }),
            Role::Test => quote_spanned! {hidden=>
                ::core::panic!("canter: the runtime could not be started: {error}")
            },
        };
        let dumps = (role == Role::Main).then(|| quote_spanned!(hidden=> .dump_on_signal(true)));
        let run = quote_spanned! {hidden=>
            match #canter::runtime::Builder::new()#(.workers(#workers))* #dumps.build() {
                ::core::result::Result::Ok(runtime) => runtime.block_on(#name()),
                ::core::result::Result::Err(error) => #failed,
            }
        };
        let outer = Signature {
            asyncness: None,
            ..self.signature.clone()
        };
        self.nest(role, &outer, &self.signature, &run)
    }

    /// What stands in for a function that has errors, so that they are the only ones: callers find the name and the
    /// return type, and the body is checked as the body of an async function.
    pub(crate) fn stand_in(&self, role: Role) -> TokenStream {
        if self.signature.receiver().is_some() {
            let Self {
                attributes,
                visibility,
                signature,
                body,
            } = self;
            return quote!(#(#attributes)* #visibility #signature #body);
        }
        let mut outer = Signature {
            constness: None,
            asyncness: None,
            safety: Safety::Default,
            abi: None,
            variadic: None,
            ..self.signature.clone()
        };
        let inner = Signature {
            asyncness: Some(Token![async](outer.fn_token.span)),
            safety: self.signature.safety.clone(),
            ..outer.clone()
        };
        if role == Role::Test || outer.ident == "main" {
            // Nobody passes anything to these, and the compiler would say so once more.
            if !outer.generics.params.is_empty() {
                outer.output = ReturnType::Default;
            }
            outer.generics = Generics::default();
            outer.inputs.clear();
        }
        for input in &mut outer.inputs {
            if let FnArg::Typed(input) = input {
                *input.pat = parse_quote!(_);
            }
        }
        self.nest(role, &outer, &inner, &quote!(::core::unreachable!()))
    }

    fn nest(&self, role: Role, outer: &Signature, inner: &Signature, run: &TokenStream) -> TokenStream {
        let Self {
            attributes,
            visibility,
            body,
            ..
        } = self;
        let attributes = attributes
            .iter()
            .filter(|attribute| !makes_entry_point(attribute));
        let test = (role == Role::Test).then(|| quote!(#[::core::prelude::v1::test]));
        quote! {
            #test
            #(#attributes)*
            #visibility #outer {
                #inner #body
                #run
            }
        }
    }
}

/// Whether only modifiers stand before the word `fn`.
fn starts_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while !ahead.peek(Token![fn]) {
        let modifier = ahead.peek(Token![const])
            || ahead.peek(Token![async])
            || ahead.peek(Token![unsafe])
            || ahead.peek(Token![extern])
            || ahead.peek(LitStr);
        if !modifier || ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    true
}

/// Whether the attribute would make a program or a test of the function once more.
fn makes_entry_point(attribute: &Attribute) -> bool {
    const ENTRY_POINTS: [&str; 5] = [
        "test",
        "core::prelude::v1::test",
        "std::prelude::v1::test",
        "canter::test",
        "canter::main",
    ];
    let segments: Vec<String> = attribute
        .path()
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    ENTRY_POINTS.contains(&segments.join("::").as_str())
}
