//! `async` functions that lints have something to say about.

use std::future::{Future, ready};
use std::rc::Rc;
use std::sync::Mutex;

// What the compiler warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_variable(x: u32) { let y = 1; ready(()).await; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_mut(mut x: u32) -> u32 { let mut y = x; ready(()).await; y }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_assignment(x: u32) -> u32 { let mut y = x; y = 3; ready(()).await; y = 4; y }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn never_called() { ready(()).await; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unreachable(x: u32) -> u32 { ready(()).await; return x; println!("{x}"); 4 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_must_use(x: Result<(), ()>) { ready(()).await; x; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_future() { ready(()).await; ready(3); }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_parens() -> u32 { ready(()).await; (3) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn only_parens() -> u32 { (ready(3).await) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_braces() -> u32 { { ready(3).await } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_unsafe() { unsafe { ready(()).await } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn dead_code_after_loop() -> u32 { loop { ready(()).await; } 3 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn shadowed(x: u32) -> u32 { let x = 3; ready(()).await; x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn overwritten(mut x: u32) -> u32 { x = 3; ready(()).await; x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn unused_pattern((x, y): (u32, u32)) -> u32 { ready(()).await; y }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
async fn shadowed_string(hidden: String) -> u32 { let hidden = 3; ready(()).await; hidden }

// What clippy warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn async_yields_async(x: u32) -> u32 { let y = async { ready(x) }; y.await.await }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn async_yields_async_and_a_future(x: u32) -> std::future::Ready<u32> { let y = async { ready(x + 1) }; y.await }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn needless_return(x: u32) -> u32 { ready(()).await; return x.count_ones(); }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn only_returns(x: u32) -> u32 { return ready(x).await; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn returns_nothing(x: u32) { println!("{x}"); ready(()).await; return; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn returns_in_branches(x: u32) -> u32 { ready(()).await; if x > 3 { return 4; } else { return 5; } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn needless_return_with_question_mark(x: Result<(), u32>) -> Result<(), u32> { ready(()).await; return Err(x.unwrap_err())?; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn let_and_return(x: &str) -> String { ready(()).await; let y = x.to_string(); y }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn match_single_binding(x: u32) -> u32 { ready(()).await; match x { y => y.pow(2) } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn needless_pass_by_value(x: String) -> usize { ready(()).await; x.len() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn needless_pass_by_ref_mut(x: &mut String) -> usize { ready(()).await; x.len() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn unnecessary_wraps(x: u32) -> Option<u32> { ready(()).await; Some(x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn redundant_else(x: u32) -> u32 { ready(()).await; if x > 1 { return 2; } else { println!(); } 3 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn items_after_statements() { ready(()).await; const A: u32 = 2; println!("{A}"); }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn needless_lifetimes<'a>(x: &'a str) -> &'a str { ready(()).await; x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn extra_unused_lifetimes<'a>(x: u32) -> u32 { ready(()).await; x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn unused_unit() -> () { ready(()).await }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn missing_errors_doc(x: u32) -> Result<u32, u32> { ready(()).await; if x > 3 { Err(3) } else { Ok(x) } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn missing_panics_doc(x: Option<u32>) -> u32 { ready(()).await; x.unwrap() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn must_use_candidate(x: u32) -> u32 { ready(()).await; x.pow(3) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn cast_possible_truncation(x: u64) -> u32 { ready(()).await; x as u32 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn significant_drop_tightening(m: &Mutex<Vec<u32>>) -> usize { ready(()).await; let g = m.lock().unwrap(); let n = g.len(); println!("{n}"); n + 2 }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn uninlined_format_args(x: u32) { ready(()).await; println!("{}", x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn question_mark(x: Option<u32>) -> Option<u32> { ready(()).await; if x.is_none() { return None; } println!(); x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn needless_late_init() -> u32 { let x; ready(()).await; x = 3; x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn too_many_arguments(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u8 { ready(()).await; a + b + c + d + e + f + g + h }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn needless_question_mark(x: Option<u32>) -> Option<u32> { ready(()).await; Some(x?) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn used_underscore_binding(_x: u32) -> u32 { ready(()).await; _x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn unused_async(x: u32) -> u32 { x.count_zeros() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn future_not_send(x: Rc<u32>) -> u32 { ready(()).await; *x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn await_holding_lock(x: &Mutex<u32>) -> u32 { let x = x.lock().unwrap(); ready(()).await; *x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn let_unit_value() { let x = ready(()).await; println!("{x:?}"); }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn let_underscore_future() { let _ = ready(3); ready(()).await; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn redundant_async_block(x: impl Future<Output = u32>) -> impl Future<Output = u32> { ready(()).await; async { x.await } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn large_futures(x: u32) -> u32 { async { let y = [x; 9_000]; ready(()).await; y[1] }.await }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn redundant_clone(x: String) -> String { ready(()).await; x.clone() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn redundant_locals(x: u32) -> u32 { let x = x; ready(()).await; x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn single_match_else(x: Option<u32>) -> u32 { ready(()).await; match x { Some(y) => y, None => { println!(); 3 } } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn option_if_let_else(x: Option<u32>) -> u32 { ready(()).await; if let Some(y) = x { y + 1 } else { 3 } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn similar_names(first: u32) -> u32 { let items = first; let item = ready(items).await; item }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn large_types_passed_by_value(x: [u32; 200]) -> u32 { ready(()).await; x[3] }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn trivially_copy_pass_by_ref(x: &u32) -> u32 { ready(()).await; x.pow(2) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn fn_params_excessive_bools(a: bool, b: bool, c: bool, d: bool) -> bool { ready(()).await; a ^ b ^ c ^ d }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn needless_continue(x: u32) { for y in 0..x { ready(()).await; if y > 3 { continue; } else { println!(); } } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn too_many_lines(x: u32) -> u32 { ready(()).await;
println!("0");
println!("1");
println!("2");
println!("3");
println!("4");
println!("5");
println!("6");
println!("7");
println!("8");
println!("9");
println!("10");
println!("11");
println!("12");
println!("13");
println!("14");
println!("15");
println!("16");
println!("17");
println!("18");
println!("19");
println!("20");
println!("21");
println!("22");
println!("23");
println!("24");
println!("25");
println!("26");
println!("27");
println!("28");
println!("29");
println!("30");
println!("31");
println!("32");
println!("33");
println!("34");
println!("35");
println!("36");
println!("37");
println!("38");
println!("39");
println!("40");
println!("41");
println!("42");
println!("43");
println!("44");
println!("45");
println!("46");
println!("47");
println!("48");
println!("49");
println!("50");
println!("51");
println!("52");
println!("53");
println!("54");
println!("55");
println!("56");
println!("57");
println!("58");
println!("59");
println!("60");
println!("61");
println!("62");
println!("63");
println!("64");
println!("65");
println!("66");
println!("67");
println!("68");
println!("69");
println!("70");
println!("71");
println!("72");
println!("73");
println!("74");
println!("75");
println!("76");
println!("77");
println!("78");
println!("79");
println!("80");
println!("81");
println!("82");
println!("83");
println!("84");
println!("85");
println!("86");
println!("87");
println!("88");
println!("89");
println!("90");
println!("91");
println!("92");
println!("93");
println!("94");
println!("95");
println!("96");
println!("97");
println!("98");
println!("99");
println!("100");
x }

// What nobody warns about.

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn returns_a_future_by_its_name(x: u32) -> std::future::Ready<u32> { ready(()).await; ready(x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn diverges_instead_of_a_future() -> std::future::Ready<u32> { ready(()).await; panic!() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn loops_instead_of_a_future() -> std::future::Ready<u32> { loop { ready(()).await; } }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn returns_a_future_early(x: u32) -> std::future::Ready<u32> { ready(()).await; if x > 3 { return ready(3); } ready(x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn diverges() -> ! { ready(()).await; panic!() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn diverges_for_now() -> Vec<u8> { todo!() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn returns_a_future(x: u32) -> impl Future<Output = u32> { ready(()).await; ready(x) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn opaque(x: u32) -> impl Iterator<Item = u32> { ready(()).await; 0..x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn opaque_closure(x: u32) -> impl Fn(&u32) -> bool { ready(()).await; move |y: &u32| *y == x }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn one_expression(x: u32) -> u32 { ready(x).await }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn borrowed(x: &str) -> &str { ready(()).await; x.trim() }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn fails(x: &str) -> Result<u32, Box<dyn std::error::Error>> { ready(()).await; Ok(x.parse::<u32>()?) }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn unused_with_a_name(_x: Mutex<u32>) { ready(()).await; }

#[cfg_attr(feature = "annotated", trace_macros::region(crate = crate, args(one = 1)))]
pub async fn is_empty() {}

// All functions of a block.

pub struct Machine { size: u32 }

#[cfg_attr(feature = "annotated", trace_macros::region_all(crate = crate))]
impl Machine {
    pub async fn brew(&self, x: u32) -> u32 { let y = 1; ready(()).await; return self.size; }

    async fn unused(&mut self) { ready(()).await }

    pub async fn by_value(&self, x: String) -> Result<usize, u32> { ready(()).await; Ok(x.len()) }

    pub fn later(&self, x: &Vec<u32>) -> impl Future<Output = u32> { let y = x.len() as u32; return ready(y); }
}
