//! The annotated tokens, as a [`Function`].
//!
//! Owns the error for what is no function. An attribute is only given items that the compiler has
//! parsed, so that nothing is parsed here: the words in front of the name tell whether it is a
//! function, and of what kind. All else stays the tokens it is, and is not even looked into. Macros
//! are mostly built without optimisation; to parse signatures with syn took more than half of the time
//! that an annotation costs. A body that does not parse is the compiler's to report, once, and an
//! editor finds in the expansion what was typed.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::{Error, Result};

use crate::items::outside_angles;
use crate::model::Kind;

/// A function or method that has a body.
pub(crate) struct Function {
    /// All that stands before the body.
    pub(crate) head: Vec<TokenTree>,
    pub(crate) name: Ident,
    /// What is in its parentheses, if that is anything.
    pub(crate) parameters: Option<TokenStream>,
    pub(crate) qualifiers: Qualifiers,
    pub(crate) body: Body,
}

/// What there may be in front of a function's name that has to do with how its body runs.
#[derive(Default)]
pub(crate) struct Qualifiers {
    pub(crate) constness: Option<Ident>,
    pub(crate) asyncness: Option<Ident>,
    pub(crate) genness: Option<Ident>,
    /// `#[naked]` or `#[unsafe(naked)]`.
    pub(crate) naked: Option<TokenStream>,
    /// Whether it is a test already: `#[test]`, or that of a runtime.
    pub(crate) is_test: bool,
}

/// What is between the braces.
pub(crate) struct Body {
    /// Of the braces.
    pub(crate) span: Span,
    /// `#![…]` and `//!`, which have to stay in front.
    pub(crate) inner_attributes: TokenStream,
    /// The rest, in braces.
    pub(crate) statements: Group,
}

impl Function {
    pub(crate) fn parse(kind: Kind, tokens: TokenStream) -> Result<Self> {
        let mut head: Vec<TokenTree> = tokens.into_iter().collect();
        let body = head.last().and_then(braces);
        if body.is_some() {
            head.pop();
        }
        let Named { name, parameters, qualifiers } =
            if head.iter().any(|token| passed_on(token).is_some()) {
                parse_head(kind, &typed(&head), body.is_some())?
            } else {
                parse_head(kind, &head, body.is_some())?
            };
        let Some(body) = body else {
            let message = format_args!(
                "{kind} needs a function body: put it on the implementation, not on the declaration"
            );
            return Err(Error::new(name.span(), message));
        };
        Ok(Self { head, name, parameters, qualifiers, body: Body::new(body) })
    }
}

/// What the words in front of the body tell.
struct Named {
    name: Ident,
    parameters: Option<TokenStream>,
    qualifiers: Qualifiers,
}

/// Looks for the function's name, or reports the word that says what the item is instead.
fn parse_head(kind: Kind, head: &[TokenTree], has_body: bool) -> Result<Named> {
    let (attributes, words) = split_head(head);
    let mut qualifiers = Qualifiers::default();
    let mut rest = words.iter().peekable();
    while let Some(TokenTree::Ident(word)) = rest.next() {
        let found = match word.to_string().as_str() {
            "fn" => {
                let Some(TokenTree::Ident(name)) = rest.next() else { break };
                let parameters = rest.next().and_then(in_parentheses);
                qualifiers.is_test = attributes.chunks(2).any(is_test);
                return Ok(Named { name: name.clone(), parameters, qualifiers });
            }
            "const" => {
                qualifiers.constness = Some(word.clone());
                continue;
            }
            "async" => {
                qualifiers.asyncness = Some(word.clone());
                continue;
            }
            "gen" => {
                qualifiers.genness = Some(word.clone());
                continue;
            }
            "auto" | "default" | "safe" | "unsafe" => continue,
            "extern" => {
                rest.next_if(|token| matches!(token, TokenTree::Literal(_)));
                // Its braces are what was taken for a body.
                if rest.peek().is_some() || !has_body {
                    // A naked function has to say how it is called.
                    qualifiers.naked = attributes.chunks(2).find(|pair| is_naked(pair)).map(stream);
                    continue;
                }
                "an `extern` block"
            }
            "impl" => "an `impl` block",
            "mod" => "a module",
            "trait" => "a trait",
            "struct" => "a struct",
            "enum" => "an enum",
            "union" => "a union",
            "static" => "a static",
            "type" => "a type alias",
            "use" => "a `use`",
            _ => break,
        };
        let instead = match (word.to_string().as_str(), kind) {
            ("impl" | "mod" | "trait", Kind::Region) => {
                ": use `#[trace::region_all]` for all functions inside"
            }
            ("impl" | "mod" | "trait", Kind::Task) => ": put it on the functions inside",
            _ => "",
        };
        let message = format_args!("{kind} belongs on a function, found {found}{instead}");
        return Err(Error::new(word.span(), message));
    }
    let span = words.first().map_or_else(Span::call_site, TokenTree::span);
    Err(Error::new(span, format_args!("{kind} belongs on a function")))
}

/// The attributes, each `#` and `[…]`; and what is behind the visibility.
pub(crate) fn split_head(head: &[TokenTree]) -> (&[TokenTree], &[TokenTree]) {
    let mut len = 0;
    while head.get(len).is_some_and(|token| is(token, '#')) {
        len += 2;
    }
    let (attributes, mut words) = head.split_at(len.min(head.len()));
    if let [TokenTree::Ident(word), behind @ ..] = words {
        if *word == "pub" {
            words = match behind {
                [TokenTree::Group(scope), behind @ ..]
                    if scope.delimiter() == Delimiter::Parenthesis =>
                {
                    behind
                }
                _ => behind,
            };
        }
    }
    (attributes, words)
}

/// Whether this is `#[naked]` or `#[unsafe(naked)]`.
fn is_naked(attribute: &[TokenTree]) -> bool {
    let [_, TokenTree::Group(attribute)] = attribute else { return false };
    let mut inside = attribute.stream().into_iter();
    match (inside.next(), inside.next()) {
        (Some(TokenTree::Ident(word)), None) => word == "naked",
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(group))) => {
            word == "unsafe" && group.stream().to_string() == "naked"
        }
        _ => false,
    }
}

impl Function {
    /// The parameters, and what it returns, as typed behind the arrow; none where there is no arrow.
    pub(crate) fn signature(&self) -> Option<(Group, Option<TokenStream>)> {
        let head = typed(&self.head);
        let is_word = |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(found) if found == word);
        let name = 1 + head.iter().position(|token| is_word(token, "fn"))?;
        let behind = &head[name + 1..];
        let (at, parameters) = outside_angles(behind).find_map(|(at, token)| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                Some((at, group.clone()))
            }
            _ => None,
        })?;
        let mut behind = behind[at + 1..].iter();
        let arrow = (behind.next(), behind.next());
        let has_result =
            matches!(arrow, (Some(dash), Some(angle)) if is(dash, '-') && is(angle, '>'));
        let result = behind.take_while(|token| !is_word(token, "where")).cloned();
        Some((parameters, has_result.then(|| result.collect())))
    }
}

/// Whether this is `#[test]`, or `#[tokio::test(…)]` and the like.
fn is_test(attribute: &[TokenTree]) -> bool {
    let [_, TokenTree::Group(attribute)] = attribute else { return false };
    let inside = attribute.stream().into_iter();
    let path = inside.take_while(|token| !matches!(token, TokenTree::Group(_)) && !is(token, '='));
    path.last().is_some_and(|token| matches!(token, TokenTree::Ident(word) if word == "test"))
}

/// What is in parentheses, if that is anything.
fn in_parentheses(token: &TokenTree) -> Option<TokenStream> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
            Some(group.stream()).filter(|inside| !inside.is_empty())
        }
        _ => None,
    }
}

impl Body {
    fn new(braces: Group) -> Self {
        let (span, inside) = (braces.span(), braces.stream());
        // Mostly there are none, and what was given is passed on in one piece.
        if !inside.clone().into_iter().next().is_some_and(|first| is(&first, '#')) {
            return Self { span, inner_attributes: TokenStream::new(), statements: braces };
        }
        let tokens: Vec<TokenTree> = inside.into_iter().collect();
        let len = 3 * tokens.chunks(3).take_while(|tokens| is_inner_attribute(tokens)).count();
        let (inner_attributes, rest) = tokens.split_at(len);
        let mut statements = Group::new(Delimiter::Brace, stream(rest));
        statements.set_span(span);
        Self { span, inner_attributes: stream(inner_attributes), statements }
    }
}

/// `#![…]`, or what `//!` is.
pub(crate) fn is_inner_attribute(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [hash, bang, TokenTree::Group(attribute)]
        if is(hash, '#') && is(bang, '!') && attribute.delimiter() == Delimiter::Bracket)
}

pub(crate) fn is(token: &TokenTree, punctuation: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == punctuation)
}

/// A pair of braces, or one that a macro passes on as what it took for a block.
pub(crate) fn braces(token: &TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group.clone()),
        Delimiter::None => {
            let mut inside = group.stream().into_iter();
            let only = inside.next().filter(|_| inside.next().is_none())?;
            braces(&only)
        }
        _ => None,
    }
}

/// What a macro passes on in one piece, as which it came.
pub(crate) fn passed_on(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => Some(group),
        _ => None,
    }
}

/// The tokens as if no macro had passed on any of them.
pub(crate) fn typed(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let typed = tokens.iter().map(|token| match passed_on(token) {
        Some(group) => typed(&group.stream().into_iter().collect::<Vec<_>>()),
        None => vec![token.clone()],
    });
    typed.flatten().collect()
}

fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn parse(item: &str) -> Result<Function> {
        Function::parse(Kind::Region, TokenStream::from_str(item).expect("tokens"))
    }

    #[test]
    fn functions() {
        for item in [
            "fn f() {}",
            "pub fn f() {}",
            "pub(in a::b) fn f() -> [u8; { 3 }] {}",
            "/// Documented.\n#[inline] fn f() where (): Sized {}",
            "default unsafe extern fn f() {}",
            "extern \"C\" fn f() {}",
            "const async unsafe fn f(fn_: fn(u8) -> u8) {}",
            "fn f() { #![allow(unused)] #![allow(dead_code)] #[inline] fn g() {} }",
        ] {
            let function = parse(item).unwrap_or_else(|error| panic!("{item}: {error}"));
            assert_eq!(function.name, "f", "{item}");
        }
    }

    #[test]
    fn qualifiers() {
        let of = |item| {
            let Qualifiers { constness, asyncness, genness, naked, .. } =
                parse(item).unwrap().qualifiers;
            let word = |word: Option<Ident>| word.map(|word| word.to_string());
            let coroutine = (word(asyncness), word(genness));
            (word(constness), coroutine, naked.map(|naked| naked.to_string()))
        };
        assert_eq!(of("#[inline] pub unsafe fn f(x: impl const A) {}"), (None, (None, None), None));
        assert_eq!(of("const fn f() {}"), (Some("const".into()), (None, None), None));
        assert_eq!(
            of("async gen fn f() {}"),
            (None, (Some("async".into()), Some("gen".into())), None)
        );
        assert_eq!(of("gen fn f() {}"), (None, (None, Some("gen".into())), None));
        assert_eq!(of("async fn f() {}"), (None, (Some("async".into()), None), None));
        let (_, _, naked) = of("#[cold] #[unsafe(naked)] #[inline] extern \"C\" fn f() {}");
        assert_eq!(naked.unwrap().replace(' ', ""), "#[unsafe(naked)]");
        let (_, _, naked) = of("#[doc = \"naked\"] #[naked] unsafe extern \"C\" fn f() {}");
        assert_eq!(naked.unwrap().replace(' ', ""), "#[naked]");
        assert_eq!(of("#[unsafe(no_mangle)] extern \"C\" fn f() {}"), (None, (None, None), None));
    }

    #[test]
    fn results() {
        let of = |item| {
            let (_, result) = parse(item).unwrap().signature().unwrap();
            result.map(|result| result.to_string())
        };
        assert_eq!(of("fn f() {}"), None);
        assert_eq!(of("fn f() where (): Fn() -> u8 {}"), None);
        assert_eq!(of("fn f<F: Fn(u8) -> u16, const N: usize>(f: F) {}"), None);
        assert_eq!(of("pub unsafe fn f<F: Fn(u8) -> u16>(f: F) -> u32 {}").unwrap(), "u32");
        let result = of("async fn f(&self) -> Result<(), E<{ 3 }>> where Self: Sized {}").unwrap();
        assert_eq!(result.replace(' ', ""), "Result<(),E<{3}>>");
    }

    #[test]
    fn tests_and_parameters() {
        let of = |item| {
            let Function { parameters, qualifiers, .. } = parse(item).unwrap();
            (parameters.map(|tokens| tokens.to_string()), qualifiers.is_test)
        };
        assert_eq!(of("#[cfg(test)] #[doc = \"test\"] fn test() {}"), (None, false));
        assert_eq!(of("#[test] fn f(a: A) {}"), (Some("a : A".into()), true));
        assert_eq!(of("#[should_panic] #[tokio::test(flavor = \"x\")] fn f() {}"), (None, true));
        assert_eq!(of("#[::core::prelude::v1::test] fn f<T: Fn(u8)>() {}"), (None, true));
    }

    #[test]
    fn what_a_macro_passes_on_counts_as_typed() {
        let passed_on = |tokens: &str| {
            let tokens = TokenStream::from_str(tokens).unwrap();
            TokenTree::Group(Group::new(Delimiter::None, tokens))
        };
        let parts = ["#[inline]", "", "pub(crate)", "unsafe fn f() -> u8", "{ 3 }"];
        let function = Function::parse(Kind::Region, parts.map(passed_on).into_iter().collect());
        let function = function.unwrap();
        assert_eq!(function.name, "f");
        assert_eq!(function.head.len(), 4, "as it came");
        assert_eq!(function.body.statements.delimiter(), Delimiter::Brace);
    }

    #[test]
    fn anything_else() {
        for (item, found) in [
            ("struct A;", ", found a struct"),
            ("pub(crate) enum A {}", ", found an enum"),
            ("#[cfg(x)] unsafe impl A for B {}", ", found an `impl` block"),
            ("unsafe extern \"C\" { fn f(); }", ", found an `extern` block"),
            ("extern {}", ", found an `extern` block"),
            ("static A: fn() = {};", ", found a static"),
            ("const A: u8 = 3;", ""),
            ("extern crate a;", ""),
            ("a! {}", ""),
            ("", ""),
        ] {
            let message = parse(item).err().expect(item).to_string();
            let expected = format!("`#[trace::region]` belongs on a function{found}");
            assert!(message.starts_with(&expected), "{item}: {message}");
            assert!(!found.is_empty() || message == expected, "{item}: {message}");
        }
        let message = parse("unsafe fn f();").err().unwrap().to_string();
        assert!(message.contains("needs a function body"), "{message}");
    }
}
