//! Functions that are not `async` and return a future: what is measured is that, up to its result, and not the
//! call that makes it.
//!
//! Whether a function is one is read off the type that it returns. Of an alias nothing can be seen, so that
//! whoever writes one says so: `future`. And `call` says that the call is what is meant.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::function::is;
use crate::items::outside_angles;
use crate::parameters::PRIMITIVE;

/// How a function returns a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    /// As `impl Future`: as what it is.
    Opaque,
    /// As `Pin<Box<dyn Future>>`, or by another name of that.
    Boxed,
}

impl Returned {
    /// What the type of a result tells.
    pub(crate) fn of(result: &TokenStream) -> Option<Self> {
        let tokens: Vec<TokenTree> = result.clone().into_iter().collect();
        let has = |word: &str| tokens.iter().any(|token| is_word(token, word));
        if tokens.first().is_some_and(|first| is_word(first, "impl")) {
            // Of what is in the arguments of another trait it is not the future that is returned.
            let mut bounds = outside_angles(&tokens);
            return bounds.any(|(_, token)| is_word(token, "Future")).then_some(Self::Opaque);
        }
        // As little as of another type.
        let path = tokens
            .iter()
            .take_while(|token| matches!(token, TokenTree::Ident(_)) || is(token, ':'));
        let is_pin = path.last().is_some_and(|last| is_word(last, "Pin"));
        (is_pin && ["Box", "dyn", "Future"].into_iter().all(has)).then_some(Self::Boxed)
    }

    /// The same of one that is known to be a future.
    pub(crate) fn of_future(result: &TokenStream) -> Self {
        let is_opaque = result.clone().into_iter().any(|token| is_word(&token, "impl"));
        Self::of(result).unwrap_or(if is_opaque { Self::Opaque } else { Self::Boxed })
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(found) if found == word)
}

/// Whether the result of a function can be a future, for all that its type tells: whether it is none of those
/// that functions mostly return.
pub(crate) fn may_be_a_future(result: Option<&TokenStream>) -> bool {
    let Some(result) = result else { return false };
    let tokens: Vec<TokenTree> = result.clone().into_iter().collect();
    match &tokens[..] {
        [first, behind @ ..] if is(first, '&') => behind.iter().any(|token| is_word(token, "mut")),
        [TokenTree::Group(group)] => group.delimiter() == Delimiter::None,
        [only] if is(only, '!') => false,
        _ => {
            let name = tokens.iter().take_while(|token| !is(token, '<')).last();
            !name.is_some_and(|name| {
                let name = name.to_string();
                PRIMITIVE.contains(&&*name)
                    || ["Option", "Result", "String", "Vec"].contains(&&*name)
            })
        }
    }
}

/// Whether `return` stands in a body, outside of the `async` blocks in it.
pub(crate) fn returns_early(body: &Group) -> bool {
    let mut tokens = body.stream().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(word) if word == "return" => return true,
            TokenTree::Ident(word) if word == "async" => {
                tokens.next_if(|next| is_word(next, "move"));
                tokens.next_if(|next| matches!(next, TokenTree::Group(_)));
            }
            TokenTree::Group(group) if returns_early(group) => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn tokens(source: &str) -> TokenStream {
        TokenStream::from_str(source).unwrap()
    }

    #[test]
    fn futures_are_seen() {
        for (result, expected) in [
            ("impl Future<Output = u8> + Send + 'a", Some(Returned::Opaque)),
            ("impl std::future::Future<Output = impl Iterator<Item = u8>>", Some(Returned::Opaque)),
            ("Pin<Box<dyn Future<Output = ()> + Send + '_>>", Some(Returned::Boxed)),
            (
                "::core::pin::Pin<Box<dyn ::core::future::Future<Output = u8>>>",
                Some(Returned::Boxed),
            ),
            ("BoxFuture<'static, u8>", None),
            ("Ready<u8>", None),
            ("impl Iterator<Item = u8>", None),
            ("Result<(Future, Pin), Box<dyn Error>>", None),
            ("impl Fn(Request) -> Pin<Box<dyn Future<Output = ()>>>", None),
            ("impl Iterator<Item = Pin<Box<dyn Future<Output = ()>>>>", None),
            ("impl Send + Future<Output = ()>", Some(Returned::Opaque)),
            ("Option<Pin<Box<dyn Future<Output = ()>>>>", None),
            ("Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>>", None),
            ("fn() -> Pin<Box<dyn Future<Output = ()>>>", None),
            ("(Pin<Box<dyn Future<Output = ()>>>, u8)", None),
        ] {
            assert_eq!(Returned::of(&tokens(result)), expected, "{result}");
        }
        assert_eq!(Returned::of_future(&tokens("BoxFuture<'_, u8>")), Returned::Boxed);
        assert_eq!(Returned::of_future(&tokens("impl Task")), Returned::Opaque);
    }

    #[test]
    fn what_is_no_future_is_known_of_the_usual_types() {
        for (result, expected) in [
            ("()", false),
            ("(A, B)", false),
            ("[A; 3]", false),
            ("!", false),
            ("u8", false),
            ("&'a str", false),
            ("&'a mut A", true),
            ("io::Result<impl Future>", false),
            ("Option<A>", false),
            ("Vec", false),
            ("impl Iterator<Item = u8>", true),
            ("JoinHandle<()>", true),
            ("<A as B>::Result", true),
        ] {
            assert_eq!(may_be_a_future(Some(&tokens(result))), expected, "{result}");
        }
        assert!(!may_be_a_future(None));
    }

    #[test]
    fn early_returns_are_seen() {
        let of = |body| returns_early(&Group::new(Delimiter::Brace, tokens(body)));
        assert!(of("if a { return b; } c"));
        assert!(!of("let a = 3; Box::pin(async move { return a; })"));
        assert!(of("let a = async { 3 }; f(|| { return a })"));
    }
}
