//! Logs and counters: instants.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use trace_format::{CallsiteId, CallsiteKind, Event, TaskId, Text};

use crate::callsite::{Callsite, of_short};
use crate::clock;
use crate::context::Context;
use crate::pen::Pen;
use crate::region::Site;
use crate::scratch::{Scratch, TEXT_LIMIT};
use crate::thread::{emit, short_way};
use crate::value::Value;

/// Logs `message` under `category`, in `context`.
///
/// The category classifies messages, so that there should be a handful of them; it may be empty.
/// What is beyond 4,096 bytes of a message is cut off, and its length recorded. To format a
/// message only when tracing is on, use [`trace_log!`](crate::trace_log).
///
/// ```
/// # use trace_core as trace;
/// # let ctx = trace::Context::current();
/// trace::log(ctx, "orderID", "4711");
/// ```
#[inline]
#[track_caller]
pub fn log(context: Context, category: &'static str, message: &str) {
    if crate::is_enabled() {
        log_named(context.task(), category, message, Location::caller());
    }
}

#[cold]
#[inline(never)]
fn log_named(
    task: TaskId,
    category: &'static str,
    message: &str,
    location: &'static Location<'static>,
) {
    put(Site::Named(category, location), Some(task), Message::Ready(message));
}

/// Logs a message under a category that was named at this place. Only to be called while tracing is on.
#[cold]
#[inline(never)]
pub fn log_at(
    category: &'static str,
    location: &'static Location<'static>,
    message: fmt::Arguments<'_>,
) {
    put(Site::Named(category, location), None, Message::Format(message));
}

#[cold]
#[inline(never)]
pub(crate) fn log_static(
    callsite: &'static Callsite,
    task: Option<TaskId>,
    message: fmt::Arguments<'_>,
) {
    put(Site::Static(callsite), task, Message::Format(message));
}

/// A message as a program gives it.
enum Message<'m> {
    Ready(&'m str),
    Format(fmt::Arguments<'m>),
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn put(site: Site, task: Option<TaskId>, message: Message<'_>) {
    let mut scratch = Scratch::new();
    let message = match message {
        Message::Ready(text) => Text::cut(text, TEXT_LIMIT),
        Message::Format(arguments) => scratch.message(arguments),
    };
    if put_shortly(site, task, &message).is_none() {
        put_long_way(site, task, &message);
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn put_shortly(site: Site, task: Option<TaskId>, message: &Text<'_>) -> Option<()> {
    let mut way = short_way()?;
    let (pen, now) = (way.pen(), clock::counter());
    let callsite = of_short(site.short_id(CallsiteKind::Log, pen))?;
    let (message, len) = (borrowed(message), message.bytes.len());
    match other_than_current(task, pen) {
        None => pen.put_text_shortly(now, Event::Log { callsite, message }, len),
        Some(task) => pen.put_text_shortly(now, Event::TaskLog { callsite, task, message }, len),
    }
}

#[cold]
#[inline(never)]
fn put_long_way(site: Site, task: Option<TaskId>, message: &Text<'_>) {
    emit(|pen, now| {
        let callsite = CallsiteId(site.id(CallsiteKind::Log, pen));
        let message = borrowed(message);
        pen.put(
            now,
            match other_than_current(task, pen) {
                None => Event::Log { callsite, message },
                Some(task) => Event::TaskLog { callsite, task, message },
            },
        );
    });
}

/// The task that was given, if it is not the one that is current anyway.
#[inline(always)]
fn other_than_current(task: Option<TaskId>, pen: &Pen) -> Option<TaskId> {
    task.filter(|task| *task != pen.task())
}

#[inline(always)]
fn borrowed<'m>(text: &'m Text<'_>) -> Text<'m> {
    Text { bytes: Cow::Borrowed(&text.bytes), original_len: text.original_len }
}

/// Records a counter's value, which is one of a [`Number`](crate::Number).
#[cold]
#[inline(never)]
pub(crate) fn count(callsite: &'static Callsite, value: Value<'_>) {
    use trace_format::Value as Out;
    match value {
        Value::I64(v) => put_count(callsite, || Out::I64(v)),
        Value::U64(v) => put_count(callsite, || Out::U64(v)),
        Value::F64(v) => put_count(callsite, || Out::F64(v)),
        _ => {}
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn put_count(callsite: &'static Callsite, value: impl Fn() -> trace_format::Value<'static>) {
    if put_count_shortly(callsite, &value).is_none() {
        put_count_long_way(callsite, value());
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn put_count_shortly(
    callsite: &'static Callsite,
    value: &impl Fn() -> trace_format::Value<'static>,
) -> Option<()> {
    let mut way = short_way()?;
    let callsite = of_short(callsite.short_id())?;
    way.pen().put_shortly(clock::counter(), Event::Counter { callsite, value: value() })
}

#[cold]
#[inline(never)]
fn put_count_long_way(callsite: &'static Callsite, value: trace_format::Value<'static>) {
    emit(|pen, now| {
        pen.put(now, Event::Counter { callsite: CallsiteId(callsite.id()), value });
    });
}
