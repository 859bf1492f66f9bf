//! What is between the braces of an `impl` block, a trait or a module, as [`Item`]s.
//!
//! Owns where an item ends, and which of them have functions in them. As with functions, the compiler
//! has parsed all of it before, so that the words in front and two tokens tell: the `;` and the braces.
//!
//! Invariant: nothing is lost or moved. The tokens of all items, behind the inner attributes, are those
//! that came; only what a macro passed on in one piece at the beginning of an item is taken out of it.

use proc_macro2::{Group, TokenStream, TokenTree};

use crate::function::{braces, is, is_inner_attribute, passed_on, split_head};

/// An item, with its attributes.
pub(crate) struct Item {
    pub(crate) tokens: Vec<TokenTree>,
    pub(crate) kind: ItemKind,
    /// So many tokens in front are attributes.
    attributes: usize,
    /// Where the word is that tells the kind.
    word: usize,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum ItemKind {
    Function,
    Impl,
    Module,
    Trait,
    /// No functions can be in it, or none that are looked for.
    Other,
}

/// What the last token of an item is.
#[derive(Clone, Copy)]
enum End {
    /// `;`
    Semicolon,
    /// `;` or braces that are not part of a type.
    Body,
    /// `;` or the first braces.
    Braces,
}

impl Item {
    /// Each `#` and `[…]`.
    pub(crate) fn attributes(&self) -> &[TokenTree] {
        &self.tokens[..self.attributes]
    }

    /// The word that tells the kind.
    pub(crate) fn word(&self) -> Option<&TokenTree> {
        self.tokens.get(self.word)
    }

    /// What is between that word and the last token, the braces or the `;`.
    pub(crate) fn head(&self) -> &[TokenTree] {
        self.tokens.get(self.word + 1..self.tokens.len() - 1).unwrap_or_default()
    }

    /// The braces at the end, if there are any.
    pub(crate) fn braces(&self) -> Option<Group> {
        self.tokens.last().and_then(braces)
    }
}

/// The inner attributes, and the items.
pub(crate) fn split(tokens: TokenStream) -> (Vec<TokenTree>, Vec<Item>) {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let inner = 3 * tokens.chunks(3).take_while(|tokens| is_inner_attribute(tokens)).count();
    let mut found = Vec::new();
    let mut at = inner;
    loop {
        open_passed_on(&mut tokens, at);
        let rest = &tokens[at..];
        if rest.is_empty() {
            break;
        }
        let (attributes, words) = split_head(rest);
        let (kind, word, end) = classify(words);
        let word = rest.len() - words.len() + word;
        let len = word + length(&rest[word..], end);
        at += len;
        found.push((kind, attributes.len(), word, len));
    }
    let mut tokens = tokens.into_iter();
    let inner = tokens.by_ref().take(inner).collect();
    let items = found.into_iter().map(|(kind, attributes, word, len)| Item {
        tokens: tokens.by_ref().take(len).collect(),
        kind,
        attributes,
        word,
    });
    (inner, items.collect())
}

/// A macro passes on an item, a visibility or a path as one piece, with what is looked for inside.
fn open_passed_on(tokens: &mut Vec<TokenTree>, mut at: usize) {
    while let Some(token) = tokens.get(at) {
        if is(token, '#') {
            at += 2;
        } else if let Some(group) = passed_on(token) {
            let inside = group.stream();
            tokens.splice(at..=at, inside);
        } else {
            return;
        }
    }
}

/// The kind of the item, the word that tells it, and where to look for the end.
fn classify(words: &[TokenTree]) -> (ItemKind, usize, End) {
    let is_at = |at: usize, punctuation| words.get(at).is_some_and(|token| is(token, punctuation));
    let mut at = 0;
    while let Some(TokenTree::Ident(word)) = words.get(at) {
        match word.to_string().as_str() {
            // Such a macro is called, or one in a module of that name.
            "async" | "auto" | "default" | "gen" | "safe" | "union"
                if is_at(at + 1, '!') || is_at(at + 1, ':') =>
            {
                break;
            }
            "async" | "auto" | "default" | "gen" | "safe" | "unsafe" => at += 1,
            "const" if is_at(at + 2, ':') => return (ItemKind::Other, at, End::Semicolon),
            "const" => at += 1,
            // With the name of the calling convention or without.
            "extern" => match words.get(at + 1) {
                Some(TokenTree::Literal(_)) => at += 2,
                Some(token) if passed_on(token).is_some() => at += 2,
                _ => at += 1,
            },
            "fn" => return (ItemKind::Function, at, End::Body),
            "impl" => return (ItemKind::Impl, at, End::Body),
            "mod" => return (ItemKind::Module, at, End::Body),
            "trait" => return (ItemKind::Trait, at, End::Body),
            "enum" | "struct" | "union" => return (ItemKind::Other, at, End::Body),
            "static" | "type" | "use" => return (ItemKind::Other, at, End::Semicolon),
            _ => break,
        }
    }
    // A call or the definition of a macro, `extern { … }`, `extern crate …`, or what is yet to come.
    (ItemKind::Other, 0, End::Braces)
}

/// How many tokens there are up to the end, which counts.
fn length(tokens: &[TokenTree], end: End) -> usize {
    let is_end = |&(at, token): &(usize, &TokenTree)| match end {
        End::Semicolon => is(token, ';'),
        End::Body => is(token, ';') || braces(token).is_some() && !is_of_macro(&tokens[..at]),
        End::Braces => is(token, ';') || braces(token).is_some(),
    };
    let found = match end {
        // Braces between `<` and `>` are a constant.
        End::Body => outside_angles(tokens).find(is_end),
        // Here `<` and `>` may be operators.
        End::Semicolon | End::Braces => tokens.iter().enumerate().find(is_end),
    };
    found.map_or(tokens.len(), |(at, _)| at + 1)
}

/// Whether braces here are those of a macro that makes a type: `-> kind! { … }`, but neither
/// `-> ! { … }` nor `for ! { … }`.
fn is_of_macro(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(word), bang] if is(bang, '!') && word != "for")
}

/// The tokens that are not between `<` and `>`, with their places. For types only, where these are no
/// operators.
pub(crate) fn outside_angles(tokens: &[TokenTree]) -> impl Iterator<Item = (usize, &TokenTree)> {
    let mut open = 0_usize;
    tokens.iter().enumerate().filter(move |&(at, token)| {
        if is(token, '<') {
            open += 1;
            return false;
        }
        // An arrow closes nothing.
        if is(token, '>') && !(at > 0 && is(&tokens[at - 1], '-')) {
            open = open.saturating_sub(1);
            return false;
        }
        open == 0
    })
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proc_macro2::Delimiter;

    use super::*;

    fn tokens(source: &str) -> TokenStream {
        TokenStream::from_str(source).expect("tokens")
    }

    /// Splits the items, among others.
    #[track_caller]
    fn check(source: &str, kind: ItemKind) {
        let neighbour = "/// Next.\npub fn neighbour() {}";
        let three = tokens(&format!("#![inner] {neighbour} {source} {neighbour}"));
        let (inner, items) = split(three);
        assert_eq!(inner.len(), 3);
        assert_eq!(items.len(), 3, "{source}");
        for (item, (source, kind)) in items.iter().zip([
            (neighbour, ItemKind::Function),
            (source, kind),
            (neighbour, ItemKind::Function),
        ]) {
            let text: TokenStream = item.tokens.iter().cloned().collect();
            assert_eq!(text.to_string(), tokens(source).to_string());
            assert_eq!(item.kind, kind, "{source}");
        }
    }

    #[test]
    fn functions() {
        for source in [
            "fn f() {}",
            "fn f();",
            "#[a] #[b { ; }] pub(in a::b) default async unsafe extern \"C\" fn f(a: u8, ...) -> ! {}",
            "const fn f() {}",
            "const unsafe extern fn f() {}",
            "safe fn f();",
            "gen fn f() {}",
            "fn f<const N: usize>(a: A<{ N }>) -> A<{ N + 1 }> where A<{ N }>: Fn(u8) -> B<{ 3 }> {}",
            "fn f() -> <Vec<<A as B>::C> as D<{ 3 }>>::E { 1 < 2; 2 > 1 }",
            "fn f() -> [u8; { 3 }] where Self: Sized;",
            "fn f() -> kind! { u8 } { 3 }",
            "fn f() -> impl Fn() -> A<{ 3 }> + use<> {}",
        ] {
            check(source, ItemKind::Function);
        }
    }

    #[test]
    fn blocks() {
        for source in [
            "impl A {}",
            "#[a] unsafe impl<const N: usize> !A<{ N }> for B<{ N }> where [u8; { N }]: C {}",
            "default impl<F: Fn(u8) -> A<{ 3 }>> A for F {}",
            "impl A for kind! { u8 } { fn f() {} }",
            "impl A for ! { fn f() {} }",
        ] {
            check(source, ItemKind::Impl);
        }
        for source in ["mod a {}", "pub(super) mod a { fn f() {} }", "mod a;", "unsafe mod a {}"] {
            check(source, ItemKind::Module);
        }
        for source in [
            "trait A {}",
            "pub unsafe auto trait A<const N: usize = { 3 }>: B {}",
            "trait A = B<{ 3 }>;",
        ] {
            check(source, ItemKind::Trait);
        }
    }

    #[test]
    fn all_else() {
        for source in [
            "const A: B<{ 3 }> = C { a: 1 < 2 };",
            "const _: () = { fn f() {} };",
            "default const A: u8;",
            "const default: u8 = { 3 };",
            "pub static mut A: fn() -> u8 = { f };",
            "type A<T> = B<{ 3 }> where T: C;",
            "pub use a::{b, c::{d, e}};",
            "use ::a;",
            "extern crate a as b;",
            "unsafe extern \"C\" { fn f(); }",
            "extern {}",
            "struct A;",
            "struct A(B<{ 3 }>) where C<{ 3 }>: D;",
            "pub struct A<const N: usize = { 3 }> where B<{ N }>: C { a: u8 }",
            "enum A { B { c: u8 } = 3, }",
            "union A { a: u8 }",
            "macro_rules! a { () => {}; }",
            "macro_rules! a ( () => {}; );",
            "macro a($a:expr) { fn f() {} }",
            "a! { fn f() {} }",
            "a::b!(fn f() {});",
            "::a::b![fn f() {}];",
            "crate::a! {}",
            "default! {}",
            "union::a! {}",
            "auto!();",
        ] {
            check(source, ItemKind::Other);
        }
    }

    #[test]
    fn what_a_macro_passes_on_is_looked_into() {
        let passed_on = |source| TokenTree::Group(Group::new(Delimiter::None, tokens(source)));
        let typed = |source| tokens(source).into_iter();
        let all: TokenStream = typed("#[inline]")
            .chain([passed_on("#[cold] pub fn f() {}"), passed_on("")])
            .chain([passed_on("pub(crate)")])
            .chain(typed("fn g() ->"))
            .chain([passed_on("u8"), passed_on("{ 3 }")])
            .chain([passed_on("a::b")])
            .chain(typed("! {} extern"))
            .chain([passed_on("\"C\"")])
            .chain(typed("fn h() {}"))
            .chain([passed_on("")])
            .collect();
        let (_, items) = split(all);
        let kinds: Vec<_> = items.iter().map(|item| item.kind).collect();
        let function = ItemKind::Function;
        assert_eq!(kinds, [function, function, ItemKind::Other, function]);
        assert_eq!(items[0].attributes().len(), 4);
        assert_eq!(items[1].tokens.len(), 9, "the type and the body as they came");
    }

    #[test]
    fn an_item_that_does_not_end_is_the_last() {
        for source in ["fn f()", "#[a]", "#[a] pub", "impl A for <", "const A: u8 = { 3 }", "a!()"]
        {
            let (_, items) = split(tokens(source));
            assert_eq!(items.len(), 1, "{source}");
            _ = (items[0].word(), items[0].head(), items[0].braces());
        }
        assert!(split(TokenStream::new()).1.is_empty());
        let (_, items) = split(tokens("; ;"));
        assert_eq!(items.len(), 2);
    }
}
