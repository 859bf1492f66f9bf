//! The attributes of runtime-trace: `#[trace::region]` and `#[trace::task]`, which annotate a function,
//! and `#[trace::region_all]`, which annotates all functions of a block but those with
//! `#[trace::skip]`; and `#[trace::main]` and `#[trace::test]`, for what a trace begins with.
//!
//! Each annotation becomes a guard in front of the function's body or, where a future is measured, a
//! future around it. The signature, the other attributes and the body are printed as they were typed. The steps:
//!
//! | file | from | to |
//! |---|---|---|
//! | `args`, `expression` | the tokens in the attribute | `Arguments` |
//! | `function` | the annotated tokens | `Function` |
//! | `model` | both | `Model`, or the one error to report |
//! | `expand` | a model | tokens; cannot fail |
//! | `parameters` | a function's parameters | those that an `async` body has to mention |
//! | `returned` | the type of a result | whether it is a future, and how that is returned |
//! | `fallback` | an error | the error and the untouched item |
//!
//! and for a block, in front of these:
//!
//! | file | from | to |
//! |---|---|---|
//! | `items` | what is between braces | `Item`s |
//! | `names` | the head of a block | what its methods are called after |
//! | `region_all` | the annotated block | a model for each function in it |
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
mod items;
mod model;
mod names;
mod parameters;
mod region_all;
mod returned;
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
/// - `future` or `call`: what is measured of a function that returns a future, see below.
/// - `crate = path`: where the library is, if not at `::trace`: a renamed dependency, or a
///   facade that re-exports it.
///
/// # Where it goes
/// On functions and methods that have a body and are neither `const` nor `naked`. It is the whole function
/// that is measured, the temporaries of its last expression included; only the parameters are dropped
/// after the end. So are, before edition 2024, the temporaries of a function whose result is `impl …`.
///
/// An `async` function stays one. Its region lasts from the first poll to the result, or to where the
/// future is dropped without one, and is told like that of any future: busy, ready or idle, and how it
/// ended. The future grows by 32 bytes, and by parameters that the body uses: they lie in the
/// function and in its body, and are dropped with the body, before the end. A closure that the function returns
/// as `impl Fn(&T)` has to say what it takes. Where more than twelve such functions await each other in a row, the
/// compiler may ask for `#![recursion_limit = "256"]`; a box between them does as well.
///
/// Of a function that returns `impl Future` or `Pin<Box<dyn Future>>`, as methods of `async_trait` do, the
/// future is measured as well, and belongs to the task that is current at the call. Of an alias nothing can
/// be seen: `future` says that it is one of the two, and `call` that the call is meant. A box that is
/// recorded is put into another one.
///
/// [`macro@region_all`] is for all functions of an `impl` block, a trait or a module.
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
/// The task is a child of the task that is current at the call, or at the first poll of an `async`
/// function. It is itself current in the
/// function and in what that calls, and ends with the function. For a task that outlives a
/// call, use `trace::new_task`.
///
/// The arguments are those of [`macro@region`], the name being the task's type.
#[proc_macro_attribute]
pub fn task(arguments: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Kind::Task, arguments, item)
}

/// Makes each call of each function in a block a region, as [`macro@region`] on every one of them does.
///
/// ```ignore
/// #[trace::region_all]
/// impl Machine {
///     const BARS: u32 = 9;
///
///     pub fn new() -> Self { todo!() }                // the region `Machine::new`
///
///     pub fn brew(&mut self) -> Cup { todo!() }       // the region `Machine::brew`
///
///     #[trace::region("descale", args(grams))]        // as it says itself
///     fn descale(&mut self, grams: u32) { todo!() }
///
///     #[trace::skip]                                  // none
///     fn is_on(&self) -> bool { todo!() }
///
///     const fn watts() -> u32 { 1400 }                // none, see below
/// }
/// ```
///
/// # Where it goes
/// - On an `impl` block, of a trait or not: all methods and associated functions.
/// - On a trait: all that have a default body. What types implement themselves is in their `impl`
///   blocks.
/// - On a module that is written in place, `mod kitchen { … }`: all functions, also those in `impl`
///   blocks, traits and modules inside. The compiler lets no attribute see what is in another file:
///   with `mod name;` there is an error, which says to annotate what is in that file instead.
///
/// Functions inside of functions are not annotated, nor are those that a macro makes which is called
/// in the block. A module that exports macros (`#[macro_export]`) is better left to attributes on what
/// is in it: to the compiler they would be made by a macro, and may then not be called by their paths.
///
/// # What the regions are called
/// - A method of `impl Machine`, or of `impl Brew for Machine`: `Machine::brew`, without paths and
///   generic arguments. References and `dyn` are seen through. If the type has no name, or is a
///   parameter of the block, as in `impl<T: Heat> Brew for T`, after the trait: `Brew::brew`.
/// - A default method of `trait Brew`: `Brew::brew`.
/// - Another function: as itself, `brew`.
///
/// File, line and module are recorded with each. To have another name or arguments, write
/// `#[trace::region(…)]` on the function.
///
/// # What is passed over
/// Without a word: what [`macro@region`] cannot be on, that is `const` and naked
/// functions, and declarations without a body; and functions, `impl` blocks, traits and modules that
/// have [`#[trace::skip]`](macro@skip), or `region`, `region_all`, `task`, `main` or `test` of this library
/// themselves, be it in a `cfg_attr`.
///
/// # Arguments
/// - `crate = path`: where the library is, if not at `::trace`. The path is written into each
///   function: on a module, begin it with `crate` or `::`.
#[proc_macro_attribute]
pub fn region_all(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match region_all::region_all(arguments.into(), item.clone()) {
        Ok(annotated) => annotated.into(),
        Err(error) => fallback::fallback(&error, item).into(),
    }
}

/// Keeps [`macro@region_all`] from what it is on: a function, an `impl` block, a trait or a module.
///
/// By itself it does nothing, and it takes no arguments.
#[proc_macro_attribute]
pub fn skip(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = proc_macro2::TokenStream::from(arguments);
    if arguments.is_empty() {
        return item;
    }
    let error = syn::Error::new_spanned(arguments, "`#[trace::skip]` takes no arguments");
    fallback::fallback(&error, item.into()).into()
}

/// Records a program when `TRACE_OUT` says where to, from the first to the last line of `main`.
///
/// ```ignore
/// #[trace::main]
/// fn main() -> Result<(), Box<dyn std::error::Error>> { todo!() }
/// ```
///
/// It is `trace::start_from_env()` in front of all that `main` does, and its end behind that: whatever
/// `main` returns, and when it panics. What the function returns stays as it is.
///
/// The one argument is `crate = path`, as for [`macro@region`].
///
/// # With an asynchronous `main`
/// Put it below the runtime's attribute. That one comes first then, makes a synchronous `main` that
/// starts the runtime, and passes this attribute on to it, so that the runtime's own work is in the trace:
///
/// ```ignore
/// #[tokio::main]
/// #[trace::main]
/// async fn main() { todo!() }
/// ```
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Kind::Main, arguments, item)
}

/// Makes a function a test, and each run of it a task when `TRACE_OUT` says where to record tests.
///
/// ```ignore
/// #[trace::test]
/// fn milk_is_foamed() -> Result<(), Spilled> { todo!() }
///
/// #[trace::test]
/// #[should_panic(expected = "out of milk")]
/// fn milk_runs_out() { todo!() }
/// ```
///
/// It takes the place of `#[test]`, and does no harm beside it. The task is named as Cargo prints the test: `tests::milk_is_foamed`. All
/// tests of a process are in one trace, side by side; on Unix it is whole when the process has exited. A
/// task whose test panicked has the argument `outcome = "panicked"`, also where that is as it should be.
/// Without `TRACE_OUT`, a test costs the load of two flags more.
///
/// Tests that record by themselves, with `trace::capture` or `trace::start`, find a session that is on, and
/// are better left to `#[test]`, in a process of their own.
///
/// The one argument is `crate = path`, as for [`macro@region`]. An asynchronous test needs the runtime's
/// attribute above this one, as with [`macro@main`]: first `#[tokio::test]`, then `#[trace::test]`.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    annotate(Kind::Test, arguments, item)
}

fn annotate(kind: Kind, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = item.into();
    match Model::new(kind, arguments.into(), proc_macro2::TokenStream::clone(&item)) {
        Ok(model) => expand::expand(model).into(),
        Err(error) => fallback::fallback(&error, item).into(),
    }
}
