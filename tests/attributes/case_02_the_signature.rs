//! Case 2: the signature is what was typed, whatever there is in one.
//!
//! Variadic functions cannot be written yet: `what_surrounds_the_body_stays` in trace-macros has one.

use std::fmt::Debug;

use crate::lines::{record, region};

#[trace::region(args(?value, N))]
unsafe extern "C" fn everything<'a, T, const N: usize>(value: &'a T) -> &'a T
where
    T: Debug + ?Sized + 'a,
{
    value
}

#[trace::region(args(a, rest = ?rest))]
fn patterns((a, _): (u8, u8), [_, ref rest @ ..]: [u8; 3], _: ()) -> usize {
    rest.len() + usize::from(a)
}

#[trace::region]
#[rustfmt::skip]
fn cfg_parameters(#[cfg(not(test))] a: u8, #[cfg(test)] b: u8, #[allow(unused)] c: u8) -> u8 { b }

/// Its address is taken, by the name that the linker knows, and called as C would.
#[trace::region]
#[unsafe(no_mangle)]
extern "C-unwind" fn attributes_case_02_exported(n: i32) -> i32 {
    n + 1
}

#[trace::region]
unsafe fn asks_for_much<'a, 'b: 'a, F, const N: usize>(f: F, all: &'a [&'b str; N]) -> &'b str
where
    F: for<'c> Fn(&'c str) -> &'c str,
    [(); N]: Sized,
{
    f(all[N - 1])
}

/// Documented.
#[inline]
#[must_use = "for a test"]
#[trace::region]
#[cold]
/// After as well.
fn attributes() -> u8 {
    1
}

#[test]
fn qualifiers_generics_and_patterns_stay() {
    let recorded = record(|| {
        // SAFETY: It asks for nothing.
        unsafe { everything::<str, 2>("a") }
    });
    assert_eq!(recorded.result, "a");
    assert_eq!(recorded.lines[0], r#"region everything value=?"a" N=2"#);

    let recorded = record(|| patterns((1, 0), [0; 3], ()));
    assert_eq!(recorded.result, 3);
    assert_eq!(recorded.lines[0], "region patterns a=1 rest=?[0, 0]");

    let exported: extern "C-unwind" fn(i32) -> i32 = attributes_case_02_exported;
    assert_eq!(region("attributes_case_02_exported", || exported(3)), 4);
    // SAFETY: It asks for nothing.
    let last = region("asks_for_much", || unsafe { asks_for_much(str::trim, &["a", " b "]) });
    assert_eq!(last, "b");

    assert_eq!(region("cfg_parameters", || cfg_parameters(1, 2)), 1);
    assert_eq!(region("attributes", attributes), 1);
}

/// An `async` function is one still: what only those can do, it does.
#[test]
fn an_async_function_stays_one() {
    trait Brew {
        async fn brew(&self) -> usize;
    }
    impl Brew for str {
        #[trace::region]
        async fn brew(&self) -> usize {
            self.len()
        }
    }
    // The lifetime of its result is that of an argument, although nobody wrote it.
    #[trace::region]
    async unsafe fn first(all: &[String]) -> &str {
        &all[0]
    }
    let _turn = crate::recorded::turn();
    let all = ["abc".to_owned()];
    // SAFETY: It asks for nothing.
    let first = crate::futures::run(unsafe { first(&all) });
    assert_eq!(crate::futures::run(first.brew()), 3);
}
