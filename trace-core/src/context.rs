//! Contexts: what carries the current task from place to place.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use trace_format::TaskId;

use crate::carried::{self, Carrying};
use crate::clock;
use crate::pen::EntryKey;
use crate::region::StaysOnItsThread;
use crate::task::put_arg;
use crate::thread::{emit, peek, short_way};
use crate::traceparent::{SpanContext, Traceparent};
use crate::value::Arg;

/// Which task something belongs to, and which trace across processes. `Copy`, and of a few words: pass it along
/// wherever the work goes.
///
/// A context comes from [`new_task`](crate::new_task), or is the one that is
/// [`current`](Self::current) on this thread. Regions, logs and subtasks that are not given a
/// context belong to the current one.
///
/// ```
/// # use trace_core as trace;
/// let (ctx, task) = trace::new_task(trace::Context::background(), "makeCappuccino");
/// std::thread::spawn(move || {
///     ctx.run(|| {
///         // Belongs to the task, as does everything that is called from here.
///         let _region = trace::trace_region!("steamMilk");
///     });
/// });
/// # drop(task);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Context {
    /// What other processes know of all this, as it was when it came into this one.
    span: SpanContext,
    /// Behind that: copied apart from it, as it was written.
    task: TaskId,
}

/// How many headers were not what they should have been.
static IGNORED: AtomicU64 = AtomicU64::new(0);

/// How many `traceparent` headers were ignored since the program began.
pub(crate) fn ignored_traceparents() -> u64 {
    IGNORED.load(Relaxed)
}

impl Context {
    /// The context of what belongs to no task.
    #[inline(always)]
    pub const fn background() -> Self {
        Self { span: SpanContext::NONE, task: TaskId::BACKGROUND }
    }

    #[inline(always)]
    pub(crate) const fn new(task: TaskId, span: SpanContext) -> Self {
        Self { span, task }
    }

    #[inline(always)]
    pub(crate) fn task(self) -> TaskId {
        self.task
    }

    #[inline(always)]
    pub(crate) fn span(&self) -> SpanContext {
        self.span
    }

    /// The span that a task comes from that is made in this context, if that was in another process.
    #[inline(always)]
    pub(crate) fn remote_parent(self) -> Option<SpanContext> {
        if self.task == TaskId::BACKGROUND { self.span.some() } else { None }
    }

    /// The context that is current on this thread: of the innermost task or context that was
    /// entered, else the background. While tracing is off no task is current, but still the
    /// `traceparent` that a context came with.
    #[inline]
    pub fn current() -> Self {
        if !crate::is_enabled() {
            return Self::new(TaskId::BACKGROUND, carried::while_off());
        }
        Self::of_current(peek(|pen| pen.task()).unwrap_or(TaskId::BACKGROUND))
    }

    /// Of the task that is current on this thread.
    #[inline(always)]
    pub(crate) fn of_current(task: TaskId) -> Self {
        Self::new(task, carried::with(task))
    }

    /// The context of work that goes on here and came from another process with a W3C `traceparent` header.
    /// Tasks that are made in it are parts of that trace, and tell so in arguments: `trace_id` and
    /// `parent_span_id`.
    ///
    /// A header that is malformed is ignored, as the standard wants it: the context is the background. How
    /// many there were is in [`status`](crate::status) and, each as a log of the category `traceparent`, in the trace.
    ///
    /// ```
    /// # use trace_core as trace;
    /// # struct Request(Option<&'static str>);
    /// # impl Request { fn header(&self, _: &str) -> Option<&str> { self.0 } }
    /// # let request = Request(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    /// let came_in = request.header("traceparent").map(trace::Context::from_traceparent).unwrap_or_default();
    /// came_in.run(|| {
    ///     let _task = trace::trace_task!("makeCappuccino");
    ///     // To be sent along with whatever is asked of other services.
    ///     let goes_out = trace::Context::current().to_traceparent();
    /// #   assert!(goes_out.is_some());
    /// });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn from_traceparent(header: impl AsRef<[u8]>) -> Self {
        match SpanContext::parse(header.as_ref()) {
            Ok(span) => Self::of_span(span),
            Err(malformed) => {
                IGNORED.fetch_add(1, Relaxed);
                crate::log(Self::background(), "traceparent", malformed.message());
                Self::background()
            }
        }
    }

    /// A context in which a trace across processes begins: for the first in line, so that all that its tasks call
    /// in other processes belongs to one trace. The background while tracing is off, since there are no tasks then
    /// for others to be parts of.
    #[must_use]
    pub fn new_trace() -> Self {
        if crate::is_enabled() {
            Self::of_span(SpanContext::new_trace())
        } else {
            Self::background()
        }
    }

    fn of_span(span: SpanContext) -> Self {
        carried::make_use();
        Self::new(TaskId::BACKGROUND, span)
    }

    /// The W3C `traceparent` header by which another process goes on with this: the trace it is a part of, and the
    /// task of this context as the parent. The task tells, in its arguments `trace_id` and `span_id`, what others
    /// know it by. If it is a part of no trace yet, one begins with it.
    ///
    /// Without a task, and while tracing is off, it is the header that the context came with; `None` if there was
    /// none.
    #[must_use]
    pub fn to_traceparent(self) -> Option<Traceparent> {
        if self.task == TaskId::BACKGROUND || !crate::is_enabled() {
            return self.span.some().and_then(|span| span.header());
        }
        let span = self.span.some().unwrap_or_else(|| SpanContext::beginning_with(self.task));
        Some(span.header_of(self.task))
    }

    /// Makes this the current context of this thread, until the guard is dropped.
    ///
    /// A context that was entered before tracing was switched on is not known to the trace.
    #[inline(always)]
    pub fn enter(self) -> Entered {
        let _carrying = Carrying::begin(&self);
        let key = if crate::is_enabled() { enter(self.task) } else { EntryKey::NONE };
        Entered { key, _carrying, _stays: StaysOnItsThread::HERE }
    }

    /// Runs `f` with this as the current context.
    #[inline]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        f()
    }

    /// Adds an argument to the task of this context while it runs. Nothing for the background.
    ///
    /// The value is computed by the caller, even while tracing is off; its string is cut at 4,096
    /// bytes.
    #[inline]
    #[track_caller]
    pub fn arg(self, key: &'static str, value: impl Arg) {
        if crate::is_enabled() && self.task != TaskId::BACKGROUND {
            put_arg(self.task, key, value.value());
        }
    }
}

/// The current context, when nothing else is said, is the background.
impl Default for Context {
    fn default() -> Self {
        Self::background()
    }
}

/// Keeps a context current; see [`Context::enter`]. Stays on its thread.
#[derive(Debug)]
#[must_use = "the context is current only as long as this value lives; give it a name like `_entered`"]
pub struct Entered {
    /// What the pen knows it by; [`EntryKey::NONE`] if nothing was recorded.
    key: EntryKey,
    _carrying: Option<Carrying>,
    _stays: StaysOnItsThread,
}

unless_compiled_out! {
    impl Drop for Entered {
        #[inline(always)]
        fn drop(&mut self) {
            if self.key != EntryKey::NONE && crate::is_enabled() {
                leave(self.key);
            }
        }
    }
}

#[cold]
#[inline(never)]
fn enter(task: TaskId) -> EntryKey {
    if let Some(mut way) = short_way() {
        if let Some(key) = way.pen().enter_shortly(task, clock::counter()) {
            return key;
        }
    }
    enter_long_way(task)
}

#[cold]
#[inline(never)]
fn enter_long_way(task: TaskId) -> EntryKey {
    emit(|pen, now| pen.enter(task, now)).unwrap_or(EntryKey::NONE)
}

#[cold]
#[inline(never)]
fn leave(key: EntryKey) {
    if let Some(mut way) = short_way() {
        if way.pen().leave_shortly(key, clock::counter()).is_some() {
            return;
        }
    }
    leave_long_way(key);
}

#[cold]
#[inline(never)]
fn leave_long_way(key: EntryKey) {
    emit(|pen, now| pen.leave(key, now));
}
