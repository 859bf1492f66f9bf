//! When a guard is dropped, which an edition decides along with when temporaries are: case 11 in docs/macros.md.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

thread_local!(static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

/// A library that knows no more than to have guards.
mod facade {
    pub(crate) mod __private {
        use std::future::Future;
        use std::marker::PhantomData;
        use std::pin::Pin;
        use std::task::{Context, Poll};

        pub(crate) struct Callsite;
        pub(crate) struct Region;

        impl Callsite {
            pub(crate) const fn region(
                _name: &'static str,
                _file: &'static str,
                _line: u32,
                _module: &'static str,
                _keys: &'static [&'static str],
            ) -> Self {
                Callsite
            }
        }

        pub(crate) fn region(_callsite: &'static Callsite) -> Region {
            Region
        }

        impl Drop for Region {
            fn drop(&mut self) {
                crate::drop_order::DROPPED.with(|dropped| dropped.borrow_mut().push("guard"));
            }
        }

        pub(crate) fn region_future(_callsite: &'static Callsite) -> Region {
            Region
        }

        impl Region {
            pub(crate) fn run<F: Future>(self, body: F) -> Guarded<F> {
                Guarded { body: Box::pin(body), guard: Some(self) }
            }
        }

        /// Ends with the poll that has the result.
        pub(crate) struct Guarded<F> {
            body: Pin<Box<F>>,
            guard: Option<Region>,
        }

        impl<F: Future> Future for Guarded<F> {
            type Output = F::Output;

            fn poll(mut self: Pin<&mut Self>, given: &mut Context<'_>) -> Poll<F::Output> {
                let result = self.body.as_mut().poll(given);
                if result.is_ready() {
                    self.guard = None;
                }
                result
            }
        }

        pub(crate) struct ResultType<T>(PhantomData<fn() -> T>);

        impl<T> Clone for ResultType<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for ResultType<T> {}

        pub(crate) fn result_type<T>() -> ResultType<T> {
            ResultType(PhantomData)
        }

        pub(crate) fn result_of<T>(_of: ResultType<T>) -> T {
            unreachable!()
        }
    }
}

struct Named(&'static str);

impl Named {
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        DROPPED.with(|dropped| dropped.borrow_mut().push(self.0));
    }
}

/// Three kinds of functions, with an attribute and without.
macro_rules! functions {
    ($name:ident $name_of_async:ident $name_of_opaque:ident $(#[$attribute:meta])?) => {
        $(#[$attribute])?
        fn $name(_parameter: Named) -> usize {
            let _local = Named("local");
            Named("temporary").len()
        }

        $(#[$attribute])?
        async fn $name_of_async(_parameter: Named) -> usize {
            let _local = Named("local");
            std::future::ready(()).await;
            Named("temporary").len()
        }

        $(#[$attribute])?
        fn $name_of_opaque(_parameter: Named) -> impl Into<usize> {
            let _local = Named("local");
            Named("temporary").len()
        }
    };
}

functions! { plain plain_async plain_opaque }
functions! {
    annotated annotated_async annotated_opaque
    #[trace_macros::region(crate = crate::drop_order::facade)]
}

fn dropped_by<R>(function: impl FnOnce(Named) -> R) -> Vec<&'static str> {
    function(Named("parameter"));
    DROPPED.with(|dropped| dropped.borrow_mut().drain(..).collect())
}

fn run<F: Future<Output = usize>>(future: F) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready("temporary".len()));
}

/// The guard goes after what the body leaves; the order of that is that of the function without a guard.
/// It goes before the parameters, or after those of an `async` function, which end with its body. Of a function
/// that returns `impl …` it goes `of_opaque`.
pub(crate) fn check(expected: [&'static str; 3], of_opaque: [&'static str; 4]) {
    assert_eq!(dropped_by(plain), expected);
    assert_eq!(dropped_by(|parameter| run(plain_async(parameter))), expected);
    assert_eq!(dropped_by(plain_opaque), expected);
    let [first, second, third] = expected;
    assert_eq!(dropped_by(annotated), [first, second, "guard", third]);
    let of_async = dropped_by(|parameter| run(annotated_async(parameter)));
    assert_eq!(of_async, [first, second, third, "guard"]);
    assert_eq!(dropped_by(annotated_opaque), of_opaque);
}
