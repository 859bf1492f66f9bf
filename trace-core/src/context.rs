//! Contexts: what carries the current task from place to place.

use trace_format::TaskId;

use crate::region::StaysOnItsThread;
use crate::task::put_arg;
use crate::thread::{emit, peek};
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
    #[inline]
    pub fn enter(self) -> Entered {
        let entry = if crate::is_enabled() {
            emit(|pen, now| (pen.enter(self, now), pen.epoch_word()))
        } else {
            None
        };
        Entered { entry, _stays: StaysOnItsThread::HERE }
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
    /// The number that the pen gave it, and the epoch in which it did.
    entry: Option<(u64, usize)>,
    _stays: StaysOnItsThread,
}

impl Entered {
    #[inline(always)]
    pub(crate) fn not() -> Self {
        Self { entry: None, _stays: StaysOnItsThread::HERE }
    }

    pub(crate) fn of(number: u64, epoch: usize) -> Self {
        Self { entry: Some((number, epoch)), _stays: StaysOnItsThread::HERE }
    }
}

unless_compiled_out! {
    impl Drop for Entered {
        #[inline]
        fn drop(&mut self) {
            if let Some((number, epoch)) = self.entry {
                if crate::is_enabled() {
                    emit(|pen, now| {
                        if pen.epoch_word() == epoch {
                            pen.leave(number, now);
                        }
                    });
                }
            }
        }
    }
}
