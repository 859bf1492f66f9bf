//! What an annotation means for its function: the [`Model`], and every rule it has to obey.
//!
//! Invariant: each model expands. A rule that the expansion relies on is checked here.

use std::fmt;

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::{Attribute, Error, LitStr, Meta, Path, Result, parse_quote_spanned};

use crate::args::{Argument, Arguments};
use crate::function::Function;

/// Which attribute it is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Region,
    Task,
}

/// One annotated function.
pub(crate) struct Model {
    pub(crate) kind: Kind,
    pub(crate) name: LitStr,
    pub(crate) values: Vec<Argument>,
    /// The path of the library.
    pub(crate) facade: Path,
    pub(crate) function: Function,
}

impl Model {
    pub(crate) fn new(kind: Kind, arguments: TokenStream, item: TokenStream) -> Result<Self> {
        let function = Function::parse(kind, item)?;
        runs_its_body_when_called(kind, &function)?;
        let arguments = Arguments::parse(kind, arguments)?;
        let values = arguments.values.unwrap_or_default();
        keys_differ(kind, &values)?;

        let name = arguments.name.unwrap_or_else(|| {
            let ident = &function.signature.ident;
            LitStr::new(&ident.unraw().to_string(), ident.span())
        });
        let facade =
            arguments.facade.unwrap_or_else(|| parse_quote_spanned!(Span::mixed_site()=> ::trace));
        Ok(Self { kind, name, values, facade, function })
    }
}

/// A guard in the body sees the call begin and end: not at compile time, not when all that
/// the call does is to make a future, and not where there may be no guard.
fn runs_its_body_when_called(kind: Kind, function: &Function) -> Result<()> {
    if let Some(constness) = &function.signature.constness {
        let message = format_args!(
            "{kind} cannot be put on a `const fn`: nothing is recorded at compile time"
        );
        return Err(Error::new(constness.span, message));
    }
    if let Some(asyncness) = &function.signature.asyncness {
        let instead = match kind {
            Kind::Region => "put it on the synchronous functions that this one calls",
            Kind::Task => "begin the task with `trace::new_task`",
        };
        let message = format_args!("{kind} cannot be put on an `async fn` yet: {instead}");
        return Err(Error::new(asyncness.span, message));
    }
    if let Some(naked) = function.attributes.iter().find(|attribute| is_naked(attribute)) {
        let message = format_args!(
            "{kind} cannot be put on a naked function: its body is assembly and nothing else"
        );
        return Err(Error::new_spanned(naked, message));
    }
    Ok(())
}

/// `#[naked]` or `#[unsafe(naked)]`.
fn is_naked(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::Path(path) => path.is_ident("naked"),
        Meta::List(list) => list.path.is_ident("unsafe") && list.tokens.to_string() == "naked",
        Meta::NameValue(_) => false,
    }
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
        })
    }
}
