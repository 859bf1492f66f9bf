//! What a few annotations expand to, in full.

use std::str::FromStr;

use proc_macro2::TokenStream;

use crate::model::{Kind, Model};
use crate::{expand, fallback, region_all};

fn tokens(source: &str) -> TokenStream {
    TokenStream::from_str(source).unwrap_or_else(|error| panic!("{error}: {source}"))
}

/// The tokens alone. How near they stand to each other depends on where they come from.
fn dense(tokens: &TokenStream) -> String {
    tokens.to_string().split_whitespace().collect()
}

#[track_caller]
fn check(kind: Kind, arguments: &str, item: &str, expected: &str) {
    let item = tokens(item);
    let expansion = match Model::new(kind, tokens(arguments), item.clone()) {
        Ok(model) => expand::expand(model),
        Err(error) => fallback::fallback(&error, item),
    };
    assert_eq!(dense(&expansion), dense(&tokens(expected)), "\n{expansion}");
}

#[test]
fn region_without_arguments() {
    check(
        Kind::Region,
        "",
        "pub fn pour(mut cup: Cup) -> Cup { cup.fill()?; cup }",
        r#"
        pub fn pour(mut cup: Cup) -> Cup {
            match {
                static __CALLSITE: ::trace::__private::Callsite =
                    ::trace::__private::Callsite::region(
                        "pour",
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &[]
                    );
                ::trace::__private::region(&__CALLSITE)
            } {
                __guard => { cup.fill()?; cup }
            }
        }
        "#,
    );
}

#[test]
fn task_with_arguments_of_each_form() {
    check(
        Kind::Task,
        r#""makeCappuccino", args(id, size = a + b, ?r#type, label = %cup.label), crate = shop::x"#,
        "fn make(self) {}",
        r#"
        fn make(self) {
            match {
                static __CALLSITE: shop::x::__private::Callsite =
                    shop::x::__private::Callsite::task(
                        "makeCappuccino",
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &["id", "size", "type", "label"]
                    );
                if shop::x::__private::enabled() {
                    (|| shop::x::__private::task_with(&__CALLSITE, &[
                        shop::x::__private::arg(&id),
                        shop::x::__private::arg(&(a + b)),
                        shop::x::__private::debug(&r#type),
                        shop::x::__private::display(&(cup.label))
                    ]))()
                } else {
                    shop::x::__private::task_off(&__CALLSITE)
                }
            } {
                __guard => {}
            }
        }
        "#,
    );
}

#[test]
fn main_of_any_type() {
    check(
        Kind::Main,
        "crate = shop",
        "#[allow(unused)] fn main() -> impl Termination { brew()?; Ok(()) }",
        r#"
        #[allow(unused)]
        fn main() -> impl Termination {
            let __guard = shop::__private::start_from_env();
            '_body: { brew()?; Ok(()) }
        }
        "#,
    );
}

#[test]
fn test_with_attributes() {
    check(
        Kind::Test,
        "",
        "#[ignore] #[should_panic] fn r#try() { #![allow(unused)] brew() }",
        r#"
        #[::core::prelude::v1::test]
        #[ignore] #[should_panic] fn r#try() {
            #![allow(unused)]
            match {
                static __CALLSITE: ::trace::__private::Callsite =
                    ::trace::__private::Callsite::task(
                        ::trace::__private::test_name(
                            ::core::concat!(::core::module_path!(), "::", "r#try")
                        ),
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &[]
                    );
                ::trace::__private::test(&__CALLSITE)
            } {
                __guard => { brew() }
            }
        }
        "#,
    );
}

#[test]
fn test_that_is_one_already() {
    check(
        Kind::Test,
        "",
        "#[::core::prelude::v1::test] fn foam() {}",
        r#"
        #[::core::prelude::v1::test]
        fn foam() {
            match {
                static __CALLSITE: ::trace::__private::Callsite =
                    ::trace::__private::Callsite::task(
                        ::trace::__private::test_name(
                            ::core::concat!(::core::module_path!(), "::", "foam")
                        ),
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &[]
                    );
                ::trace::__private::test(&__CALLSITE)
            } {
                __guard => {}
            }
        }
        "#,
    );
}

#[test]
fn what_surrounds_the_body_stays() {
    check(
        Kind::Region,
        "args()",
        r#"
        /// Documented.
        #[inline]
        pub(crate) default unsafe extern "C" fn r#yield<'a, T: ?Sized, const N: usize>(
            #[cfg(unix)] (a, _): (u8, u8),
            b: &'a T,
            ...
        ) -> impl Fn() + use<'a, T, N>
        where
            T: for<'b> Fn(&'b u8),
        {
            #![allow(unused)]
            //! Inside.
            use std::mem;
            move || mem::drop(b)
        }
        "#,
        r#"
        /// Documented.
        #[inline]
        pub(crate) default unsafe extern "C" fn r#yield<'a, T: ?Sized, const N: usize>(
            #[cfg(unix)] (a, _): (u8, u8),
            b: &'a T,
            ...
        ) -> impl Fn() + use<'a, T, N>
        where
            T: for<'b> Fn(&'b u8),
        {
            #![allow(unused)]
            //! Inside.
            let __guard = {
                static __CALLSITE: ::trace::__private::Callsite =
                    ::trace::__private::Callsite::region(
                        "yield",
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &[]
                    );
                ::trace::__private::region(&__CALLSITE)
            };
            '_body: {
                use std::mem;
                move || mem::drop(b)
            }
        }
        "#,
    );
}

#[test]
fn async_function() {
    check(
        Kind::Task,
        "",
        "pub(crate) async fn pour(&self, (mut a, _): (Cup, Cup), _b: B, n: u8) -> Result<Cup> {
            a.fill(n)?; Ok(a)
        }",
        r#"
        pub(crate) async fn pour(&self, (mut a, _): (Cup, Cup), _b: B, n: u8) -> Result<Cup> {
            match {
                static __CALLSITE: ::trace::__private::Callsite =
                    ::trace::__private::Callsite::task(
                        "pour",
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &[]
                    );
                ::trace::__private::task_future(&__CALLSITE)
            } {
                __begun => {
                    let __result = ::trace::__private::result_type();
                    if false { return ::trace::__private::result_of(__result); }
                    __begun.run(async move {
                        #[allow(clippy::used_underscore_binding)]
                        let _ = (&_b, &a,);
                        if false { return ::trace::__private::result_of(__result); }
                        '_body: { a.fill(n)?; Ok(a) }
                    }).await
                }
            }
        }
        "#,
    );
}

#[test]
fn async_function_that_may_give_a_future() {
    check(
        Kind::Region,
        "crate = shop",
        "async fn pour() -> impl Future { #![allow(unused)] cup. }",
        r#"
        async fn pour() -> impl Future {
            #![allow(unused)]
            match {
                static __CALLSITE: shop::__private::Callsite =
                    shop::__private::Callsite::region(
                        "pour",
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &[]
                    );
                shop::__private::region_future(&__CALLSITE)
            } {
                __begun => {
                    #[allow(clippy::async_yields_async)]
                    let __body = async move { '_body: { cup. } };
                    __begun.run(__body).await
                }
            }
        }
        "#,
    );
}

#[test]
fn future_that_is_returned() {
    check(
        Kind::Region,
        "args(n)",
        "fn pour(n: u8) -> impl Future<Output = u8> { let m = n; async move { m } }",
        r#"
        fn pour(n: u8) -> impl Future<Output = u8> {
            match {
                static __CALLSITE: ::trace::__private::Callsite =
                    ::trace::__private::Callsite::region(
                        "pour",
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &["n"]
                    );
                if ::trace::__private::enabled() {
                    (|| ::trace::__private::region_future_with(&__CALLSITE, &[
                        ::trace::__private::arg(&n)
                    ]))()
                } else {
                    ::trace::__private::region_future_off(&__CALLSITE)
                }
            } {
                __begun => __begun.here().run('_body: { let m = n; async move { m } })
            }
        }
        "#,
    );
}

#[test]
fn box_that_is_returned_early() {
    check(
        Kind::Region,
        "future",
        "fn pour() -> BoxFuture<'static, u8> { return f(); }",
        r#"
        fn pour() -> BoxFuture<'static, u8> {
            match {
                static __CALLSITE: ::trace::__private::Callsite =
                    ::trace::__private::Callsite::region(
                        "pour",
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &[]
                    );
                ::trace::__private::region_future(&__CALLSITE)
            } {
                __begun => {
                    let __result = ::trace::__private::result_type();
                    if false { return ::trace::__private::result_of(__result); }
                    let __future = ::trace::__private::returned(__result, move || { return f(); });
                    if ::trace::__private::enabled() {
                        ::trace::__private::Box::pin(__begun.here().run(__future))
                    } else {
                        __future
                    }
                }
            }
        }
        "#,
    );
}

#[test]
fn body_that_does_not_parse_stays() {
    check(
        Kind::Region,
        "",
        "fn f() { #! let x = ; cup. }",
        r#"
        fn f() {
            match {
                static __CALLSITE: ::trace::__private::Callsite =
                    ::trace::__private::Callsite::region(
                        "f",
                        ::core::file!(), ::core::line!(), ::core::module_path!(),
                        &[]
                    );
                ::trace::__private::region(&__CALLSITE)
            } {
                __guard => { #! let x = ; cup. }
            }
        }
        "#,
    );
}

#[test]
fn refused_function_stays() {
    check(
        Kind::Region,
        "args(x)",
        "pub const fn f(x: u8) -> u8 { x }",
        r#"
        ::core::compile_error! {
            "`#[trace::region]` cannot be put on a `const fn`: nothing is recorded at compile time"
        }
        pub const fn f(x: u8) -> u8 { x }
        "#,
    );
}

#[test]
fn all_functions_of_a_block() {
    let item = tokens(
        r#"
        /// Documented.
        #[cfg(unix)]
        unsafe impl<'a, T> Brew<{ 3 }> for menu::Cup<'a, T> where T: Copy {
            #![allow(unused)]
            const SIZE: u8 = { 3 };
            type Milk = Oat;
            /// Documented as well.
            #[inline]
            default fn r#yield(&self) -> [u8; { 3 }] { self.fill()?; [0; 3] }
            const fn size() -> u8 { 3 }
            #[trace::skip]
            fn skipped() {}
            make! { fn made() {} }
        }
        "#,
    );
    let expansion = region_all::region_all(tokens("crate = shop::x"), item);
    let expected = r#"
        /// Documented.
        #[cfg(unix)]
        unsafe impl<'a, T> Brew<{ 3 }> for menu::Cup<'a, T> where T: Copy {
            #![allow(unused)]
            const SIZE: u8 = { 3 };
            type Milk = Oat;
            /// Documented as well.
            #[inline]
            default fn r#yield(&self) -> [u8; { 3 }] {
                match {
                    static __CALLSITE: shop::x::__private::Callsite =
                        shop::x::__private::Callsite::region(
                            "Cup::yield",
                            ::core::file!(), ::core::line!(), ::core::module_path!(),
                            &[]
                        );
                    shop::x::__private::region(&__CALLSITE)
                } {
                    __guard => { self.fill()?; [0; 3] }
                }
            }
            const fn size() -> u8 { 3 }
            #[trace::skip]
            fn skipped() {}
            make! { fn made() {} }
        }
    "#;
    assert_eq!(dense(&expansion.unwrap()), dense(&tokens(expected)));
}
