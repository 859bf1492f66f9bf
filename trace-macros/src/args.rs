//! The tokens between the attribute's parentheses, as [`Arguments`].
//!
//! Owns the syntax and its errors: an argument nobody knows, one given twice, one that is cut
//! short. Each is reported at its own tokens and says what was expected. What the arguments
//! mean for a function is not decided here.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Lit, LitStr, Result, Token, parenthesized, token};

use crate::expression;
use crate::model::Kind;

const KNOWN: &str = "a name in quotes, `args(…)`, `future` or `call`, and `crate = path`";
const FACADE: &str = "`crate = path`";
const SHAPES: &str = "`name`, `?name`, `%name` or `name = value`";

/// Everything an attribute was given.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) name: Option<LitStr>,
    pub(crate) values: Option<Vec<Argument>>,
    pub(crate) facade: Option<TokenStream>,
    /// `future` or `call`: what is measured.
    pub(crate) measured: Option<Ident>,
}

/// One of `args(…)`.
pub(crate) struct Argument {
    pub(crate) key: Ident,
    pub(crate) form: Form,
    pub(crate) value: Value,
}

/// How a value is recorded.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// As what it is: a number, a `bool`, a string.
    Typed,
    /// `?`: as its `Debug` text.
    Debug,
    /// `%`: as its `Display` text.
    Display,
}

/// What is recorded.
pub(crate) enum Value {
    /// The variable that has the argument's name.
    Variable,
    Expression(TokenStream),
}

impl Arguments {
    pub(crate) fn parse(kind: Kind, tokens: TokenStream) -> Result<Self> {
        if tokens.is_empty() {
            return Ok(Self::default());
        }
        if matches!(kind, Kind::Main | Kind::Test) {
            let facade = parse_facade(&kind.to_string(), tokens)?;
            return Ok(Self { facade, ..Self::default() });
        }
        (|input: ParseStream| Self::parse_all(kind, input)).parse2(tokens)
    }

    fn parse_all(kind: Kind, input: ParseStream) -> Result<Self> {
        let mut found = Self::default();
        while !input.is_empty() {
            found.parse_one(kind, input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(found)
    }

    fn parse_one(&mut self, kind: Kind, input: ParseStream) -> Result<()> {
        if input.peek(Lit) {
            let name = string(kind, input.parse()?)?;
            return set_once(&mut self.name, name.span(), "name", kind, name);
        }
        if !input.peek(Ident::peek_any) {
            return Err(input.error(format_args!("{kind} takes {KNOWN}")));
        }
        let word = input.call(Ident::parse_any)?;
        if word == "args" {
            if !input.peek(token::Paren) {
                let message = "`args` takes what to record in parentheses: `args(order_id)`";
                return Err(Error::new(word.span(), message));
            }
            let content;
            parenthesized!(content in input);
            let values = content.parse_terminated(Argument::parse, Token![,])?;
            let values = values.into_iter().collect();
            set_once(&mut self.values, word.span(), "`args(…)`", kind, values)
        } else if word == "crate" {
            let path = facade(&word, input)?;
            set_once(&mut self.facade, word.span(), FACADE, kind, path)
        } else if word == "future" || word == "call" {
            set_once(&mut self.measured, word.span(), "`future` or `call`", kind, word)
        } else {
            Err(Error::new(
                word.span(),
                format_args!("unknown argument `{word}`: {kind} takes {KNOWN}"),
            ))
        }
    }
}

impl Argument {
    fn parse(input: ParseStream) -> Result<Self> {
        let form = Form::parse(input)?;
        if !(input.peek(Ident) || input.peek(Token![self])) {
            return Err(input.error(format_args!("expected {SHAPES}")));
        }
        let key = input.call(Ident::parse_any)?;
        if at_end(input) {
            return Ok(Self { key, form, value: Value::Variable });
        }
        if !input.peek(Token![=]) || input.peek(Token![==]) {
            let message = format_args!("a value needs a name: expected {SHAPES}");
            return Err(input.error(message));
        }
        let equals = input.parse::<Token![=]>()?;
        if let Some(sigil) = form.sigil() {
            let message = format_args!("the `{sigil}` belongs to the value: `{key} = {sigil}…`");
            return Err(Error::new(equals.span, message));
        }
        let form = Form::parse(input)?;
        if at_end(input) {
            return Err(Error::new(equals.span, format_args!("expected a value after `{key} =`")));
        }
        Ok(Self { key, form, value: Value::Expression(expression::parse(input)?) })
    }
}

impl Form {
    fn parse(input: ParseStream) -> Result<Self> {
        if input.parse::<Option<Token![?]>>()?.is_some() {
            Ok(Self::Debug)
        } else if input.parse::<Option<Token![%]>>()?.is_some() {
            Ok(Self::Display)
        } else {
            Ok(Self::Typed)
        }
    }

    const fn sigil(self) -> Option<char> {
        match self {
            Self::Typed => None,
            Self::Debug => Some('?'),
            Self::Display => Some('%'),
        }
    }
}

/// The arguments of an attribute, `taker`, that takes the path of the library and nothing else.
pub(crate) fn parse_facade(taker: &str, tokens: TokenStream) -> Result<Option<TokenStream>> {
    if tokens.is_empty() {
        return Ok(None);
    }
    let parse = |input: ParseStream| {
        let mut found = None;
        while !input.is_empty() {
            if !input.peek(Ident::peek_any) {
                return Err(input.error(format_args!("{taker} takes {FACADE}")));
            }
            let word = input.call(Ident::parse_any)?;
            if word != "crate" {
                let message = format_args!("unknown argument `{word}`: {taker} takes {FACADE}");
                return Err(Error::new(word.span(), message));
            }
            let path = facade(&word, input)?;
            set_once(&mut found, word.span(), FACADE, taker, path)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(found)
    };
    parse.parse2(tokens)
}

/// What is behind the word `crate`.
fn facade(word: &Ident, input: ParseStream) -> Result<TokenStream> {
    let message = "`crate` takes the path of the library: `crate = path`";
    if !input.peek(Token![=]) {
        return Err(Error::new(word.span(), message));
    }
    input.parse::<Token![=]>()?;
    path(input).map_err(|error| Error::new(error.span(), message))
}

fn at_end(input: ParseStream) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// A path without generics, as in a `use`.
fn path(input: ParseStream) -> Result<TokenStream> {
    let mut path = TokenStream::new();
    if let Some(colons) = input.parse::<Option<Token![::]>>()? {
        colons.to_tokens(&mut path);
    }
    loop {
        input.call(Ident::parse_any)?.to_tokens(&mut path);
        match input.parse::<Option<Token![::]>>()? {
            Some(colons) => colons.to_tokens(&mut path),
            None => return Ok(path),
        }
    }
}

fn string(kind: Kind, literal: Lit) -> Result<LitStr> {
    match literal {
        Lit::Str(name) => Ok(name),
        other => Err(Error::new(
            other.span(),
            format_args!("the name in {kind} is a string: `\"steamMilk\"`"),
        )),
    }
}

/// Fills `slot`, or reports at `span` that it was full.
fn set_once<T>(
    slot: &mut Option<T>,
    span: Span,
    what: &str,
    taker: impl Display,
    value: T,
) -> Result<()> {
    if slot.replace(value).is_some() {
        return Err(Error::new(span, format_args!("duplicate {what}: {taker} takes one")));
    }
    Ok(())
}
