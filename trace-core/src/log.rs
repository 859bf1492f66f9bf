//! Logs and counters: instants.

use std::fmt;
use std::panic::Location;

use trace_format::{CallsiteId, CallsiteKind, Event};

use crate::callsite::Callsite;
use crate::context::Context;
use crate::region::Site;
use crate::scratch::Scratch;
use crate::thread::emit;
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
        let site = Site::Named(category, Location::caller());
        put(site, Some(context), format_args!("{message}"));
    }
}

#[inline(never)]
pub(crate) fn log_static(
    callsite: &'static Callsite,
    context: Option<Context>,
    message: fmt::Arguments<'_>,
) {
    put(Site::Static(callsite), context, message);
}

#[inline(never)]
fn put(site: Site, context: Option<Context>, message: fmt::Arguments<'_>) {
    let mut scratch = Scratch::new();
    let message = scratch.message(message);
    emit(|pen, now| {
        let callsite = CallsiteId(site.id(CallsiteKind::Log, pen));
        pen.put(
            now,
            match context {
                Some(context) if context != pen.context() => {
                    Event::TaskLog { callsite, task: context.task(), message }
                }
                _ => Event::Log { callsite, message },
            },
        );
    });
}

/// Records a counter's value, which is one of a [`Number`](crate::Number).
#[inline(never)]
pub(crate) fn count(callsite: &'static Callsite, value: Value<'_>) {
    use trace_format::Value as Out;
    let value = match value {
        Value::I64(v) => Out::I64(v),
        Value::U64(v) => Out::U64(v),
        Value::F64(v) => Out::F64(v),
        _ => return,
    };
    emit(|pen, now| {
        pen.put(now, Event::Counter { callsite: CallsiteId(callsite.id()), value });
    });
}
