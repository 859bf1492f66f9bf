//! The attributes of runtime-trace: `#[trace::region]` and `#[trace::task]`.
//!
//! Each attribute becomes a guard in front of the function's body and nothing else: the
//! signature, the other attributes and the body are printed as they were typed. The steps:
//!
//! | file | from | to |
//! |---|---|---|
//! | `args`, `expression` | the tokens in the attribute | `Arguments` |
//! | `function` | the annotated tokens | `Function` |
//! | `model` | both | `Model`, or the one error to report |
//! | `expand` | a model | tokens; cannot fail |
//! | `fallback` | an error | the error and the untouched item |
//!
//! What is deliberately absent: features (tracing is compiled in or out by one constant of
//! trace-core, so every build checks the same text), a parser for functions and expressions (the
//! compiler has one), and any path that does not begin at the facade or at `::core`.

#![forbid(unsafe_code)]

mod args;
mod expand;
mod expression;
mod fallback;
mod function;
mod model;
#[cfg(test)]
mod snapshots;

use model::{Kind, Model};
use proc_macro::TokenStream;

/// Makes each call of a function a region: an interval that begins with the call and ends when
/// the function returns or unwinds.
///
/// ```ignore
/// #[trace::region]                              // named after the function
/// fn grind(beans: &Beans) -> Grounds { todo!() }
///
/// #[trace::region("steamMilk", args(order_id, size = cup.len(), ?milk, label = %cup.label))]
/// fn steam_milk(order_id: u64, cup: &Cup, milk: Milk) -> Result<Foam, Spilled> { todo!() }
/// ```
///
/// # Arguments
/// All are optional, in any order, each at most once.
///
/// - `"name"`: the region's name, instead of the function's.
/// - `args(…)`: what to record at the beginning, in the syntax of `tracing`'s fields: `name`
///   records the variable of that name, `name = value` any expression; `?` records the `Debug`
///   and `%` the `Display` form. With tracing off nothing here is evaluated. An expression can
///   borrow and call what it likes, but `?` and `return` do not leave the function from it:
///   whether tracing is on must not decide where the function goes.
/// - `crate = path`: where the library is, if not at `::trace`: a renamed dependency, or a
///   facade that re-exports it.
///
/// # Where it goes
/// On functions and methods that have a body and are neither `const`, nor `naked`, nor (yet)
/// `async`. It is the whole function that is measured, the temporaries of its last expression
/// included; only the parameters are dropped after the end.
///
/// Of two attributes the lower one begins first. To have a region inside of the task that the
/// same function makes, write `#[trace::region]` above `#[trace::task]`.
#[proc_macro_attribute]
pub fn region(arguments: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Kind::Region, arguments, item)
}

/// Makes each call of a function a task: a logical operation with a type and a latency.
///
/// ```ignore
/// #[trace::task("makeCappuccino", args(order_id))]
/// fn make_cappuccino(order_id: u64) { todo!() }
/// ```
///
/// The task is a child of the task that is current at the call. It is itself current in the
/// function and in what that calls, and ends with the function. For a task that outlives a
/// call, use `trace::new_task`.
///
/// The arguments are those of [`macro@region`], the name being the task's type.
#[proc_macro_attribute]
pub fn task(arguments: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Kind::Task, arguments, item)
}

fn annotate(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = item.into();
    match Model::new(kind, arguments.into(), proc_macro2::TokenStream::clone(&item)) {
        Ok(model) => expand::expand(model).into(),
        Err(error) => fallback::fallback(&error, item).into(),
    }
}
