//! Tasks: logical operations, which may go across threads.

use std::panic::Location;

use trace_format::{CallsiteId, CallsiteKind, Event, TaskId};

use crate::callsite::{Callsite, of_short, short};
use crate::carried;
use crate::clock;
use crate::context::Context;
use crate::region::StaysOnItsThread;
use crate::switch::when_on;
use crate::thread::{emit, short_way};
use crate::traceparent::SpanContext;
use crate::value::{Arg, Encoded, Value};
use crate::{dumps, slow};

/// A task that is running; it ends with this value.
///
/// Its latency is the time from its creation to its end, on whatever thread that is.
#[derive(Debug)]
#[must_use = "the task ends when this value is dropped; keep it until the work is done"]
pub struct Task {
    name: &'static str,
    location: &'static Location<'static>,
    begun: Begun,
    span: SpanContext,
}

/// What an end needs to know of the begin. Passed on as a copy, so that a task that never was
/// recorded need not be in memory.
#[derive(Clone, Copy, Debug)]
struct Begun {
    /// 0 when it began while nothing was recorded.
    id: TaskId,
    parent: TaskId,
    begin: u64,
    /// The recording in which it began.
    recording: usize,
    /// The callsite's number, if the begin found it out and it is short, else 0. A whole word, so that there is no
    /// padding to be copied as well.
    short_id: usize,
}

impl Begun {
    /// Of a task that is not recorded.
    #[inline(always)]
    const fn unrecorded(parent: TaskId) -> Self {
        Self { id: TaskId::BACKGROUND, parent, begin: 0, recording: 0, short_id: 0 }
    }
}

impl Task {
    /// Ends the task. The same as dropping it.
    #[inline(always)]
    pub fn end(self) {}

    /// Adds an argument while the task runs.
    ///
    /// The value is computed by the caller, even while tracing is off; its string is cut at 4,096
    /// bytes.
    #[inline]
    #[track_caller]
    pub fn arg(&self, key: &'static str, value: impl Arg) {
        if crate::is_enabled() && self.begun.id != TaskId::BACKGROUND {
            put_arg(self.begun.id, key, value.value());
        }
    }

    /// The context that makes regions, logs and subtasks belong to this task. That of its parent, if
    /// the task began while nothing was recorded.
    #[inline(always)]
    pub fn context(&self) -> Context {
        let Begun { id, parent, .. } = self.begun;
        Context::new(if id == TaskId::BACKGROUND { parent } else { id }, self.span)
    }
}

unless_compiled_out! {
    impl Drop for Task {
        #[inline(always)]
        fn drop(&mut self) {
            if crate::is_enabled() {
                end_named(self.begun, self.name, self.location);
            }
        }
    }
}

/// Begins a task of type `name`, as a part of the task in `context` if there is one.
///
/// Returns the context that carries the new task, and the task itself, to end it. The context is
/// not entered: pass it on, or call [`Context::enter`].
///
/// ```
/// # use trace_core as trace;
/// let (ctx, task) = trace::new_task(trace::Context::current(), "makeCappuccino");
/// trace::with_region(ctx, "steamMilk", || { /* … */ });
/// task.end();
/// ```
#[inline(always)]
#[track_caller]
pub fn new_task(context: Context, name: &'static str) -> (Context, Task) {
    let (location, span) = (Location::caller(), context.span());
    if crate::is_enabled() {
        let begun = begin_named(context.task(), name, location);
        if let Some(span) = context.remote_parent() {
            span.tell_of(begun.id);
        }
        let task = Task { name, location, begun, span };
        return (task.context(), task);
    }
    (context, Task { name, location, begun: Begun::unrecorded(context.task()), span })
}

#[cold]
#[inline(never)]
fn begin_named(parent: TaskId, name: &'static str, location: &'static Location<'static>) -> Begun {
    begin_named_shortly(parent, name, location)
        .unwrap_or_else(|| begin_named_long_way(parent, name, location))
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn begin_named_shortly(
    parent: TaskId,
    name: &'static str,
    location: &'static Location<'static>,
) -> Option<Begun> {
    let mut way = short_way()?;
    let (pen, begin) = (way.pen(), clock::counter());
    let short_id = short(pen.names.known_id(CallsiteKind::Task, name, location));
    let (callsite, id) = (of_short(short_id)?, pen.peek_task()?);
    pen.put_shortly(begin, Event::TaskBegin { callsite, task: id, parent })?;
    pen.take_task();
    Some(Begun { id, parent, begin, recording: pen.recording(), short_id: short_id.into() })
}

#[cold]
#[inline(never)]
fn begin_named_long_way(
    parent: TaskId,
    name: &'static str,
    location: &'static Location<'static>,
) -> Begun {
    let begun = emit(|pen, begin| {
        let callsite = pen.names.id(CallsiteKind::Task, name, location);
        let id = pen.begin_task(callsite, parent, None, begin);
        Begun { id, parent, begin, recording: pen.recording(), short_id: short(callsite).into() }
    });
    begun.unwrap_or(Begun::unrecorded(parent))
}

#[cold]
#[inline(never)]
fn end_named(begun: Begun, name: &'static str, location: &'static Location<'static>) {
    if end_named_shortly(begun).is_none() {
        look_at(name, end_named_long_way(begun, name, location));
    }
}

/// Looks at how old a task was when it ended, if that is known.
pub(crate) fn look_at(name: &str, age: Option<u64>) {
    if let Some(age) = age.filter(|age| slow::is_slow(*age)) {
        dumps::notice_task(name, age);
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn end_named_shortly(begun: Begun) -> Option<()> {
    let Begun { id: task, parent, begin, recording, short_id } = begun;
    let mut way = short_way()?;
    let (pen, now) = (way.pen(), clock::counter());
    let (callsite, age) = (of_short(short_id as u16)?, now.saturating_sub(begin));
    if recording != pen.recording() || slow::is_slow(age) {
        return None;
    }
    pen.put_shortly(now, Event::TaskEnd { callsite, task, parent, age })
}

/// Returns the task's age in ticks, if its begin was recorded.
#[cold]
#[inline(never)]
fn end_named_long_way(
    begun: Begun,
    name: &'static str,
    location: &'static Location<'static>,
) -> Option<u64> {
    let Begun { id: task, parent, begin, recording, .. } = begun;
    emit(|pen, now| {
        let callsite = CallsiteId(pen.names.id(CallsiteKind::Task, name, location));
        let age = (recording == pen.recording()).then(|| now.saturating_sub(begin));
        pen.put(
            now,
            match age {
                Some(age) => Event::TaskEnd { callsite, task, parent, age },
                None => Event::UnseenTaskEnd { callsite, task },
            },
        );
        age
    })
    .flatten()
}

/// A task whose context is current on this thread; both end with this value.
///
/// What [`trace_task!`](crate::trace_task) and the attribute `#[trace::task]` make. Stays on its
/// thread; see [`new_task`] for one that does not.
#[derive(Debug)]
#[must_use = "the task ends when this value is dropped; give it a name like `_task`"]
pub struct EnteredTask {
    callsite: &'static Callsite,
    /// 0 when it began while nothing was recorded.
    id: TaskId,
    _stays: StaysOnItsThread,
}

impl EnteredTask {
    /// The context of the task, to be passed to other threads.
    #[inline]
    pub fn context(&self) -> Context {
        match self.id {
            TaskId::BACKGROUND => Context::new(self.id, carried::while_off()),
            task => Context::of_current(task),
        }
    }

    /// Adds an argument while the task runs.
    ///
    /// The value is computed by the caller, even while tracing is off; its string is cut at 4,096
    /// bytes.
    #[inline]
    #[track_caller]
    pub fn arg(&self, key: &'static str, value: impl Arg) {
        self.context().arg(key, value);
    }

    /// Leaves the context and ends the task. The same as dropping it.
    #[inline(always)]
    pub fn end(self) {}

    #[inline(always)]
    fn of(callsite: &'static Callsite, id: TaskId) -> Self {
        Self { callsite, id, _stays: StaysOnItsThread::HERE }
    }

    #[inline(always)]
    pub(crate) fn unrecorded(callsite: &'static Callsite) -> Self {
        Self::of(callsite, TaskId::BACKGROUND)
    }

    /// Begins a task in `parent`, or in the current context, and enters it.
    #[inline(always)]
    pub(crate) fn begin(
        callsite: &'static Callsite,
        parent: Option<Context>,
        args: &[Value<'_>],
    ) -> Self {
        Self::of(callsite, begin_entered(callsite, parent, args))
    }
}

unless_compiled_out! {
    impl Drop for EnteredTask {
        #[inline(always)]
        fn drop(&mut self) {
            when_on!({ end_entered(self.callsite, self.id) });
        }
    }
}

/// Returns the id of the task; the background if it is not recorded.
#[cold]
#[inline(never)]
fn begin_entered(
    callsite: &'static Callsite,
    parent: Option<Context>,
    args: &[Value<'_>],
) -> TaskId {
    if carried::in_use() {
        return begin_entered_and_carry(callsite, parent.unwrap_or_else(Context::current), args);
    }
    begin_entered_in(callsite, parent.map(Context::task), args)
}

#[inline(never)]
fn begin_entered_and_carry(
    callsite: &'static Callsite,
    parent: Context,
    args: &[Value<'_>],
) -> TaskId {
    let id = begin_entered_in(callsite, Some(parent.task()), args);
    if let Some(span) = parent.span().some().filter(|_| id != TaskId::BACKGROUND) {
        carried::task_begins(id, span);
        if parent.task() == TaskId::BACKGROUND {
            span.tell_of(id);
        }
    }
    id
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn begin_entered_in(
    callsite: &'static Callsite,
    parent: Option<TaskId>,
    args: &[Value<'_>],
) -> TaskId {
    if let Some(mut way) = short_way() {
        let (pen, now) = (way.pen(), clock::counter());
        let parent = parent.unwrap_or(pen.task());
        if let Some(id) = pen.begin_entered_shortly(callsite.short_id(), now, parent, args) {
            return id;
        }
    }
    begin_entered_long_way(callsite, parent, args)
}

#[cold]
#[inline(never)]
fn begin_entered_long_way(
    callsite: &'static Callsite,
    parent: Option<TaskId>,
    args: &[Value<'_>],
) -> TaskId {
    let encoded = (!args.is_empty()).then(|| Encoded::new(args));
    let id = emit(|pen, now| {
        let parent = parent.unwrap_or(pen.task());
        pen.begin_entered(callsite.id(), parent, encoded.as_ref(), now)
    });
    id.unwrap_or(TaskId::BACKGROUND)
}

#[cold]
#[inline(never)]
fn end_entered(callsite: &'static Callsite, id: TaskId) {
    if carried::in_use() {
        carried::task_ends(id);
    }
    if let Some(mut way) = short_way() {
        if way.pen().end_entered_shortly(callsite.short_id(), clock::counter(), id).is_some() {
            return;
        }
    }
    look_at(callsite.name(), end_entered_long_way(callsite, id));
}

#[cold]
#[inline(never)]
fn end_entered_long_way(callsite: &'static Callsite, id: TaskId) -> Option<u64> {
    emit(|pen, now| pen.end_entered(callsite.id(), id, now)).flatten()
}

/// Adds an argument to a task.
#[inline(never)]
#[track_caller]
pub(crate) fn put_arg(task: TaskId, key: &'static str, value: Value<'_>) {
    let location = Location::caller();
    value.resolve(&mut crate::scratch::Scratch::new(), |value| {
        emit(|pen, now| {
            let key = CallsiteId(pen.names.id(CallsiteKind::Argument, key, location));
            pen.put(now, Event::TaskArg { key, task, value });
        });
    });
}
