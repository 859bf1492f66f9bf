//! What the variables of a macro stand for, as one of its rules tells.

use std::collections::HashMap;

use proc_macro2::{TokenStream, TokenTree};

use crate::tokens::is;

/// The kind of each variable: `ident`, `vis`, `block` and so on.
#[derive(Default)]
pub(crate) struct Fragments {
    kinds: HashMap<String, String>,
}

impl Fragments {
    /// Of the left side of a rule.
    pub(crate) fn of(matcher: TokenStream) -> Self {
        let mut found = Self::default();
        found.collect(matcher);
        found
    }

    fn collect(&mut self, matcher: TokenStream) {
        let tokens: Vec<TokenTree> = matcher.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            if let TokenTree::Group(group) = token {
                self.collect(group.stream());
            }
            if let [dollar, TokenTree::Ident(name), colon, TokenTree::Ident(kind), ..] =
                &tokens[at..]
            {
                if is(dollar, '$') && is(colon, ':') {
                    self.kinds.insert(name.to_string(), kind.to_string());
                }
            }
        }
    }

    /// Whether `$name` stands for that.
    pub(crate) fn is(&self, name: &TokenTree, kind: &str) -> bool {
        self.kinds.get(&name.to_string()).is_some_and(|found| found == kind)
    }
}
