//! Tasks: logical operations, which may go across threads.

use std::panic::Location;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use trace_format::{CallsiteId, CallsiteKind, Event, TaskId};

use crate::callsite::{Callsite, short};
use crate::clock;
use crate::context::{Context, Entered};
use crate::pen::Pen;
use crate::region::Site;
use crate::thread::{RECORDER, emit, short_way};
use crate::value::{Arg, Encoded, Value};

/// A task that is running; it ends with [`end`](Self::end), or with this value.
///
/// Its latency is the time from its creation to its first end, on whatever thread that is.
#[derive(Debug)]
#[must_use = "the task ends when this value is dropped; keep it until the work is done"]
pub struct Task {
    begun: Begun,
    /// Only tells the first end from later ones, and orders nothing.
    ended: AtomicBool,
}

/// What an end needs to know of the begin. Passed on as a copy, so that a task that never was
/// recorded need not be in memory.
#[derive(Clone, Copy, Debug)]
struct Begun {
    site: Site,
    /// The callsite's number, if the begin found it out and it is short, else 0.
    short_id: u16,
    /// 0 when it began while nothing was recorded.
    id: TaskId,
    parent: TaskId,
    begin: u64,
    /// The session in which it began.
    epoch: usize,
}

impl Begun {
    /// Writes the begin of a task, on [the short way](crate::short).
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn shortly(
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
        pen.put_shortly(now, Event::TaskBegin { callsite, task, parent }, args)?;
        pen.take_task();
        Some(Self { site, short_id, id: task, parent, begin: now, epoch: pen.epoch_word() })
    }

    /// Writes the begin of a task.
    fn new(pen: &mut Pen, now: u64, site: Site, parent: TaskId, args: Option<&Encoded>) -> Self {
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
        Self { site, short_id, id: task, parent, begin: now, epoch }
    }

    #[cold]
    #[inline(never)]
    fn put_end(self) {
        if self.put_end_shortly().is_none() {
            self.put_end_long_way();
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn put_end_shortly(self) -> Option<()> {
        let Self { short_id, id: task, parent, begin, epoch, .. } = self;
        let mut way = short_way()?;
        let (pen, now) = (way.pen(), clock::counter());
        if short_id == 0 || epoch != pen.epoch_word() {
            return None;
        }
        let (callsite, age) = (CallsiteId(short_id.into()), now.saturating_sub(begin));
        pen.put_shortly(now, Event::TaskEnd { callsite, task, parent, age }, &[])
    }

    #[cold]
    #[inline(never)]
    fn put_end_long_way(self) {
        let Self { site, id: task, parent, begin, epoch, .. } = self;
        emit(|pen, now| {
            let callsite = CallsiteId(site.id(CallsiteKind::Task, pen));
            pen.put(
                now,
                if epoch == pen.epoch_word() {
                    Event::TaskEnd { callsite, task, parent, age: now.saturating_sub(begin) }
                } else {
                    Event::UnseenTaskEnd { callsite, task }
                },
            );
        });
    }
}

impl Task {
    #[inline(always)]
    fn of(begun: Begun) -> Self {
        Self { begun, ended: AtomicBool::new(false) }
    }

    #[inline(always)]
    fn unrecorded(site: Site, parent: TaskId) -> Self {
        let id = TaskId::BACKGROUND;
        Self::of(Begun { site, short_id: 0, id, parent, begin: 0, epoch: 0 })
    }

    /// Ends the task. Later calls are recorded as mistakes and change nothing.
    #[inline(always)]
    pub fn end(&self) {
        self.ended.store(true, Relaxed);
        if crate::is_enabled() {
            self.begun.put_end();
        }
    }

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
        Context::of(if id == TaskId::BACKGROUND { parent } else { id })
    }
}

unless_compiled_out! {
    impl Drop for Task {
        #[inline(always)]
        fn drop(&mut self) {
            if !*self.ended.get_mut() && crate::is_enabled() {
                self.begun.put_end();
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
    let location = Location::caller();
    if crate::is_enabled() {
        if let Some(begun) = begin_named(context, name, location) {
            let task = Task::of(begun);
            return (task.context(), task);
        }
    }
    (context, Task::unrecorded(Site::Named(name, location), context.task()))
}

#[cold]
#[inline(never)]
fn begin_named(
    context: Context,
    name: &'static str,
    location: &'static Location<'static>,
) -> Option<Begun> {
    let site = Site::Named(name, location);
    if let Some(mut way) = short_way() {
        let now = clock::counter();
        if let Some(begun) = Begun::shortly(way.pen(), now, site, context.task(), &[]) {
            return Some(begun);
        }
    }
    begin_named_long_way(context, site)
}

#[cold]
#[inline(never)]
fn begin_named_long_way(context: Context, site: Site) -> Option<Begun> {
    emit(|pen, now| Begun::new(pen, now, site, context.task(), None))
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
        Self::begin_shortly(callsite, parent, args)
            .unwrap_or_else(|| Self::begin_long_way(callsite, parent, args))
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn begin_shortly(
        callsite: &'static Callsite,
        parent: Option<Context>,
        args: &[Value<'_>],
    ) -> Option<Self> {
        let mut way = short_way()?;
        let (pen, now) = (way.pen(), clock::counter());
        let parent = parent.unwrap_or(pen.context());
        let site = Site::Static(callsite);
        let task = Task::of(Begun::shortly(pen, now, site, parent.task(), args)?);
        // What began is written: from here on there is no other way.
        let number = pen.enter(task.context(), now);
        pen.commit();
        Some(Self { _entered: Entered::of(number, pen.epoch_word()), task })
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
            let site = Site::Static(callsite);
            let task = Task::of(Begun::new(pen, now, site, parent.task(), encoded.as_ref()));
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
