//! Tasks: logical operations, which may go across threads.

use std::panic::Location;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use trace_format::{CallsiteId, CallsiteKind, Event, TaskId};

use crate::callsite::{Callsite, short};
use crate::context::{Context, Entered};
use crate::pen::Pen;
use crate::region::Site;
use crate::thread::{RECORDER, emit, emit_shortly};
use crate::value::{Arg, Encoded, Value};

/// A task that is running; it ends with [`end`](Self::end), or with this value.
///
/// Its latency is the time from its creation to its first end, on whatever thread that is.
#[derive(Debug)]
#[must_use = "the task ends when this value is dropped; keep it until the work is done"]
pub struct Task {
    site: Site,
    /// The callsite's number, if the begin found it out and it is short, else 0.
    short_id: u16,
    /// 0 when it began while nothing was recorded.
    id: TaskId,
    parent: TaskId,
    begin: u64,
    /// The session in which it began.
    epoch: usize,
    /// Only tells the first end from later ones, and orders nothing.
    ended: AtomicBool,
}

impl Task {
    #[inline(always)]
    fn unrecorded(site: Site, parent: TaskId) -> Self {
        Self {
            site,
            short_id: 0,
            id: TaskId::BACKGROUND,
            parent,
            begin: 0,
            epoch: 0,
            ended: AtomicBool::new(false),
        }
    }

    /// [`begin`](Self::begin) on [the short way](crate::short).
    #[inline(always)]
    fn begin_shortly(
        pen: &mut Pen,
        now: u64,
        site: Site,
        parent: TaskId,
        args: &[Value<'_>],
    ) -> Option<Self> {
        let short_id = site.short_id(CallsiteKind::Task, pen);
        if short_id == 0 {
            return None;
        }
        let task = pen.peek_task()?;
        let callsite = CallsiteId(short_id.into());
        pen.put_shortly(now, Event::TaskBegin { callsite, task, parent }, 0, args)?;
        pen.take_task();
        let ended = AtomicBool::new(false);
        let epoch = pen.epoch_word();
        Some(Self { site, short_id, id: task, parent, begin: now, epoch, ended })
    }

    /// Writes the begin of a task and returns it.
    fn begin(pen: &mut Pen, now: u64, site: Site, parent: TaskId, args: Option<&Encoded>) -> Self {
        let callsite = CallsiteId(site.id(CallsiteKind::Task, pen));
        let task = pen.next_task(&RECORDER);
        let begin = Event::TaskBegin { callsite, task, parent };
        match args {
            None => pen.put(now, begin),
            Some(args) => {
                let values = args.values();
                pen.put_all(now, [begin, Event::TaskArgs { values }]);
            }
        }
        let (short_id, epoch) = (short(callsite.0), pen.epoch_word());
        let ended = AtomicBool::new(false);
        Self { site, short_id, id: task, parent, begin: now, epoch, ended }
    }

    /// Ends the task. Later calls are recorded as mistakes and change nothing.
    #[inline]
    pub fn end(&self) {
        self.ended.store(true, Relaxed);
        if crate::is_enabled() {
            self.put_end();
        }
    }

    /// Adds an argument while the task runs.
    ///
    /// The value is computed by the caller, even while tracing is off; its string is cut at 4,096
    /// bytes.
    #[inline]
    #[track_caller]
    pub fn arg(&self, key: &'static str, value: impl Arg) {
        if crate::is_enabled() && self.id != TaskId::BACKGROUND {
            put_arg(self.id, key, value.value());
        }
    }

    /// The context that makes regions, logs and subtasks belong to this task. That of its parent, if
    /// the task began while nothing was recorded.
    #[inline]
    pub fn context(&self) -> Context {
        Context::of(if self.id == TaskId::BACKGROUND { self.parent } else { self.id })
    }

    #[cold]
    #[inline(never)]
    fn put_end(&self) {
        let &Self { short_id, id: task, parent, begin, epoch, .. } = self;
        let short = emit_shortly(|pen, now| {
            if short_id == 0 || epoch != pen.epoch_word() {
                return None;
            }
            let (callsite, age) = (CallsiteId(short_id.into()), now.saturating_sub(begin));
            pen.put_shortly(now, Event::TaskEnd { callsite, task, parent, age }, 0, &[])
        });
        if short.is_none() {
            self.put_end_long_way();
        }
    }

    #[cold]
    #[inline(never)]
    fn put_end_long_way(&self) {
        emit(|pen, now| self.put_end_with(pen, now));
    }

    fn put_end_with(&self, pen: &mut Pen, now: u64) {
        let callsite = CallsiteId(self.site.id(CallsiteKind::Task, pen));
        let &Self { id: task, parent, begin, epoch, .. } = self;
        pen.put(
            now,
            if epoch == pen.epoch_word() {
                Event::TaskEnd { callsite, task, parent, age: now.saturating_sub(begin) }
            } else {
                Event::UnseenTaskEnd { callsite, task }
            },
        );
    }
}

impl Drop for Task {
    #[inline]
    fn drop(&mut self) {
        if !*self.ended.get_mut() && crate::is_enabled() {
            self.put_end();
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
#[inline]
#[track_caller]
pub fn new_task(context: Context, name: &'static str) -> (Context, Task) {
    let site = Site::Named(name, Location::caller());
    if !crate::is_enabled() {
        return (context, Task::unrecorded(site, context.task()));
    }
    begin_named(context, site)
}

#[cold]
#[inline(never)]
fn begin_named(context: Context, site: Site) -> (Context, Task) {
    match emit_shortly(|pen, now| Task::begin_shortly(pen, now, site, context.task(), &[])) {
        Some(task) => (task.context(), task),
        None => begin_named_long_way(context, site),
    }
}

#[cold]
#[inline(never)]
fn begin_named_long_way(context: Context, site: Site) -> (Context, Task) {
    match emit(|pen, now| Task::begin(pen, now, site, context.task(), None)) {
        Some(task) => (task.context(), task),
        None => (context, Task::unrecorded(site, context.task())),
    }
}

/// A task whose context is current on this thread; both end with this value.
///
/// What [`trace_task!`](crate::trace_task) and the attribute `#[trace::task]` make. Stays on its
/// thread; see [`new_task`] for one that does not.
#[derive(Debug)]
#[must_use = "the task ends when this value is dropped; give it a name like `_task`"]
pub struct EnteredTask {
    // In the order in which they end.
    _entered: Entered,
    task: Task,
}

impl EnteredTask {
    /// The context of the task, to be passed to other threads.
    #[inline]
    pub fn context(&self) -> Context {
        self.task.context()
    }

    /// Adds an argument while the task runs.
    ///
    /// The value is computed by the caller, even while tracing is off; its string is cut at 4,096
    /// bytes.
    #[inline]
    #[track_caller]
    pub fn arg(&self, key: &'static str, value: impl Arg) {
        self.task.arg(key, value);
    }

    /// Leaves the context and ends the task. The same as dropping it.
    #[inline]
    pub fn end(self) {}

    #[inline(always)]
    pub(crate) fn unrecorded(callsite: &'static Callsite) -> Self {
        Self {
            _entered: Entered::not(),
            task: Task::unrecorded(Site::Static(callsite), TaskId::BACKGROUND),
        }
    }

    /// Begins a task in `parent`, or in the current context, and enters it.
    #[cold]
    #[inline(never)]
    pub(crate) fn begin(
        callsite: &'static Callsite,
        parent: Option<Context>,
        args: &[Value<'_>],
    ) -> Self {
        let short = emit_shortly(|pen, now| {
            let parent = parent.unwrap_or(pen.context());
            let task = Task::begin_shortly(pen, now, Site::Static(callsite), parent.task(), args)?;
            // What began is written: from here on there is no other way.
            let number = pen.enter(task.context(), now);
            pen.commit();
            Some(Self { _entered: Entered::of(number, pen.epoch_word()), task })
        });
        short.unwrap_or_else(|| Self::begin_long_way(callsite, parent, args))
    }

    #[cold]
    #[inline(never)]
    fn begin_long_way(
        callsite: &'static Callsite,
        parent: Option<Context>,
        args: &[Value<'_>],
    ) -> Self {
        let encoded = (!args.is_empty()).then(|| Encoded::new(args));
        emit(|pen, now| {
            let parent = parent.unwrap_or(pen.context());
            let task =
                Task::begin(pen, now, Site::Static(callsite), parent.task(), encoded.as_ref());
            let number = pen.enter(task.context(), now);
            Self { _entered: Entered::of(number, pen.epoch_word()), task }
        })
        .unwrap_or_else(|| Self::unrecorded(callsite))
    }
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
