//! What the parameters of a function are called, as far as its tokens tell.
//!
//! The body of an `async` function becomes a block that takes along what it mentions, and drops that at its
//! end in the order in which it mentions it. To be dropped in the order in which a function drops its
//! parameters, the last one first, they are mentioned in that order.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use crate::function::is;
use crate::items::outside_angles;

/// The names that stand in the patterns of these parameters and in the body, the last one first.
///
/// The compiler warns of a parameter that is not used, and of one that is only written to: mentioned, it is used.
/// So the others are left alone, unless their names begin with `_`, and so are those that are nothing to drop, or
/// that there may not be.
pub(crate) fn mentioned(parameters: &Group, body: &Group) -> Vec<Ident> {
    let mut names = Vec::new();
    let tokens: Vec<TokenTree> = parameters.stream().into_iter().collect();
    let mut rest = &tokens[..];
    while !rest.is_empty() {
        let len = parameter_len(rest);
        let (pattern, of_type) = pattern_and_type(&rest[..len]);
        if !is_nothing_to_drop(pattern, of_type) && !is_conditional(&rest[..len]) {
            names_in(pattern, &mut names);
        }
        rest = rest.get(len + 1..).unwrap_or_default();
    }
    names.retain(|name| {
        let name = name.to_string();
        name.starts_with('_') || is_in(&name, body.stream())
    });
    names.reverse();
    names
}

/// Whether a parameter is a reference, or a number and the like.
fn is_nothing_to_drop(pattern: &[TokenTree], of_type: &[TokenTree]) -> bool {
    match (pattern, of_type) {
        // `&self`
        ([first, ..], []) => is(first, '&'),
        (_, [TokenTree::Ident(name)]) => PRIMITIVE.contains(&name.to_string().as_str()),
        (_, [first, ..]) => is(first, '&'),
        _ => false,
    }
}

/// Whether a parameter has a condition, so that there may be no such one: attributes see it in any case.
fn is_conditional(parameter: &[TokenTree]) -> bool {
    let attributes = parameter.chunks(2).take_while(|pair| is(&pair[0], '#'));
    let mut inside = attributes.filter_map(|pair| match pair {
        [_, TokenTree::Group(attribute)] => attribute.stream().into_iter().next(),
        _ => None,
    });
    inside.any(|name| matches!(name, TokenTree::Ident(name) if name == "cfg" || name == "cfg_attr"))
}

/// The types of numbers and the like.
pub(crate) const PRIMITIVE: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32",
    "u64", "u128", "usize", "str",
];

/// How many tokens there are up to the next comma that is not one of a type's arguments.
fn parameter_len(tokens: &[TokenTree]) -> usize {
    outside_angles(tokens).find(|(_, token)| is(token, ',')).map_or(tokens.len(), |(at, _)| at)
}

/// The tokens in front of the type, without attributes, and those of the type.
fn pattern_and_type(parameter: &[TokenTree]) -> (&[TokenTree], &[TokenTree]) {
    let attributes = 2 * parameter.chunks(2).take_while(|pair| is(&pair[0], '#')).count();
    let parameter = parameter.get(attributes..).unwrap_or_default();
    let is_colon = |at: usize| parameter.get(at).is_some_and(|token| is(token, ':'));
    let ends = |&at: &usize| is_colon(at) && !is_colon(at + 1) && !(at > 0 && is_colon(at - 1));
    // Of `&self` there is no type.
    match (0..parameter.len()).find(ends) {
        Some(len) => (&parameter[..len], &parameter[len + 1..]),
        None => (parameter, &[]),
    }
}

/// Collects what a pattern binds: the words that are no keywords, paths or names of fields.
fn names_in(pattern: &[TokenTree], names: &mut Vec<Ident>) {
    for (at, token) in pattern.iter().enumerate() {
        let next = pattern.get(at + 1);
        match token {
            TokenTree::Group(group) => {
                names_in(&group.stream().into_iter().collect::<Vec<_>>(), names);
            }
            TokenTree::Ident(word) => {
                let text = word.to_string();
                let is_keyword = ["mut", "ref", "box", "_"].contains(&text.as_str());
                let is_lower = text
                    .trim_start_matches("r#")
                    .starts_with(|first: char| first == '_' || first.is_lowercase());
                let belongs_to_what_follows = match next {
                    Some(TokenTree::Group(group)) => group.delimiter() != Delimiter::None,
                    Some(next) => is(next, ':') || is(next, '!'),
                    None => false,
                };
                let is_of_path =
                    at > 0 && is(&pattern[at - 1], ':') && at > 1 && is(&pattern[at - 2], ':');
                // Behind `'` it is a lifetime, as of `&'a self`.
                let is_lifetime = at > 0 && is(&pattern[at - 1], '\'');
                if is_lower
                    && !is_keyword
                    && !belongs_to_what_follows
                    && !is_of_path
                    && !is_lifetime
                {
                    names.push(word.clone());
                }
            }
            _ => {}
        }
    }
}

/// Whether a name stands among these tokens, or in a text that may be a format.
fn is_in(name: &str, tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == name,
        TokenTree::Group(group) => is_in(name, group.stream()),
        TokenTree::Literal(literal) => literal.to_string().contains(&format!("{{{name}")),
        TokenTree::Punct(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn names(parameters: &str, body: &str) -> Vec<String> {
        let group =
            |delimiter, tokens| Group::new(delimiter, TokenStream::from_str(tokens).unwrap());
        let parameters = group(Delimiter::Parenthesis, parameters);
        let found = mentioned(&parameters, &group(Delimiter::Brace, body));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_last_one_comes_first() {
        assert_eq!(names("mut self, a: A, mut b: Map<K, V>,", "self.x(a, b)"), ["b", "a", "self"]);
        assert_eq!(
            names("self: Pin<&mut Self>, f: impl Fn(u8) -> u8, c: [u8; 3]", "f(c); self"),
            ["c", "f", "self"]
        );
    }

    #[test]
    fn patterns() {
        let body = "x + y + z + n + r#type";
        assert_eq!(
            names("(x, mut y): (A, B), Point { z, w: n }: Point", body),
            ["n", "z", "y", "x"]
        );
        assert_eq!(
            names("module::Some(ref x): T, #[allow(y)] y: U, _: V, r#type: W", body),
            ["r#type", "y", "x"]
        );
    }

    #[test]
    fn what_is_not_used_is_not_mentioned() {
        assert_eq!(names("a: A, b: B, c: C", "{ (a) }; format!(\"{c:?}\")"), ["c", "a"]);
        assert_eq!(names("", "a"), [""; 0]);
    }

    #[test]
    fn nor_is_what_there_may_not_be() {
        let parameters = "a: A, #[allow(b)] #[cfg(feature = \"b\")] b: B, #[cfg_attr(c, d)] c: C";
        assert_eq!(names(parameters, "(a, b, c)"), ["a"]);
    }

    #[test]
    fn unless_it_says_so() {
        assert_eq!(names("_: A, _permit: B, c: C, _: D", "c"), ["c", "_permit"]);
    }

    #[test]
    fn nor_is_what_is_nothing_to_drop() {
        let body = "self + a + b + c";
        assert_eq!(names("&self, a: &'a mut A, b: u8, c: bool", body), [""; 0]);
        assert_eq!(names("&'a mut self, #[a] (a, b): &(A, B), c: u8::A", body), ["c"]);
    }
}
