//! What a thread carries of traces that go across processes: the [`SpanContext`] of the context that is current.
//!
//! The pen knows which task is current, and nothing of what lies beyond this process. That is kept here, together
//! with the task that it belongs to: should another task be current, by whatever way, it is not that one's. While
//! nothing is recorded there are no tasks, and what was entered last is what is carried.
//!
//! Tasks that are entered as they begin have guards of one word, which do nothing while nothing is recorded. So
//! theirs is kept apart, in a stack. What is left there when a recording ends midway is of tasks that never are
//! current again.
//!
//! Most programs never see a `traceparent`. For them all this is one load of a flag that never changes, and that not
//! on the way of regions, logs, and tasks of the current one.

use std::cell::{Cell, RefCell};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use trace_format::TaskId;

use crate::context::Context;
use crate::traceparent::SpanContext;

/// Whether any context of this process was ever a part of a trace across processes. Set before the first such
/// context is there, and so seen by whoever has got one.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// So many tasks that were entered as they began are remembered of a thread, the last ones.
const TASKS_LIMIT: usize = 256;

thread_local! {
    /// The context that was entered last, and not left.
    static ENTERED: Cell<Context> = const { Cell::new(Context::background()) };
    /// Tasks that were entered as they began, and are parts of a trace across processes.
    static TASKS: RefCell<Vec<(TaskId, SpanContext)>> = const { RefCell::new(Vec::new()) };
}

/// Whether there can be anything to carry.
#[inline(always)]
pub(crate) fn in_use() -> bool {
    crate::COMPILED_IN && IN_USE.load(Relaxed)
}

/// From now on there can be.
pub(crate) fn make_use() {
    IN_USE.store(true, Relaxed);
}

/// What is carried with the task that is current.
#[inline(always)]
pub(crate) fn with(task: TaskId) -> SpanContext {
    if in_use() { look_up(task) } else { SpanContext::NONE }
}

#[cold]
fn look_up(task: TaskId) -> SpanContext {
    let entered = ENTERED.get();
    if entered.task() == task {
        return entered.span();
    }
    // A thread that ends may have forgotten them already.
    let found = TASKS.try_with(|tasks| {
        let tasks = tasks.try_borrow().ok()?;
        tasks.iter().rev().find(|(begun, _)| *begun == task).map(|(_, span)| *span)
    });
    found.ok().flatten().unwrap_or(SpanContext::NONE)
}

/// What is carried while nothing is recorded.
#[inline(always)]
pub(crate) fn while_off() -> SpanContext {
    if in_use() { ENTERED.get().span() } else { SpanContext::NONE }
}

/// A task is current from its begin on, as a part of a trace.
pub(crate) fn task_begins(task: TaskId, span: SpanContext) {
    let _ = TASKS.try_with(|tasks| {
        if let Ok(mut tasks) = tasks.try_borrow_mut() {
            if tasks.len() == TASKS_LIMIT {
                tasks.remove(0);
            }
            tasks.push((task, span));
        }
    });
}

/// Forgets a task that [began](task_begins), and those that began after it and were not told to have ended.
#[cold]
pub(crate) fn task_ends(task: TaskId) {
    let _ = TASKS.try_with(|tasks| {
        if let Ok(mut tasks) = tasks.try_borrow_mut() {
            if let Some(at) = tasks.iter().rposition(|(begun, _)| *begun == task) {
                tasks.truncate(at);
            }
        }
    });
}

/// A context is carried until this value ends; then what was before is.
#[derive(Debug)]
pub(crate) struct Carrying {
    before: Context,
}

impl Carrying {
    /// Carries a context, if there is ever anything to carry: one without has to take the place of one with.
    #[inline(always)]
    pub(crate) fn begin(context: &Context) -> Option<Self> {
        if in_use() { Some(Self::of(context)) } else { None }
    }

    #[cold]
    #[inline(never)]
    fn of(context: &Context) -> Self {
        Self { before: ENTERED.replace(*context) }
    }
}

unless_compiled_out! {
    impl Drop for Carrying {
        #[cold]
        #[inline(never)]
        fn drop(&mut self) {
            ENTERED.set(self.before);
        }
    }
}
