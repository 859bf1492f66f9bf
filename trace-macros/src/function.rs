//! The annotated tokens, as a [`Function`].
//!
//! Owns the error for what is no function. The signature is parsed because its qualifiers
//! matter; the body stays the tokens it is. A body that does not parse is therefore the
//! compiler's to report, once, and an editor finds in the expansion what was typed.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, LitStr, Result, Signature, Token, Visibility, braced, token};

use crate::model::Kind;

/// A function or method that has a body.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    /// The `default` of specialization.
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

/// What is between the braces.
pub(crate) struct Body {
    /// Of the braces.
    pub(crate) span: Span,
    /// `#![…]` and `//!`, which have to stay in front.
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) statements: TokenStream,
}

impl Function {
    pub(crate) fn parse(kind: Kind, tokens: TokenStream) -> Result<Self> {
        (|input: ParseStream| Self::parse_item(kind, input)).parse2(tokens)
    }

    fn parse_item(kind: Kind, input: ParseStream) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        expect_function(kind, &input.fork())?;
        let defaultness = input.parse()?;
        // Only declarations in an `extern` block are `safe`, and those are turned down below.
        input.parse::<Option<Token![safe]>>()?;
        let signature: Signature = input.parse()?;
        if input.peek(Token![;]) {
            let message = format_args!(
                "{kind} needs a function body: put it on the implementation, not on the declaration"
            );
            return Err(Error::new(signature.ident.span(), message));
        }
        let content;
        let brace = braced!(content in input);
        let tokens = content.parse()?;
        let body = Body::new(brace.span.join(), tokens);
        Ok(Self { attributes, visibility, defaultness, signature, body })
    }
}

impl Body {
    fn new(span: Span, tokens: TokenStream) -> Self {
        let split = |input: ParseStream| {
            Ok((input.call(Attribute::parse_inner)?, input.parse::<TokenStream>()?))
        };
        let (inner_attributes, statements) =
            split.parse2(tokens.clone()).unwrap_or_else(|_| (Vec::new(), tokens));
        Self { span, inner_attributes, statements }
    }
}

/// Looks ahead for a `fn`, or reports the word that says what the item is instead.
fn expect_function(kind: Kind, input: ParseStream) -> Result<()> {
    let span = input.span();
    while input.peek(Ident::peek_any) {
        let word = input.call(Ident::parse_any)?;
        let found = match word.to_string().as_str() {
            "fn" => return Ok(()),
            "async" | "auto" | "const" | "default" | "gen" | "safe" | "unsafe" => continue,
            "extern" => {
                input.parse::<Option<LitStr>>()?;
                if !input.peek(token::Brace) {
                    continue;
                }
                "an `extern` block"
            }
            "impl" => "an `impl` block: put it on the functions inside",
            "mod" => "a module: put it on the functions inside",
            "trait" => "a trait: put it on the functions inside that have a body",
            "struct" => "a struct",
            "enum" => "an enum",
            "union" => "a union",
            "static" => "a static",
            "type" => "a type alias",
            "use" => "a `use`",
            _ => break,
        };
        let message = format_args!("{kind} belongs on a function, found {found}");
        return Err(Error::new(word.span(), message));
    }
    Err(Error::new(span, format_args!("{kind} belongs on a function")))
}
