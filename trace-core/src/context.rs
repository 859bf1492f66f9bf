//! Contexts: what carries the current task from place to place.

use trace_format::TaskId;

use crate::clock;
use crate::pen::EntryKey;
use crate::region::StaysOnItsThread;
use crate::task::put_arg;
use crate::thread::{emit, peek, short_way};
use crate::value::Arg;

/// Which task something belongs to. Small and `Copy`: pass it along wherever the work goes.
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
pub struct Context {
    task: TaskId,
}

impl Context {
    /// The context of what belongs to no task.
    #[inline(always)]
    pub const fn background() -> Self {
        Self { task: TaskId::BACKGROUND }
    }

    /// Stands for no context where there may be one or none. No task has this id.
    pub(crate) const NONE: Self = Self { task: TaskId(u64::MAX) };

    pub(crate) const fn of(task: TaskId) -> Self {
        Self { task }
    }

    #[inline(always)]
    pub(crate) fn task(self) -> TaskId {
        self.task
    }

    /// The context that is current on this thread: of the innermost task or context that was
    /// entered, else the background. While tracing is off it is always the background.
    #[inline]
    pub fn current() -> Self {
        if !crate::is_enabled() {
            return Self::background();
        }
        peek(|pen| pen.context()).unwrap_or(Self::background())
    }

    /// Makes this the current context of this thread, until the guard is dropped.
    ///
    /// A context that was entered before tracing was switched on is not known to the trace.
    #[inline(always)]
    pub fn enter(self) -> Entered {
        let key = if crate::is_enabled() { enter(self) } else { EntryKey::NONE };
        Entered { key, _stays: StaysOnItsThread::HERE }
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
fn enter(context: Context) -> EntryKey {
    if let Some(mut way) = short_way() {
        if let Some(key) = way.pen().enter_shortly(context, clock::counter()) {
            return key;
        }
    }
    enter_long_way(context)
}

#[cold]
#[inline(never)]
fn enter_long_way(context: Context) -> EntryKey {
    emit(|pen, now| pen.enter(context, now)).unwrap_or(EntryKey::NONE)
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
