//! One function, as the tokens around its `fn` tell: its attributes, its qualifiers, whether it has a body.
//!
//! In what a macro makes, some of that may be variables. Those for a visibility, a name and a block of
//! statements are as good as what they stand for; with others in the place of qualifiers or of the body,
//! nobody knows what the function will be.

use std::ops::Range;

use proc_macro2::{Delimiter, TokenTree};

use crate::fragments::Fragments;
use crate::tally::Reason;
use crate::tokens::{inside, is, is_word, start};

/// A function that a region can be on.
pub(crate) struct Function {
    /// Where its visibility, its qualifiers or its `fn` begin, whichever is first.
    pub(crate) start: usize,
    pub(crate) test: Option<Test>,
}

/// How a function is a test.
pub(crate) enum Test {
    /// By the word `test`; where its attribute begins, and where the word is.
    Plain { attribute: usize, word: Range<usize> },
    /// By the attribute of a runtime, as `#[tokio::test]`.
    OfRuntime,
}

/// Whether the word `fn` at `at` begins a function, and not the type of a pointer to one.
pub(crate) fn is_function(tokens: &[TokenTree], at: usize) -> bool {
    is_word(&tokens[at], "fn")
        && match tokens.get(at + 1) {
            Some(TokenTree::Ident(_)) => true,
            Some(token) => is(token, '$'),
            None => false,
        }
}

impl Function {
    /// The function whose `fn` is at `at`, or why no region can be on it.
    pub(crate) fn new(
        tokens: &[TokenTree],
        at: usize,
        fragments: &Fragments,
    ) -> Result<Self, Reason> {
        let first = qualifiers(tokens, at, fragments)?;
        let qualifies = |word| tokens[first..at].iter().any(|token| is_word(token, word));
        if !has_body(&tokens[at + 1..], fragments)? {
            return Err(Reason::Declaration);
        }
        if qualifies("const") {
            return Err(Reason::Const);
        }
        if qualifies("gen") {
            return Err(Reason::Gen);
        }
        let mut test = None;
        for at in attributes(&tokens[..first]) {
            let TokenTree::Group(attribute) = &tokens[at + 1] else { continue };
            let attribute: Vec<TokenTree> = attribute.stream().into_iter().collect();
            if is_naked(&attribute) {
                return Err(Reason::Naked);
            }
            if let Some(word) = test_word(&attribute) {
                test = Some(Test::Plain { attribute: start(&tokens[at]), word });
            } else if is_test_of_runtime(&attribute) {
                test = Some(Test::OfRuntime);
            }
        }
        Ok(Self { start: start(&tokens[first]), test })
    }
}

/// The first token of the visibility and the qualifiers in front of `fn`.
fn qualifiers(tokens: &[TokenTree], at: usize, fragments: &Fragments) -> Result<usize, Reason> {
    const WORDS: [&str; 8] =
        ["pub", "default", "const", "async", "unsafe", "extern", "safe", "gen"];
    let mut first = at;
    loop {
        first -= match &tokens[..first] {
            // `#[$attribute] fn` ends in brackets, so that this is no variable in an attribute.
            [.., dollar, name @ TokenTree::Ident(_)] if is(dollar, '$') => {
                if !fragments.is(name, "vis") {
                    return Err(Reason::MacroCaller);
                }
                2
            }
            [.., TokenTree::Ident(word)] if WORDS.iter().any(|known| word == known) => 1,
            [.., word, TokenTree::Literal(_)] if is_word(word, "extern") => 2,
            [.., word, scope]
                if is_word(word, "pub") && inside(scope, Delimiter::Parenthesis).is_some() =>
            {
                2
            }
            before => {
                return match repetition(before) {
                    Some((_, false)) => Err(Reason::MacroCaller),
                    _ => Ok(first),
                };
            }
        };
    }
}

/// Where each attribute begins that stands at the end of these tokens, the last one first.
fn attributes(mut before: &[TokenTree]) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        while let Some((len, true)) = repetition(before) {
            before = &before[..before.len() - len];
        }
        match before {
            [rest @ .., hash, brackets]
                if is(hash, '#') && inside(brackets, Delimiter::Bracket).is_some() =>
            {
                before = rest;
                Some(rest.len())
            }
            _ => None,
        }
    })
}

/// How many tokens the repetition has that these end in, `$(…)*` or its like, and whether it is one of
/// attributes.
fn repetition(before: &[TokenTree]) -> Option<(usize, bool)> {
    let [.., dollar, group, operator] = before else { return None };
    let group = inside(group, Delimiter::Parenthesis)?;
    let is_one = is(dollar, '$') && ['?', '*', '+'].iter().any(|sign| is(operator, *sign));
    let first = group.stream().into_iter().next();
    is_one.then(|| (3, first.is_some_and(|token| is(&token, '#'))))
}

/// Whether the function has a body, of which these are the tokens from its name on.
fn has_body(behind: &[TokenTree], fragments: &Fragments) -> Result<bool, Reason> {
    let mut angles = 0_usize;
    for (at, token) in behind.iter().enumerate() {
        if is(token, '<') {
            angles += 1;
        } else if is(token, '>') && !(at > 0 && is(&behind[at - 1], '-')) {
            angles = angles.saturating_sub(1);
        }
        if angles > 0 {
            // Braces in there are a constant.
            continue;
        }
        if is(token, ';') {
            return Ok(false);
        }
        if inside(token, Delimiter::Brace).is_some() {
            return Ok(true);
        }
        if let [dollar, name, ..] = &behind[at..] {
            if is(dollar, '$') && fragments.is(name, "block") {
                return Ok(true);
            }
        }
    }
    Err(Reason::MacroCaller)
}

/// Where the word is in `test`, or in `cfg_attr(…, test)`.
fn test_word(attribute: &[TokenTree]) -> Option<Range<usize>> {
    match attribute {
        [word] if is_word(word, "test") => Some(word.span().byte_range()),
        [word, TokenTree::Group(group)] if is_word(word, "cfg_attr") => {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            inside.split(|token| is(token, ',')).skip(1).find_map(test_word)
        }
        _ => None,
    }
}

/// Whether it is `…::test`, with arguments or without.
fn is_test_of_runtime(attribute: &[TokenTree]) -> bool {
    let path = match attribute {
        [path @ .., TokenTree::Group(_)] => path,
        path => path,
    };
    matches!(path, [.., colon, word] if is(colon, ':') && is_word(word, "test"))
}

/// Whether it is `naked` or `unsafe(naked)`.
fn is_naked(attribute: &[TokenTree]) -> bool {
    match attribute {
        [word] => is_word(word, "naked"),
        [word, TokenTree::Group(group)] => {
            is_word(word, "unsafe") && group.stream().to_string() == "naked"
        }
        _ => false,
    }
}
