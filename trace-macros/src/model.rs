//! What an annotation means for its function: the [`Model`], and every rule it has to obey.
//!
//! Invariant: each model expands. A rule that the expansion relies on is checked here.

use std::fmt;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;
use syn::{Error, LitStr, Result};

use crate::args::{Argument, Arguments};
use crate::function::{Function, Qualifiers};
use crate::returned::{self, Returned};

/// Which attribute it is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Region,
    Task,
    Main,
    Test,
}

/// One annotated function.
pub(crate) struct Model {
    pub(crate) kind: Kind,
    pub(crate) name: LitStr,
    pub(crate) values: Vec<Argument>,
    /// The path of the library.
    pub(crate) facade: TokenStream,
    pub(crate) measured: Measured,
    pub(crate) function: Function,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    /// The call.
    Call,
    /// The future that an `async` function is.
    Body,
    /// The future that the call makes.
    Returned(Returned),
}

impl Model {
    pub(crate) fn new(kind: Kind, arguments: TokenStream, item: TokenStream) -> Result<Self> {
        let function = Function::parse(kind, item)?;
        Self::of(kind, Arguments::parse(kind, arguments)?, function)
    }

    /// Of what is parsed already. An error means that the function has to stay as it is.
    pub(crate) fn of(kind: Kind, arguments: Arguments, function: Function) -> Result<Self> {
        runs_its_body_when_called(kind, &function)?;
        takes_nothing_if_an_entry(kind, &function)?;
        let values = arguments.values.unwrap_or_default();
        keys_differ(kind, &values)?;

        let name = arguments.name.unwrap_or_else(|| {
            let name = match kind {
                // As Cargo prints it.
                Kind::Test => function.name.to_string(),
                _ => function.name.unraw().to_string(),
            };
            LitStr::new(&name, function.name.span())
        });
        let facade =
            arguments.facade.unwrap_or_else(|| quote_spanned!(Span::mixed_site()=> ::trace));
        let measured = measured(kind, arguments.measured.as_ref(), &function)?;
        Ok(Self { kind, name, values, facade, measured, function })
    }
}

/// What is measured of a function: what it is, unless `word` says so.
fn measured(kind: Kind, word: Option<&Ident>, function: &Function) -> Result<Measured> {
    if matches!(kind, Kind::Main | Kind::Test) {
        return Ok(Measured::Call);
    }
    let is_call = word.is_some_and(|word| word == "call");
    if function.qualifiers.asyncness.is_some() {
        return match word.filter(|_| is_call) {
            None => Ok(Measured::Body),
            Some(word) => {
                let message = "a call of an `async fn` does nothing but make a future: \
                               leave out `call`";
                Err(Error::new(word.span(), message))
            }
        };
    }
    if is_call {
        return Ok(Measured::Call);
    }
    let result = function.signature().and_then(|(_, result)| result);
    match (word, result) {
        (Some(_), Some(result)) if returned::may_be_a_future(Some(&result)) => {
            Ok(Measured::Returned(Returned::of_future(&result)))
        }
        (Some(word), _) => {
            let message = "expected a function that returns a future: leave out `future`";
            Err(Error::new(word.span(), message))
        }
        (None, Some(result)) => {
            Ok(Returned::of(&result).map_or(Measured::Call, Measured::Returned))
        }
        (None, None) => Ok(Measured::Call),
    }
}

/// A guard in the body sees the call begin and end: not at compile time, not when all that
/// the call does is to make an iterator, and not where there may be no guard. The body of an `async`
/// function is made a future that sees it.
fn runs_its_body_when_called(kind: Kind, function: &Function) -> Result<()> {
    let Qualifiers { constness, asyncness, genness, naked, .. } = &function.qualifiers;
    if let Some(constness) = constness {
        let message = format_args!(
            "{kind} cannot be put on a `const fn`: nothing is recorded at compile time"
        );
        return Err(Error::new(constness.span(), message));
    }
    let runs_it = match kind {
        Kind::Region | Kind::Task => None,
        // Attributes expand from the top, and that of a runtime passes on the others that it finds.
        Kind::Main => Some("main"),
        Kind::Test => Some("test"),
    };
    if let (Some(word), Some(name)) = (asyncness, runs_it) {
        let message = format_args!(
            "{kind} cannot be put on an `async fn`: put it below the runtime's attribute, as \
             `#[tokio::{name}]`, which makes this function a synchronous one"
        );
        return Err(Error::new(word.span(), message));
    }
    if let Some(word) = genness {
        let message = format_args!(
            "{kind} cannot be put on a `gen fn`: all that the call does is to make an iterator"
        );
        return Err(Error::new(word.span(), message));
    }
    if let Some(naked) = naked {
        let message = format_args!(
            "{kind} cannot be put on a naked function: its body is assembly and nothing else"
        );
        return Err(Error::new_spanned(naked, message));
    }
    Ok(())
}

/// What the program or the harness calls is called with nothing.
fn takes_nothing_if_an_entry(kind: Kind, function: &Function) -> Result<()> {
    if !matches!(kind, Kind::Main | Kind::Test) {
        return Ok(());
    }
    if let Some(parameters) = &function.parameters {
        let message = format_args!("{kind} belongs on a function without parameters");
        return Err(Error::new_spanned(parameters, message));
    }
    Ok(())
}

fn keys_differ(kind: Kind, values: &[Argument]) -> Result<()> {
    for (i, value) in values.iter().enumerate() {
        if values[..i].iter().any(|earlier| earlier.key.unraw() == value.key.unraw()) {
            let message = format_args!("duplicate argument `{}` in {kind}", value.key);
            return Err(Error::new(value.key.span(), message));
        }
    }
    Ok(())
}

/// As typed.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "`#[trace::region]`",
            Self::Task => "`#[trace::task]`",
            Self::Main => "`#[trace::main]`",
            Self::Test => "`#[trace::test]`",
        })
    }
}
