//! A [`Model`] as tokens.
//!
//! ```text
//! <attributes, visibility and signature> {
//!     <inner attributes>
//!     match {
//!         static __CALLSITE: ::trace::__private::Callsite = …;
//!         ::trace::__private::region(&__CALLSITE)
//!     } {
//!         __guard => { <statements> }
//!     }
//! }
//! ```
//!
//! An `async` function stays one, and its body becomes the future that it awaits:
//!
//! ```text
//!     match { …; ::trace::__private::region_future(&__CALLSITE) } {
//!         __begun => __begun.run(async move {
//!             let _ = (&<last parameter>, …, &<first parameter>);
//!             if false { return ::trace::__private::result_of::<Result>() }
//!             { <statements> }
//!         }).await
//!     }
//! ```
//!
//! What a function does that returns a future stays in front of that, which is wrapped:
//!
//! ```text
//!     match { …; ::trace::__private::region_future(&__CALLSITE) } {
//!         __begun => __begun.here().run({ <statements> })
//!     }
//! ```
//!
//! A `return` in there would leave the function with what is not wrapped; only then is the body a closure. A
//! future in a box is wrapped, in another box, only if something is recorded: its type is the same.
//!
//! 1. The body is printed once, in a block and not in a closure, so that `?`, `return`, labels
//!    and borrows keep their meaning.
//! 2. The guard is bound by `match` and not by `let`: it is dropped after the temporaries of
//!    the body's last expression, in every edition. Only where `impl …` is in the result it is
//!    `let __guard = …; { <statements> }`: the compiler learns what a closure takes from such a
//!    type, but does not tell it to the arms of a `match`. Before edition 2024 the temporaries
//!    are dropped after the guard then.
//! 3. Nothing can clash with what the user named. Paths begin at the facade or at `::core`;
//!    `__guard` is hygienic. Items never are, therefore the static has a name nobody uses and
//!    a block of its own, which arguments see and the body does not.
//! 4. The compiler and clippy take our tokens for a macro's and those of the user for the
//!    user's: the former have the span [`Span::mixed_site`], if need be moved onto what a
//!    type error should point at. The braces of the body stay the user's.
//! 5. Arguments are in a closure, called at once: a `?` in one is a type error and not a
//!    return that happens only when tracing is on.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::LitStr;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::args::{Argument, Form, Value};
use crate::function::{Body, Function};
use crate::model::{Kind, Measured, Model};
use crate::returned::Returned;
use crate::{parameters, returned};

pub(crate) fn expand(model: Model) -> TokenStream {
    let guard = match model.kind {
        Kind::Main => session(&model),
        Kind::Region | Kind::Task | Kind::Test => guard(&model),
    };
    let attribute = match model.kind {
        Kind::Test if !model.function.qualifiers.is_test => {
            quote_spanned!(Span::mixed_site()=> #[::core::prelude::v1::test])
        }
        _ => TokenStream::new(),
    };
    let is_opaque = model.measured == Measured::Call && has_opaque_result(&model.function);
    let measured = measured(&model);
    let Function { head, body, .. } = model.function;
    let Body { span, inner_attributes, statements } = body;
    let guarded = if is_opaque {
        // Braces that a person typed there would be called needless where they hold one expression.
        let mut statements = statements;
        statements.set_span(Span::mixed_site().located_at(span));
        quote_spanned! {Span::mixed_site()=>
            #inner_attributes
            let __guard = #guard;
            #statements
        }
    } else {
        quote_spanned! {Span::mixed_site()=>
            #inner_attributes
            match #guard { #measured }
        }
    };
    let mut braces = Group::new(Delimiter::Brace, guarded);
    braces.set_span(span);
    attribute.into_iter().chain(head).chain([TokenTree::Group(braces)]).collect()
}

/// The arm of the `match`: what is done with the guard, or with what is to become a future.
fn measured(model: &Model) -> TokenStream {
    let span = Span::mixed_site();
    let Model { facade, function, .. } = model;
    let statements = &function.body.statements;
    let returned = match model.measured {
        Measured::Call => return quote_spanned!(span=> __guard => #statements),
        Measured::Body => {
            let hints = hints(model);
            return quote_spanned! {span=>
                __begun => __begun.run(async move { #hints #statements }).await
            };
        }
        Measured::Returned(returned) => returned,
    };
    let result = || function.signature().and_then(|(_, result)| result).map(at_mixed_site);
    let future = match (returned::returns_early(statements), returned) {
        (false, _) => quote_spanned!(span=> #statements),
        // Such a type cannot be named, and no value becomes one of it.
        (true, Returned::Opaque) => quote_spanned!(span=> (move || #statements)()),
        (true, Returned::Boxed) => {
            let result = result();
            quote_spanned!(span=> (move || -> #result #statements)())
        }
    };
    match returned {
        Returned::Opaque => quote_spanned!(span=> __begun => __begun.here().run(#future)),
        Returned::Boxed => {
            let result = result();
            quote_spanned! {span=>
                __begun => {
                    let __future: #result = #future;
                    if #facade::__private::enabled() {
                        #facade::__private::Box::pin(__begun.here().run(__future))
                    } else {
                        __future
                    }
                }
            }
        }
    }
}

/// The session around a program.
fn session(model: &Model) -> TokenStream {
    let facade = &model.facade;
    quote_spanned!(Span::mixed_site()=> #facade::__private::start_from_env())
}

/// What stands in front of an `async` function's body in its block.
///
/// The parameters are mentioned, so that they are dropped [in order](parameters). And the compiler is told of
/// what type the result is. It knows that of a function's body from the signature, but not that of a block
/// within, where a `?` or a value that becomes another type, say a box that becomes one of `dyn Error`, asks
/// for it. Nothing is told where the type has no name.
fn hints(model: &Model) -> TokenStream {
    let span = Span::mixed_site();
    let Model { facade, function, .. } = model;
    let Some((parameters, result)) = function.signature() else { return TokenStream::new() };
    let mentioned = parameters::mentioned(&parameters, &function.body.statements);
    let mention = match &mentioned[..] {
        [] => TokenStream::new(),
        names => quote_spanned!(span=> let _ = (#(&#names,)*);),
    };
    let named = result.unwrap_or_else(|| quote_spanned!(span=> ()));
    if has_no_name(&named) {
        return mention;
    }
    let named = at_mixed_site(named);
    quote_spanned! {span=>
        #mention
        if false {
            return #facade::__private::result_of::<#named>();
        }
    }
}

/// Whether `impl …` is in the result of a function.
fn has_opaque_result(function: &Function) -> bool {
    let result = function.signature().and_then(|(_, result)| result);
    result.is_some_and(|result| is_opaque(&result))
}

fn is_opaque(result: &TokenStream) -> bool {
    result.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => is_opaque(&group.stream()),
        _ => false,
    })
}

/// Whether `impl …` is in a type, or whether it is `!`.
fn has_no_name(result: &TokenStream) -> bool {
    result.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Punct(punct) => punct.as_char() == '!',
        TokenTree::Group(group) => has_no_name(&group.stream()),
        TokenTree::Literal(_) => false,
    })
}

/// The same tokens, taken for those of a macro: what is wrong with them is told where they were typed.
fn at_mixed_site(tokens: TokenStream) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        let span = Span::mixed_site().located_at(token.span());
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), at_mixed_site(group.stream())).into();
        }
        token.set_span(span);
        token
    });
    moved.collect()
}

/// The block whose value is the guard, or what is to become a future.
fn guard(model: &Model) -> TokenStream {
    let span = Span::mixed_site();
    let Model { kind, name, values, facade, measured, function } = model;
    let private = quote_spanned!(span=> #facade::__private);
    let keys =
        values.iter().map(|value| LitStr::new(&value.key.unraw().to_string(), value.key.span()));

    // `line!()` is the line of the outermost macro call it comes from. With the span of the
    // function's name it comes from none and is the line of that name.
    let here = function.name.span();
    let location = quote_spanned!(here=> ::core::file!(), ::core::line!(), ::core::module_path!());

    let name = match kind {
        Kind::Test => quote_spanned! {span=>
            #private::test_name(::core::concat!(::core::module_path!(), "::", #name))
        },
        _ => quote_spanned!(span=> #name),
    };
    let future = if *measured == Measured::Call { "" } else { "_future" };
    let begins = |suffix| Ident::new(&format!("{}{future}{suffix}", kind.function()), span);
    let plain = begins("");
    let describe = Ident::new(kind.callsite(), span);
    let begin = if values.is_empty() {
        quote_spanned!(span=> #private::#plain(&__CALLSITE))
    } else {
        let (with, off) = (begins("_with"), begins("_off"));
        let values = values.iter().map(|value| recorded(value, &private));
        quote_spanned! {span=>
            if #private::enabled() {
                (|| #private::#with(&__CALLSITE, &[#(#values),*]))()
            } else {
                #private::#off(&__CALLSITE)
            }
        }
    };
    quote_spanned! {span=>
        {
            static __CALLSITE: #private::Callsite =
                #private::Callsite::#describe(#name, #location, &[#(#keys),*]);
            #begin
        }
    }
}

/// An argument as the library's `Value`. What does not implement the trait this takes is
/// reported at the user's expression.
fn recorded(argument: &Argument, private: &TokenStream) -> TokenStream {
    let value = match &argument.value {
        Value::Variable => argument.key.span(),
        Value::Expression(expression) => expression.span(),
    };
    let span = Span::mixed_site().located_at(value);
    let private = located_at(value, private);
    let convert = Ident::new(argument.form.function(), span);
    match &argument.value {
        Value::Variable => {
            let variable = &argument.key;
            quote_spanned!(span=> #private::#convert(&#variable))
        }
        Value::Expression(expression) => {
            quote_spanned!(span=> #private::#convert(&(#expression)))
        }
    }
}

/// The path as before, shown at another place.
fn located_at(place: Span, path: &TokenStream) -> TokenStream {
    let moved = path.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    moved.collect()
}

/// The names on the other side.
impl Kind {
    /// What begins it.
    const fn function(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Task => "task",
            Self::Main => "start_from_env",
            Self::Test => "test",
        }
    }

    /// What makes its callsite: a test is a task.
    const fn callsite(self) -> &'static str {
        match self {
            Self::Test => Self::Task.function(),
            _ => self.function(),
        }
    }
}

impl Form {
    const fn function(self) -> &'static str {
        match self {
            Self::Typed => "arg",
            Self::Debug => "debug",
            Self::Display => "display",
        }
    }
}
