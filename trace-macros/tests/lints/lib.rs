//! Functions that lints have something to say about, with and without an attribute.

#![warn(unused, dead_code, unreachable_code, clippy::pedantic, clippy::nursery)]
#![warn(unused_qualifications, unused_results, unused_lifetimes, let_underscore_drop)]
#![warn(clippy::async_yields_async)]

#[cfg(feature = "annotated")]
#[allow(warnings, clippy::pedantic, clippy::nursery)]
#[path = "facade.rs"]
pub mod __private;

pub mod asynchronous;
pub mod returned;

// What the compiler warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_variable(x: u32) { let y = 1; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_mut(mut x: u32) -> u32 { let mut y = x; y }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn never_called() {}

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unreachable(x: u32) -> u32 { return x; println!("{x}"); 4 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_must_use(x: Result<(), ()>) { x; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_parens() -> u32 { (3) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_braces() -> u32 { { 3 } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unused_unsafe() { unsafe {} }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
fn unconditional_recursion(x: u32) -> u32 { unconditional_recursion(x) }

// What clippy warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_return(x: u32) -> u32 { return x.count_ones(); }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn let_and_return(x: &str) -> String { let y = x.to_string(); y }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn match_single_binding(x: u32) -> u32 { match x { y => y.pow(2) } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_pass_by_value(x: String) -> usize { println!(); x.len() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_pass_by_ref_mut(x: &mut String) -> usize { println!(); x.len() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn unnecessary_wraps(x: u32) -> Option<u32> { println!(); Some(x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn redundant_else(x: u32) -> u32 { if x > 1 { return 2; } else { println!(); } 3 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn items_after_statements() { println!(); const A: u32 = 2; println!("{A}"); }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_lifetimes<'a>(x: &'a str) -> &'a str { println!(); x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn extra_unused_lifetimes<'a>(x: u32) -> u32 { println!(); x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn unused_unit() -> () { println!() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn missing_errors_doc(x: u32) -> Result<u32, u32> { if x > 3 { Err(3) } else { Ok(x) } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn missing_panics_doc(x: Option<u32>) -> u32 { x.unwrap() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn must_use_candidate(x: u32) -> u32 { x.pow(3) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn cast_possible_truncation(x: u64) -> u32 { println!(); x as u32 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn significant_drop_tightening(m: &std::sync::Mutex<Vec<u32>>) -> usize { let g = m.lock().unwrap(); let n = g.len(); println!("{n}"); n + 2 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn uninlined_format_args(x: u32) { println!("{}", x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn question_mark(x: Option<u32>) -> Option<u32> { if x.is_none() { return None; } println!(); x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_late_init() -> u32 { let x; println!(); x = 3; x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn too_many_arguments(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u8 { println!(); a + b + c + d + e + f + g + h }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn needless_question_mark(x: Option<u32>) -> Option<u32> { println!(); Some(x?) }

// What nobody warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn diverges() -> ! { panic!() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn opaque(x: u32) -> impl Iterator<Item = u32> { 0..x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn opaque_return(x: u32) -> impl Fn(u32) -> u32 { println!(); return move |y| x + y; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn diverges_for_now() -> Vec<u8> { todo!() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub fn empty() {}

// All functions of a block.

#[derive(Clone, Copy)]
pub struct Cup { size: u32 }

#[cfg_attr(feature = "annotated", trace_macros::region_all(crate = crate))]
impl Cup {
    pub fn new() -> Cup { println!(); Cup { size: 3 } }

    pub fn to_string(&self) -> String { println!(); format!("{}", self.size) }

    pub fn as_size(self) -> u32 { println!(); self.size }

    pub fn into_size(&self) -> u32 { println!(); self.size }

    pub fn len(&self) -> usize { println!(); return 3; }

    pub fn add(self, other: Self) -> Self { println!(); Self { size: self.size + other.size } }

    fn unused_self(&self) { println!() }

    fn unused_in_impl(&mut self, x: u32) { let y = 1; }

    pub fn checked(&self, x: Option<u32>) -> Result<u32, u32> { println!(); x.ok_or(self.size) }

    pub fn lifetimes<'a>(&'a self, x: &str) -> &'a u32 { println!("{}", x); &self.size }

    fn needless_mut(&mut self) -> u32 { let mut x = self.size; x }

    const UNUSED: u32 = { 3 };

    pub const fn constant(x: u32) -> u32 { return x; }
}

#[cfg_attr(feature = "annotated", trace_macros::region_all(crate = crate))]
impl<'a> From<&'a Cup> for u32 {
    fn from(cup: &'a Cup) -> u32 { println!(); return cup.size; }
}

#[cfg_attr(feature = "annotated", trace_macros::region_all(crate = crate))]
impl Default for Cup {
    fn default() -> Cup { let x = Cup::new(); x }
}

#[cfg_attr(feature = "annotated", trace_macros::region_all(crate = crate))]
pub trait Brew {
    fn declared(&self, x: Box<Vec<u32>>);

    fn by_default(&self, x: u32) -> u32 { println!(); let y = 1; return 3; }

    fn into_brew<'a>(&self, x: &'a str) -> &'a str { (x) }
}

#[cfg_attr(feature = "annotated", trace_macros::region_all(crate = crate))]
pub mod kitchen {
    use std::collections::*;
    use std::fmt::Write;

    fn unused_in_module() -> HashMap<u32, u32> { HashMap::new() }

    pub fn kitchen_return(x: u32) -> u32 { println!(); return x; }

    pub fn by_value(x: String) -> usize { println!(); x.len() }

    mod kitchen {
        pub(crate) fn unused_inside() { let x = 3; }

        pub struct Unused;

        impl Unused { pub fn unused(&self) {} }
    }

    static UNUSED: u32 = (3);

    #[cfg(test)]
    mod tests {}

    pub fn after_tests(x: &Vec<u32>) -> bool { println!(); x.len() == 0 }
}

#[cfg_attr(feature = "annotated", trace_macros::skip)]
pub fn skipped(x: u32) -> u32 { println!(); return x; }

#[cfg_attr(feature = "annotated", trace_macros::region_all(crate = crate))]
mod empty {}
