//! Functions that return futures, and that lints have something to say about.

use std::future::{Future, ready};
use std::pin::Pin;

// What the compiler warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_variable(x: u32) -> impl Future<Output = ()> { let y = 1; ready(()) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_mut(mut x: u32) -> impl Future<Output = u32> { let mut y = x; ready(y) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unreachable(x: u32) -> impl Future<Output = u32> { return ready(x); println!("{x}"); ready(3) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_parens() -> impl Future<Output = u32> { (ready(3)) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_braces() -> impl Future<Output = u32> { { ready(3) } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_in_block(x: u32) -> impl Future<Output = ()> { async move { let y = 1; ready(()).await } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_boxed(x: u32) -> Pin<Box<dyn Future<Output = ()>>> { let y = 1; Box::pin(async {}) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_future(x: u32) -> impl Future<Output = u32> { ready(3); ready(x) }

// What clippy warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_return(x: u32) -> impl Future<Output = u32> { println!(); return ready(x); }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_return_in_block(x: u32) -> impl Future<Output = u32> { println!(); async move { ready(()).await; return x; } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_return_boxed(x: u32) -> Pin<Box<dyn Future<Output = u32>>> { println!(); return Box::pin(async move { x }); }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn let_and_return(x: u32) -> impl Future<Output = u32> { println!(); let y = ready(x); y }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn let_and_return_boxed(x: u32) -> Pin<Box<dyn Future<Output = u32>>> { println!(); let y = Box::pin(ready(x)); y }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn match_single_binding(x: u32) -> impl Future<Output = u32> { println!(); match x { y => ready(y.pow(2)) } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_pass_by_value(x: String) -> impl Future<Output = usize> { println!(); ready(x.len()) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn manual_async_fn(x: u32) -> impl Future<Output = u32> { async move { ready(()).await; x } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn redundant_async_block(x: u32) -> impl Future<Output = u32> { println!(); async move { ready(x).await } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn future_not_send(x: std::rc::Rc<u32>) -> impl Future<Output = u32> { println!(); async move { ready(()).await; *x } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn cast_possible_truncation(x: u64) -> impl Future<Output = u32> { println!(); ready(x as u32) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn must_use_candidate(x: u32) -> impl Future<Output = u32> { ready(x.pow(3)) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn uninlined_format_args(x: u32) -> impl Future<Output = ()> { println!("{}", x); ready(()) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn items_after_statements() -> impl Future<Output = u32> { println!(); const A: u32 = 2; ready(A) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_lifetimes<'a>(x: &'a str) -> impl Future<Output = &'a str> { println!(); ready(x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn missing_panics_doc(x: Option<u32>) -> impl Future<Output = u32> { ready(x.unwrap()) }

// What nobody warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn closed(x: u32) -> impl Future<Output = u32> { println!(); if x > 3 { return ready(4); } ready(x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn boxed(x: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> { if x > 3 { return Box::pin(ready(4)); } Box::pin(async move { x }) }
