//! A library that records nothing.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

pub struct Callsite;
pub struct Region(PhantomData<*const ()>);
pub struct Value<'a>(PhantomData<&'a ()>);

impl Callsite {
    pub const fn region(
        _name: &'static str,
        _file: &'static str,
        _line: u32,
        _module: &'static str,
        _keys: &'static [&'static str],
    ) -> Self {
        Self
    }
}

impl Drop for Region {
    fn drop(&mut self) {}
}

pub fn enabled() -> bool {
    std::hint::black_box(false)
}

pub fn region(_callsite: &'static Callsite) -> Region {
    Region(PhantomData)
}

pub fn region_with(_callsite: &'static Callsite, _values: &[Value<'_>]) -> Region {
    Region(PhantomData)
}

pub fn region_off(_callsite: &'static Callsite) -> Region {
    Region(PhantomData)
}

pub fn arg<T: Display + ?Sized>(_value: &T) -> Value<'_> {
    Value(PhantomData)
}

pub fn debug<T: Debug>(_value: &T) -> Value<'_> {
    Value(PhantomData)
}

pub fn display<T: Display>(_value: &T) -> Value<'_> {
    Value(PhantomData)
}

pub use std::boxed::Box;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub struct Unpolled;

pub struct FunctionFuture<F>(Pin<Box<F>>);

pub struct ResultType<T>(PhantomData<fn() -> T>);

impl Unpolled {
    pub fn here(self) -> Self {
        self
    }

    pub fn run<F: Future>(self, body: F) -> FunctionFuture<F> {
        FunctionFuture(Box::pin(body))
    }
}

impl<F: Future> Future for FunctionFuture<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, given: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().poll(given)
    }
}

impl<T> Clone for ResultType<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ResultType<T> {}

pub fn result_type<T>() -> ResultType<T> {
    ResultType(PhantomData)
}

pub fn result_of<T>(_of: ResultType<T>) -> T {
    unreachable!()
}

pub fn of_type<T>(_of: ResultType<T>, value: T) -> T {
    value
}

pub fn returned<T>(_of: ResultType<T>, body: impl FnOnce() -> T) -> T {
    body()
}

pub fn region_future(_callsite: &'static Callsite) -> Unpolled {
    Unpolled
}

pub fn region_future_with(_callsite: &'static Callsite, _values: &[Value<'_>]) -> Unpolled {
    Unpolled
}

pub fn region_future_off(_callsite: &'static Callsite) -> Unpolled {
    Unpolled
}
