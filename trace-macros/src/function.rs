//! The annotated tokens, as a [`Function`].
//!
//! Owns the error for what is no function. The signature is parsed because its qualifiers
//! matter; the body stays the tokens it is, and is not even looked into: that would be most of the
//! work. A body that does not parse is therefore the compiler's to report, once, and an editor
//! finds in the expansion what was typed.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, LitStr, Result, Signature, Token, Visibility};

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
    pub(crate) inner_attributes: TokenStream,
    pub(crate) statements: TokenStream,
}

impl Function {
    pub(crate) fn parse(kind: Kind, tokens: TokenStream) -> Result<Self> {
        let mut head: Vec<TokenTree> = tokens.into_iter().collect();
        let body = head.last().and_then(braces);
        if body.is_some() {
            head.pop();
        }
        let parse = |input: ParseStream| Self::parse_head(kind, input, body.as_ref());
        parse.parse2(head.into_iter().collect())
    }

    /// Everything but the body.
    fn parse_head(kind: Kind, input: ParseStream, body: Option<&Group>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        expect_function(kind, &input.fork(), body)?;
        let defaultness = input.parse()?;
        // Only declarations in an `extern` block are `safe`, and those are turned down below.
        input.parse::<Option<Token![safe]>>()?;
        let signature: Signature = input.parse()?;
        let Some(body) = body else {
            let message = format_args!(
                "{kind} needs a function body: put it on the implementation, not on the declaration"
            );
            return Err(Error::new(signature.ident.span(), message));
        };
        Ok(Self { attributes, visibility, defaultness, signature, body: Body::new(body) })
    }
}

impl Body {
    fn new(braces: &Group) -> Self {
        let mut inner_attributes = TokenStream::new();
        let mut rest = braces.stream().into_iter();
        loop {
            let mut ahead = rest.clone();
            match (ahead.next(), ahead.next(), ahead.next()) {
                (
                    Some(TokenTree::Punct(hash)),
                    Some(TokenTree::Punct(bang)),
                    Some(TokenTree::Group(attribute)),
                ) if hash.as_char() == '#'
                    && bang.as_char() == '!'
                    && attribute.delimiter() == Delimiter::Bracket =>
                {
                    let (hash, bang) = (TokenTree::Punct(hash), TokenTree::Punct(bang));
                    inner_attributes.extend([hash, bang, TokenTree::Group(attribute)]);
                    rest = ahead;
                }
                _ => break,
            }
        }
        Self { span: braces.span(), inner_attributes, statements: rest.collect() }
    }
}

/// A pair of braces, or one that a macro passes on as what it took for a block.
fn braces(token: &TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group.clone()),
        Delimiter::None => {
            let mut inside = group.stream().into_iter();
            let only = inside.next().filter(|_| inside.next().is_none())?;
            braces(&only)
        }
        _ => None,
    }
}

/// Looks ahead for a `fn`, or reports the word that says what the item is instead.
fn expect_function(kind: Kind, input: ParseStream, body: Option<&Group>) -> Result<()> {
    let span = input.span();
    while input.peek(Ident::peek_any) {
        let word = input.call(Ident::parse_any)?;
        let found = match word.to_string().as_str() {
            "fn" => return Ok(()),
            "async" | "auto" | "const" | "default" | "gen" | "safe" | "unsafe" => continue,
            "extern" => {
                input.parse::<Option<LitStr>>()?;
                // Its braces are what was taken for a body.
                if !input.is_empty() || body.is_none() {
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
