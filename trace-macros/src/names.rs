//! What methods are called in a trace: after the type or the trait that they belong to.
//!
//! A function's own name tells little of `new`, `drop` or `fmt`. Names are short on purpose: no paths
//! and no generic arguments, since the file, line and module are in the callsite as well.

use proc_macro2::TokenTree;
use syn::ext::IdentExt;

use crate::function::{is, typed};
use crate::items::outside_angles;

/// What the methods of an `impl` block belong to, from what stands between that word and the braces:
/// the type; or the trait, if the type has no name (`[T]`), or one that is a parameter of the block.
pub(crate) fn of_impl(header: &[TokenTree]) -> Option<String> {
    let header = typed(header);
    let generics = match outside_angles(&header).next() {
        // With the `<` and the `>`.
        Some((len, _)) if len >= 2 => len,
        _ => 0,
    };
    let (generics, behind) = header.split_at(generics);
    let keyword = outside_angles(behind).map(|(at, _)| at).find(|&at| is_for(&behind[at..]));
    let (of_trait, of_type) = match keyword {
        Some(at) => (&behind[..at], &behind[at + 1..]),
        None => (&behind[..0], behind),
    };
    let is_parameter = |name: &String| parameters(generics).any(|parameter| parameter == *name);
    last_segment(of_type).filter(|name| !is_parameter(name)).or_else(|| last_segment(of_trait))
}

/// The name of a trait, from what stands between that word and the braces.
pub(crate) fn of_trait(header: &[TokenTree]) -> Option<String> {
    match header.first()? {
        TokenTree::Ident(name) => Some(name.unraw().to_string()),
        _ => None,
    }
}

/// Whether `for` stands here, and not `for<'a>`.
fn is_for(tokens: &[TokenTree]) -> bool {
    match tokens {
        [TokenTree::Ident(word), behind @ ..] => {
            word == "for" && !behind.first().is_some_and(|token| is(token, '<'))
        }
        _ => false,
    }
}

/// The names in `<…>`.
fn parameters(generics: &[TokenTree]) -> impl Iterator<Item = String> {
    let inside = match generics {
        [_, inside @ .., _] => inside,
        _ => &[],
    };
    outside_angles(inside).filter_map(|(at, token)| match token {
        TokenTree::Ident(name) if at == 0 || is(&inside[at - 1], ',') => {
            Some(name.unraw().to_string())
        }
        _ => None,
    })
}

/// `Cup` of `a::Cup<T>`, of `&'a mut Cup` and of `dyn Cup + Send`; none of `[Cup]` or `fn(Cup)`.
fn last_segment(tokens: &[TokenTree]) -> Option<String> {
    let mut segment = None;
    for (at, token) in outside_angles(tokens) {
        match token {
            // A lifetime.
            TokenTree::Ident(_) if at > 0 && is(&tokens[at - 1], '\'') => {}
            TokenTree::Ident(word) => match word.to_string().as_str() {
                "const" | "dyn" | "for" | "mut" => {}
                "extern" | "fn" | "unsafe" => return None,
                "where" => break,
                _ => segment = Some(word),
            },
            TokenTree::Punct(punct) if matches!(punct.as_char(), '&' | ':' | '\'') => {}
            _ => break,
        }
    }
    segment.map(|name| name.unraw().to_string())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proc_macro2::TokenStream;

    use super::*;

    fn header(source: &str) -> Vec<TokenTree> {
        TokenStream::from_str(source).expect("tokens").into_iter().collect()
    }

    #[test]
    fn methods_belong_to_the_type() {
        for source in [
            "Cup",
            "r#Cup",
            "<'a, T: Into<Option<u8>>, const N: usize> Cup<'a, T, N> where T: Fn() -> u8",
            "Brew for Cup",
            "<T> From<Cup<T>> for self::a::Cup<{ 3 }>",
            "<A, B> a::Brew<for<'a> fn(&'a A) -> B> for crate::Cup<A> where for<'a> &'a A: Copy",
            "<'a> Brew for &'a mut Cup",
            "dyn Cup + Send + 'static",
            "<T> dyn for<'a> a::Cup<'a, T>",
            "<C: Iterator> Brew for Cup<<C as Iterator>::Item>",
            "<F: Fn(u8) -> u8> Brew<F> for dyn Cup(u8) -> F",
            "const Brew for Cup",
        ] {
            assert_eq!(of_impl(&header(source)).as_deref(), Some("Cup"), "{source}");
        }
    }

    #[test]
    fn or_to_the_trait() {
        for source in [
            "a::Brew<u8> for [u8; 3]",
            "Brew for (u8, u8)",
            "Brew for *const Cup",
            "Brew for !",
            "Brew for fn(Cup) -> u8",
            "<T> Brew for unsafe extern \"C\" fn(T)",
            "<T: Cup> Brew for T",
            "<'a, A, const N: usize, r#T: Cup<A, N>> Brew for &'a T where T: 'a",
        ] {
            assert_eq!(of_impl(&header(source)).as_deref(), Some("Brew"), "{source}");
        }
        assert_eq!(of_impl(&header("[u8]")), None);
        assert_eq!(of_impl(&header("")), None);
        assert_eq!(of_trait(&header("r#Brew<T>: Cup where T: Copy")).as_deref(), Some("Brew"));
    }
}
