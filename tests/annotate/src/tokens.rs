//! Questions about single tokens.

use proc_macro2::{Delimiter, Group, TokenTree};

pub(crate) fn is(token: &TokenTree, punctuation: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == punctuation)
}

pub(crate) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// What is in such brackets.
pub(crate) fn inside(token: &TokenTree, delimiter: Delimiter) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// Where the token begins in the text, in bytes.
pub(crate) fn start(token: &TokenTree) -> usize {
    token.span().byte_range().start
}
