//! What the macro becomes.
//!
//! The patterns of the user stand in two places: in the loop, where they only find out whether an output matches, and
//! in the final `match`, behind everything that was borrowed to wait, where the bodies are. An output that does not
//! match was the last of its arm, and the loop goes on with the others.
//!
//! The futures, and the temporaries in their expressions, live in the scrutinee of the first `match`: its end drops
//! them. The `allow`s stand where no code of the user is, other than the patterns in the loop, which are checked in the
//! end anyway.
//!
//! In the loop each pattern has a guard that is always false, and that notes that it was reached. A guard sees the
//! names of its pattern by reference, so nothing is moved out of the output, whatever the pattern binds.

use proc_macro::{Delimiter, Ident, Span, TokenStream, TokenTree, token_stream};

use crate::mistake::Mistake;
use crate::parse::{Arm, Kind, Otherwise, Select};
use crate::template::Template;

const SELECT: &str = "{
    #[allow(unused_imports, reason = \"channel operations have the method themselves\")]
    use $library::__private::IntoArm as _;
    let output = match $library::__private::Select::new(
        $library::__private::Order::$order,
        $library::__private::Otherwise::$otherwise,
        $arms,
    ) {
        select => {
            let mut select = ::core::pin::pin!(select);
            loop {
                #[allow(unused_mut, reason = \"a pattern may borrow it mutably\")]
                let mut output = $next;
                let mut matched = false;
                #[allow(unused_mut, unused_variables, reason = \"the patterns only find out whether they match\")]
                match output {
                    $probes
                    _ => {}
                }
                if matched {
                    break output;
                }
            }
        }
    };
    #[allow(unused_mut, reason = \"a pattern may borrow it mutably\")]
    let mut output = output;
    match output {
        $branches
        #[allow(unreachable_patterns, reason = \"the patterns may match everything\")]
        _ => ::core::unreachable!(\"an output that does not match switches its arm off\"),
    }
}";

const AWAIT: &str = "$library::__private::next(select.as_mut()).await";
const BLOCK_ON: &str = "$library::__private::block_on($library::__private::next(select.as_mut()))";

const ARMS: &str = "$library::__private::Arms($arm, $rest)";
const ARM: &str = "::core::option::Option::Some(($future).__into_arm())";
const GUARDED_ARM: &str = "if $guard { $arm } else { ::core::option::Option::None }";
const NO_ARM: &str = "$library::__private::NoArm";

const FIRST: &str = "$library::__private::Output::First($pattern)";
const REST: &str = "$library::__private::Output::Rest($pattern)";
const NOTHING_READY: &str = "$library::__private::NothingReady";

const PROBE: &str = "$pattern if { matched = true; false } => ::core::unreachable!(),";
const BRANCH: &str = "$pattern => $body,";

/// How the library calls the macro.
pub(crate) struct Call {
    library: TokenStream,
    /// The span of `$crate`, and of everything that the user did not write. As a call of `select!` is one expansion of
    /// its own, the variables here and those of the user don't meet; and a path that begins with `$crate` has one
    /// origin from end to end, by which lints see that it comes from a macro.
    site: Span,
    next: &'static str,
}

impl Call {
    /// Reads the two groups that precede what the user wrote.
    pub(crate) fn parse(input: &mut token_stream::IntoIter) -> Result<Self, Mistake> {
        let (Some(library), Some(mode)) = (group(input), group(input)) else {
            return Err(not_the_library());
        };
        let site = library.clone().into_iter().next().map(|token| token.span());
        let next = match mode.to_string().as_str() {
            "await" => AWAIT,
            "blocking" => BLOCK_ON,
            _ => return Err(not_the_library()),
        };
        let site = site.ok_or_else(not_the_library)?;
        Ok(Self { library, site, next })
    }

    pub(crate) fn expand(&self, select: Select) -> TokenStream {
        let here = self.site;
        let depth = select.arms.len();
        let mut arms = self.fill(NO_ARM, here, &[]);
        for arm in select.arms.iter().rev() {
            let rest = arms;
            arms = self.fill(ARMS, here, &[("arm", &self.arm(arm)), ("rest", &rest)]);
        }
        let mut probes = TokenStream::new();
        let mut branches = TokenStream::new();
        let mut branch = |pattern: &TokenStream, body: &TokenStream| {
            probes.extend(self.fill(PROBE, here, &[("pattern", pattern)]));
            branches.extend(self.fill(BRANCH, here, &[("pattern", pattern), ("body", body)]));
        };
        for (index, arm) in select.arms.iter().enumerate() {
            let first = self.fill(FIRST, here, &[("pattern", &self.pattern(arm))]);
            branch(&self.nest(first, index), &arm.body);
        }
        if let Some(Otherwise { body, .. }) = &select.otherwise {
            branch(&self.nest(self.fill(NOTHING_READY, here, &[]), depth), body);
        }
        let order = word(if select.biased { "Biased" } else { "Random" });
        let otherwise = word(match select.otherwise.map(|otherwise| otherwise.kind) {
            None => "Wait",
            Some(Kind::Default) => "Default",
            Some(Kind::Else) => "Else",
        });
        let holes = [
            ("order", &order),
            ("otherwise", &otherwise),
            ("arms", &arms),
            ("next", &self.fill(self.next, here, &[])),
            ("probes", &probes),
            ("branches", &branches),
        ];
        self.fill(SELECT, here, &holes)
    }

    /// The pattern of an arm. Where a lone `_` were known to be the user's, clippy would want `()` for unit outputs.
    fn pattern(&self, arm: &Arm) -> TokenStream {
        if arm.pattern.to_string() == "_" {
            return self.fill("_", self.site.located_at(arm.place), &[]);
        }
        arm.pattern.clone()
    }

    /// The expression of an arm: its future, unless a guard switches it off.
    fn arm(&self, arm: &Arm) -> TokenStream {
        let here = self.site.located_at(arm.place);
        let some = self.fill(ARM, here, &[("future", &arm.future)]);
        match &arm.guard {
            None => some,
            Some(guard) => self.fill(GUARDED_ARM, here, &[("guard", guard), ("arm", &some)]),
        }
    }

    /// The pattern of the output behind the first `depth` arms.
    fn nest(&self, pattern: TokenStream, depth: usize) -> TokenStream {
        (0..depth).fold(pattern, |pattern, _| {
            self.fill(REST, self.site, &[("pattern", &pattern)])
        })
    }

    fn fill(&self, template: &str, span: Span, holes: &[(&str, &TokenStream)]) -> TokenStream {
        let holes: Vec<_> = [("library", &self.library)]
            .iter()
            .chain(holes)
            .copied()
            .collect();
        Template::new(template).fill(span, &holes)
    }
}

fn group(input: &mut token_stream::IntoIter) -> Option<TokenStream> {
    match input.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    }
}

fn not_the_library() -> Mistake {
    Mistake::at(
        Span::call_site(),
        "`__select!` is no macro to call: use `select!` or `select_blocking!`",
    )
}

fn word(name: &str) -> TokenStream {
    TokenTree::from(Ident::new(name, Span::call_site())).into()
}
