//! What the macros expand to, and what `trace-futures` is made of. Not part of the public interface:
//! anything here may change with any version, and these and core are always of the same one.

use std::fmt;
use std::marker::PhantomData;

pub use std::boxed::Box;

pub use crate::callsite::Callsite;
use crate::context::Context;
pub use crate::env::start_from_env;
pub use crate::function_future::{FunctionFuture, Unpolled};
pub use crate::is_enabled as enabled;
use crate::log as log_module;
pub use crate::log::log_at;
use crate::region::{FunctionRegion, Region, Site, StaysOnItsThread, begin_static, begin_with};
use crate::switch::when_on;
use crate::task::EnteredTask;
pub use crate::testing::{test, test_name};
use crate::value::{Arg, Number, Value};

/// Begins the region of a function.
#[inline(always)]
pub fn region(callsite: &'static Callsite) -> FunctionRegion {
    when_on!({ begin_static(callsite) });
    FunctionRegion { callsite, _stays: StaysOnItsThread::HERE }
}

/// Begins the region of a function with arguments. Only to be called when [`enabled`].
#[inline(always)]
pub fn region_with(callsite: &'static Callsite, args: &[Value<'_>]) -> FunctionRegion {
    begin_with(callsite, None, args);
    region_off(callsite)
}

/// The guard of a function's region that is not recorded.
#[inline(always)]
pub fn region_off(callsite: &'static Callsite) -> FunctionRegion {
    FunctionRegion { callsite, _stays: StaysOnItsThread::HERE }
}

/// The guard of a bang macro's region that is not recorded.
#[inline(always)]
pub fn region_without_begin(callsite: &'static Callsite) -> Region {
    Region::guard(Site::Static(callsite))
}

/// Begins a task and enters it.
#[inline(always)]
pub fn task(callsite: &'static Callsite) -> EnteredTask {
    if enabled() { task_with(callsite, &[]) } else { task_off(callsite) }
}

/// Begins a task with arguments and enters it. Only to be called when [`enabled`].
#[inline(always)]
pub fn task_with(callsite: &'static Callsite, args: &[Value<'_>]) -> EnteredTask {
    EnteredTask::begin(callsite, None, args)
}

/// The guard of a task that is not recorded.
#[inline(always)]
pub fn task_off(callsite: &'static Callsite) -> EnteredTask {
    EnteredTask::unrecorded(callsite)
}

/// Begins the region of an `async` function with its first poll.
#[inline(always)]
pub fn region_future(callsite: &'static Callsite) -> Unpolled {
    Unpolled::new(callsite)
}

/// Begins the region of an `async` function with arguments. Only to be called when [`enabled`].
#[inline(always)]
pub fn region_future_with(callsite: &'static Callsite, args: &[Value<'_>]) -> Unpolled {
    Unpolled::with(callsite, args)
}

/// The region of an `async` function whose arguments are not recorded.
#[inline(always)]
pub fn region_future_off(callsite: &'static Callsite) -> Unpolled {
    Unpolled::new(callsite)
}

/// Begins the task of an `async` function with its first poll.
#[inline(always)]
pub fn task_future(callsite: &'static Callsite) -> Unpolled {
    Unpolled::new(callsite)
}

/// Begins the task of an `async` function with arguments. Only to be called when [`enabled`].
#[inline(always)]
pub fn task_future_with(callsite: &'static Callsite, args: &[Value<'_>]) -> Unpolled {
    Unpolled::with(callsite, args)
}

/// The task of an `async` function whose arguments are not recorded.
#[inline(always)]
pub fn task_future_off(callsite: &'static Callsite) -> Unpolled {
    Unpolled::new(callsite)
}

/// The type of a function's result, which the compiler finds where the function returns it, and is told where
/// that is not seen. There is no value.
#[derive(Debug)]
pub struct ResultType<T>(PhantomData<fn() -> T>);

impl<T> Clone for ResultType<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ResultType<T> {}

/// Of the function in which this is.
#[inline(always)]
pub fn result_type<T>() -> ResultType<T> {
    ResultType(PhantomData)
}

/// Stands for a result where there is none, and is never called.
#[cold]
pub fn result_of<T>(_of: ResultType<T>) -> T {
    unreachable!("the type of a result is asked for, and not a result")
}

/// A value of that type: the compiler knows it before it sees the value.
#[inline(always)]
pub fn of_type<T>(_of: ResultType<T>, value: T) -> T {
    value
}

/// What a closure returns, of which it knows the type as well.
#[inline(always)]
pub fn returned<T>(_of: ResultType<T>, body: impl FnOnce() -> T) -> T {
    body()
}

/// How a region of a bang macro begins.
#[derive(Clone, Copy)]
pub struct RegionBegin(Option<Context>);

/// In the current context.
#[inline(always)]
pub fn region_in_current() -> RegionBegin {
    RegionBegin(None)
}

/// In a context.
#[inline(always)]
pub fn region_in(context: Context) -> RegionBegin {
    RegionBegin(Some(context))
}

impl RegionBegin {
    /// Begins it.
    #[inline(always)]
    pub fn on(self, callsite: &'static Callsite, args: &[Value<'_>]) -> Region {
        if self.0.is_none() && args.is_empty() {
            begin_static(callsite);
        } else {
            begin_with(callsite, self.0.map(Context::task), args);
        }
        region_without_begin(callsite)
    }
}

/// How a task of a bang macro begins.
#[derive(Clone, Copy)]
pub struct TaskBegin(Option<Context>);

/// In the current context.
#[inline(always)]
pub fn task_in_current() -> TaskBegin {
    TaskBegin(None)
}

/// In a context.
#[inline(always)]
pub fn task_in(context: Context) -> TaskBegin {
    TaskBegin(Some(context))
}

impl TaskBegin {
    /// Begins it.
    #[inline(always)]
    pub fn on(self, callsite: &'static Callsite, args: &[Value<'_>]) -> EnteredTask {
        EnteredTask::begin(callsite, self.0, args)
    }
}

/// Logs a message. Only to be called when [`enabled`].
#[inline(always)]
pub fn log(callsite: &'static Callsite, message: fmt::Arguments<'_>) {
    log_module::log_static(callsite, None, message);
}

/// Logs a message into a context. Only to be called when [`enabled`].
#[inline(always)]
pub fn log_in(callsite: &'static Callsite, context: Context, message: fmt::Arguments<'_>) {
    log_module::log_static(callsite, Some(context.task()), message);
}

/// Records a counter's value. Only to be called when [`enabled`].
#[inline(always)]
pub fn count(callsite: &'static Callsite, value: Value<'_>) {
    log_module::count(callsite, value);
}

/// An argument as it is.
#[inline(always)]
pub fn arg<T: Arg + ?Sized>(value: &T) -> Value<'_> {
    value.value()
}

/// An argument by its `Debug`.
#[inline(always)]
pub fn debug<T: fmt::Debug>(value: &T) -> Value<'_> {
    Value::Debug(value)
}

/// An argument by its `Display`.
#[inline(always)]
pub fn display<T: fmt::Display>(value: &T) -> Value<'_> {
    Value::Display(value)
}

/// A counter's value.
#[inline(always)]
pub fn number<T: Number>(value: &T) -> Value<'_> {
    value.value()
}
