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
//!         __begun => {
//!             let __result = ::trace::__private::result_type();
//!             if false { return ::trace::__private::result_of(__result) }
//!             __begun.run(async move {
//!                 let _ = (&<last parameter>, …, &<first parameter>);
//!                 if false { return ::trace::__private::result_of(__result) }
//!                 '_body: { <statements> }
//!             }).await
//!         }
//!     }
//! ```
//!
//! What a function does that returns a future stays in front of that, which is wrapped:
//!
//! ```text
//!     match { …; ::trace::__private::region_future(&__CALLSITE) } {
//!         __begun => __begun.here().run('_body: { <statements> })
//!     }
//! ```
//!
//! A `return` in there would leave the function with what is not wrapped; only then is the body a closure. A
//! future in a box is wrapped, in another box, only if something is recorded: its type is the same.
//!
//! 1. The body is printed once, in a block and not in a closure but for that case, so that `?`, `return`, labels
//!    and borrows keep their meaning.
//! 2. The guard is bound by `match` and not by `let`: it is dropped after the temporaries of
//!    the body's last expression, in every edition. Only where `impl …` is in the result it is
//!    `let __guard = …; '_body: { <statements> }`: the compiler learns what a closure takes from such a
//!    type, but does not tell it to the arms of a `match`. Before edition 2024 the temporaries
//!    are dropped after the guard then.
//! 3. Nothing can clash with what the user named. Paths begin at the facade or at `::core`;
//!    `__guard` is hygienic. Items never are, therefore the static has a name nobody uses and
//!    a block of its own, which arguments see and the body does not.
//! 4. The compiler and clippy take our tokens for a macro's and those of the user for the
//!    user's: the former have the span [`Span::mixed_site`], if need be moved onto what a
//!    type error should point at. The braces of the body stay the user's, and what has to be in front of
//!    these, a label or `async move`, goes for typed as well: see [`as_typed`] and [`typed_with`].
//! 5. Arguments are in a closure, called at once: a `?` in one is a type error and not a
//!    return that happens only when tracing is on.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::LitStr;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::args::{Argument, Form, Value};
use crate::function::{Body, Function, is};
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
        let statements = as_typed(&statements);
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
    match model.measured {
        Measured::Call => {
            let statements = &model.function.body.statements;
            quote_spanned!(Span::mixed_site()=> __guard => #statements)
        }
        Measured::Body => of_async(model),
        Measured::Returned(returned) => of_returned(model, returned),
    }
}

/// The arm for an `async` function.
///
/// The parameters are mentioned, so that they are dropped [in order](parameters). And the compiler is told of
/// what [type](ResultType) the result is: it knows that of a function's body from the signature, but not that of a
/// block within, where a `?` or a value that becomes another type, say a box that becomes one of `dyn Error`,
/// asks for it.
fn of_async(model: &Model) -> TokenStream {
    let span = Span::mixed_site();
    let (parameters, result) = model.function.signature().unzip();
    let result = result.flatten();
    let result = result.as_ref();
    let ResultType { found, told } = ResultType::of(model, result);
    let statements = &model.function.body.statements;
    let mention = mention(parameters.as_ref(), statements);
    let statements = as_typed(statements);
    let body = quote_spanned!(span=> #mention #told #statements);
    let body = typed_with(&model.function, &quote_spanned!(span=> async move), body);
    let body = if returned::may_be_a_future(result) {
        // Clippy asks of a block that gives a future why nobody awaits it; of a function it does not.
        quote_spanned! {span=>
            #[allow(clippy::async_yields_async)]
            let __body = #body;
            __begun.run(__body).await
        }
    } else {
        quote_spanned!(span=> __begun.run(#body).await)
    };
    quote_spanned! {span=>
        __begun => {
            #found
            #body
        }
    }
}

/// How the compiler learns the type of a function's result where it would not look for it: it is that of a
/// variable, `__result`, which the function returns in a place that is never reached. To repeat the type would
/// be to have everything said twice that is wrong with it.
#[derive(Default)]
struct ResultType {
    /// Stands in the function.
    found: TokenStream,
    /// Stands in what returns the same.
    told: TokenStream,
}

impl ResultType {
    fn of(model: &Model, result: Option<&TokenStream>) -> Self {
        if result.is_some_and(cannot_be_told) {
            return Self::default();
        }
        let span = Span::mixed_site();
        // What does not fit is told to be expected here.
        let here = result.map_or(span, |result| span.located_at(result.span()));
        let facade = &model.facade;
        let private = located_at(here, &quote_spanned!(span=> #facade::__private));
        let told = quote_spanned!(here=> if false { return #private::result_of(__result); });
        let found = quote_spanned!(span=> let __result = #facade::__private::result_type(); #told);
        Self { found, told }
    }
}

/// A statement that mentions parameters.
fn mention(parameters: Option<&Group>, body: &Group) -> TokenStream {
    let names = parameters.map(|parameters| parameters::mentioned(parameters, body));
    let names = names.unwrap_or_default();
    if names.is_empty() {
        return TokenStream::new();
    }
    quote_spanned! {Span::mixed_site()=>
        #[allow(clippy::used_underscore_binding)]
        let _ = (#(&#names,)*);
    }
}

/// The arm for a function that returns a future.
fn of_returned(model: &Model, returned: Returned) -> TokenStream {
    let span = Span::mixed_site();
    let Model { facade, function, .. } = model;
    let private = quote_spanned!(span=> #facade::__private);
    let statements = &function.body.statements;
    let closure = || typed_with(function, &quote_spanned!(span=> move ||), statements.stream());
    let returns_early = returned::returns_early(statements);
    match returned {
        Returned::Opaque => {
            let future = if returns_early {
                let closure = closure();
                quote_spanned!(span=> (#closure)())
            } else {
                as_typed(statements)
            };
            quote_spanned!(span=> __begun => __begun.here().run(#future))
        }
        Returned::Boxed => {
            let result = function.signature().and_then(|(_, result)| result);
            let ResultType { found, .. } = ResultType::of(model, result.as_ref());
            let future = if returns_early {
                let closure = closure();
                quote_spanned!(span=> #private::returned(__result, #closure))
            } else {
                let statements = as_typed(statements);
                quote_spanned!(span=> #private::of_type(__result, #statements))
            };
            quote_spanned! {span=>
                __begun => {
                    #found
                    let __future = #future;
                    if #private::enabled() {
                        #private::Box::pin(__begun.here().run(__future))
                    } else {
                        __future
                    }
                }
            }
        }
    }
}

/// The statements in the braces that were typed, as an expression that is no function's body any more. With the
/// label nobody calls these braces needless where they hold one expression; and without them, clippy would take
/// what is in them for a macro's.
fn as_typed(statements: &Group) -> TokenStream {
    quote_spanned!(statements.span()=> '_body: #statements)
}

/// A block or closure that clippy takes for one that was typed, as it takes a function: what it says of `return`
/// it says of these.
fn typed_with(function: &Function, head: &TokenStream, body: TokenStream) -> TokenStream {
    let typed = function.body.span;
    let mut braces = Group::new(Delimiter::Brace, body);
    braces.set_span(typed);
    let head = head.clone().into_iter().map(|mut token| {
        token.set_span(typed);
        token
    });
    head.chain([TokenTree::Group(braces)]).collect()
}

/// The session around a program.
fn session(model: &Model) -> TokenStream {
    let facade = &model.facade;
    quote_spanned!(Span::mixed_site()=> #facade::__private::start_from_env())
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

/// Whether a type is `!`, of which there is nothing to return, or `impl …`, where the compiler keeps what it
/// knows to the function itself.
fn cannot_be_told(result: &TokenStream) -> bool {
    result.clone().into_iter().next().is_some_and(|first| match first {
        TokenTree::Ident(word) => word == "impl",
        other => is(&other, '!'),
    })
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
