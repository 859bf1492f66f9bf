//! Where the functions of a file are: in it, in blocks, in bodies of other functions, and in what a
//! `macro_rules!` makes.
//!
//! Two places are left alone. What is in the call of a macro has the shape that this macro wants, and with
//! one attribute more it may have none; but for a few macros that are known to pass items on. And the left
//! side of a rule is no code.

use proc_macro2::{Group, TokenStream, TokenTree};

use crate::edits::Edits;
use crate::fragments::Fragments;
use crate::function::{Function, Test, is_function};
use crate::tally::{Reason, Tally};
use crate::tokens::is;

const REGION: &str = "#[::trace::region] ";
const TEST: &str = "::trace::test";
/// Above the region, so that it begins first.
const TEST_AND_REGION: &str = "#[::trace::region] #[::trace::test] ";

/// Macros that pass on the items in their calls, with the attributes of these.
const PASS_ITEMS_ON: [&str; 2] = ["cfg_if", "proptest"];

/// The text with each function annotated.
pub(crate) fn annotated(text: &str, tally: &mut Tally) -> Result<String, String> {
    if text.starts_with('\u{feff}') {
        return Err("expected text, found a byte order mark in front of it; remove that".into());
    }
    let tokens: TokenStream = text.parse().map_err(|error: proc_macro2::LexError| {
        let at = error.span().start();
        format!("expected the tokens of Rust, found {error} in line {}", at.line)
    })?;
    let mut walk = Walk { edits: Edits::default(), tally };
    walk.tokens(tokens, &Fragments::default());
    Ok(walk.edits.apply(text))
}

struct Walk<'a> {
    edits: Edits,
    tally: &'a mut Tally,
}

impl Walk<'_> {
    /// All that is between two brackets; `fragments` are those of the rule around it.
    fn tokens(&mut self, tokens: TokenStream, fragments: &Fragments) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            if let Some(len) = attribute(&tokens[at..]) {
                at += len;
                continue;
            }
            if let Some((len, called, group)) = macro_call(&tokens[at..]) {
                at += len;
                let inside = group.stream();
                match called {
                    Called::Rules => self.rules(inside),
                    Called::PassesItemsOn => self.tokens(inside, fragments),
                    Called::Other => self.tally.pass_over(Reason::MacroCall, functions(inside)),
                }
                continue;
            }
            if let TokenTree::Group(group) = token {
                self.tokens(group.stream(), fragments);
            } else if is_function(&tokens, at) {
                self.function(Function::new(&tokens, at, fragments));
            }
            at += 1;
        }
    }

    /// The rules of a macro: each has a left side, `=>`, and what it makes.
    fn rules(&mut self, rules: TokenStream) {
        let tokens: Vec<TokenTree> = rules.into_iter().collect();
        for rule in tokens.split(|token| is(token, ';')) {
            if let [TokenTree::Group(matcher), .., TokenTree::Group(made)] = rule {
                self.tokens(made.stream(), &Fragments::of(matcher.stream()));
            }
        }
    }

    fn function(&mut self, function: Result<Function, Reason>) {
        let Function { start, test } = match function {
            Ok(function) => function,
            Err(reason) => return self.tally.pass_over(reason, 1),
        };
        self.tally.region();
        match test {
            None => return self.edits.insert(start, REGION),
            Some(Test::OfRuntime) => self.edits.insert(start, TEST_AND_REGION),
            Some(Test::Plain { attribute, word }) => {
                self.edits.insert(attribute, REGION);
                self.edits.replace(word, TEST);
            }
        }
        self.tally.test();
    }
}

/// How many tokens the attribute has that these begin with.
fn attribute(tokens: &[TokenTree]) -> Option<usize> {
    match tokens {
        [hash, TokenTree::Group(_), ..] if is(hash, '#') => Some(2),
        [hash, bang, TokenTree::Group(_), ..] if is(hash, '#') && is(bang, '!') => Some(3),
        _ => None,
    }
}

/// What stands behind a name and a `!`, with brackets.
enum Called {
    /// `macro_rules! name { … }`
    Rules,
    /// A macro that passes items on.
    PassesItemsOn,
    /// Any other; also a macro that a macro defines, which has the variables of both.
    Other,
}

/// The call or the definition of a macro that these tokens begin with: how many there are, and what is in
/// its brackets.
fn macro_call(tokens: &[TokenTree]) -> Option<(usize, Called, &Group)> {
    let [TokenTree::Ident(name), bang, behind @ ..] = tokens else { return None };
    // `return !(…)`, `impl Trait for ! { … }`
    const OPERATORS: [&str; 8] = ["break", "else", "for", "if", "in", "match", "return", "while"];
    if !is(bang, '!') || OPERATORS.iter().any(|word| name == word) {
        return None;
    }
    match behind {
        [TokenTree::Group(group), ..] if PASS_ITEMS_ON.iter().any(|known| name == known) => {
            Some((3, Called::PassesItemsOn, group))
        }
        [TokenTree::Group(group), ..] => Some((3, Called::Other, group)),
        [TokenTree::Ident(_), TokenTree::Group(group), ..] if name == "macro_rules" => {
            Some((4, Called::Rules, group))
        }
        [dollar, TokenTree::Ident(_), TokenTree::Group(group), ..]
            if name == "macro_rules" && is(dollar, '$') =>
        {
            Some((5, Called::Other, group))
        }
        _ => None,
    }
}

/// How many functions are in there.
fn functions(tokens: TokenStream) -> usize {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let inside = |token: &TokenTree| match token {
        TokenTree::Group(group) => functions(group.stream()),
        _ => 0,
    };
    let here = (0..tokens.len()).filter(|at| is_function(&tokens, *at)).count();
    here + tokens.iter().map(inside).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotate(text: &str) -> (String, Tally) {
        let mut tally = Tally::default();
        (annotated(text, &mut tally).unwrap(), tally)
    }

    /// In `text` an annotation is written as `@`, in front of a function, and that of a test as `@@`.
    #[track_caller]
    fn check(text: &str) {
        let bare = text.replace("@@test", "test").replace('@', "");
        let (found, tally) = annotate(&bare);
        let expected = text.replace("@@test", "::trace::test").replace("@@", TEST_AND_REGION);
        assert_eq!(found, expected.replace('@', REGION));
        assert_eq!(tally.annotated(), found.matches(REGION).count());
    }

    #[track_caller]
    fn is_untouched(text: &str, reason: Reason) {
        let (found, tally) = annotate(text);
        assert_eq!(found, text);
        assert_eq!(tally.passed_over(), [(reason, 1)]);
    }

    #[test]
    fn functions_wherever_they_are() {
        check("@fn f() { @fn g() {} let h = || { @fn i() {} }; }\n@fn j() {}");
        check("impl A for B<{ 3 }> { /// Ä\n #[inline] @pub(in a::b) unsafe fn f(&self) {} }");
        check("trait A { @fn f(&self) -> [u8; 3] where Self: Sized {} @async fn g() {} }");
        check("mod a { #![allow(b)] @default unsafe extern \"C\" fn f() {} @extern fn g() {} }");
        check("@fn f<const N: usize>() -> A<{ N }> where B<{ N }>: Fn(u8) -> u8 {}");
        check("const A: fn(u8) = { @fn f(_: u8) {} f };\n@fn g(a: fn(), b: for<'a> fn(&'a u8)) {}");
        check("const fn f() { @fn g() {} }");
        check("@fn f() { if !(a) {} return !{ @fn g() {} 3 }; } impl A for ! { @fn r#fn() {} }");
    }

    #[test]
    fn functions_that_a_macro_makes() {
        check("macro_rules! a { ($n:ident fn $m:ident) => { @fn $n() {} }; () => (@fn f() {}) }");
        check("macro_rules! a { ($v:vis $b:block) => { $(#[$m])* #[a] @$v unsafe fn f() $b } }");
        check("macro_rules! a { ($($n:ident)*) => { $(#[cold] @fn $n() {})* } }");
        check("cfg_if::cfg_if! { if #[cfg(a)] { @fn f() {} } else { @fn g() {} } }");
    }

    #[test]
    fn tests() {
        check("/// A.\n@#[@@test]\n#[should_panic]\nfn f() {}");
        check("@#[cfg_attr(not(a), b(test), @@test)] #[a] pub fn f() {}");
        check("macro_rules! a { ($n:ident) => { @#[@@test] $(#[$m])* fn $n() {} } }");
        check("#[tokio::test(flavor = \"a\")] #[ignore] @@async fn f() {}");
        check("#[cfg(test)] mod a { #[test_case] @fn f() {} }");
        assert!(
            annotate("#[test] fn f() {} fn g() {}")
                .1
                .to_string()
                .contains("2 annotated, 1 of them as tests")
        );
    }

    #[test]
    fn what_no_region_can_be_on() {
        is_untouched("pub const unsafe fn f() {}", Reason::Const);
        is_untouched("trait A { fn f() -> [u8; 3] where A<{ 3 }>: B; }", Reason::Declaration);
        is_untouched("unsafe extern \"C\" { safe fn f(); }", Reason::Declaration);
        is_untouched("#[unsafe(naked)] extern \"C\" fn f() {}", Reason::Naked);
        is_untouched("gen fn f() {}", Reason::Gen);
        is_untouched("a::quote! { fn f() {} }", Reason::MacroCall);
        is_untouched(
            "macro_rules! a { () => { macro_rules! $b { () => { fn f() {} } } } }",
            Reason::MacroCall,
        );
        is_untouched("macro_rules! a { ($q:tt) => { $q fn f() {} } }", Reason::MacroCaller);
        is_untouched("macro_rules! a { ($q:tt) => { $($q)? fn f() {} } }", Reason::MacroCaller);
        is_untouched("macro_rules! a { ($b:tt) => { fn f() $b } }", Reason::MacroCaller);
    }

    #[test]
    fn what_is_no_rust_is_an_error() {
        let error = annotated("fn f() {}\nfn g( {}", &mut Tally::default()).unwrap_err();
        assert!(error.starts_with("expected the tokens of Rust, found"), "{error}");
        assert!(annotated("\u{feff}fn f() {}", &mut Tally::default()).is_err());
    }
}
