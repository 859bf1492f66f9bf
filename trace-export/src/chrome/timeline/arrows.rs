//! Arrows: from where a task was to where it goes on, and from a wake to the poll that it leads to.
//!
//! An arrow starts and ends in the slice that is open on its thread: where none is, there is none. Each has an id of
//! its own, and one start.

use trace_reader::{FiberId, TaskId, Time};

use super::{MOST_WOKEN, Pen};
use crate::chrome::threads::Thread;
use crate::nesting::Slice;

impl Pen<'_, '_> {
    /// Draws arrows to a slice that begins: from where its task was before, and from a wake.
    pub(super) fn arrows_to(&mut self, thread: &Thread, time: Time, slice: &Slice) {
        if slice.is_rest {
            return;
        }
        if slice.is_outermost && slice.within == FiberId::NONE && slice.task != TaskId::BACKGROUND {
            self.arrow_of_task(thread, time, slice.task);
        }
        if slice.is_poll() && !self.woken.is_empty() {
            if let Some(wake) = self.woken.remove(&slice.fiber) {
                self.events.event(b'f', thread.line, time);
                self.events.plain(",\"bp\":\"e\",\"cat\":\"wake\",\"name\":\"wake\"");
                self.events.id(wake).end();
            }
        }
    }

    /// A task is here: in the slice that began last on the thread.
    pub(super) fn arrow_of_task(&mut self, thread: &Thread, time: Time, task: TaskId) {
        let phase = if self.arrows.insert(task.0) { b's' } else { b't' };
        self.events.event(phase, thread.line, time);
        self.events.plain(",\"bp\":\"e\",\"cat\":\"task\",\"name\":\"task\"").id(task.0).end();
    }

    /// A future is woken: from the slice that is open an arrow starts to its next poll.
    pub(super) fn woken(&mut self, thread: &mut Thread, time: Time, fiber: FiberId) {
        if thread.nesting.open().is_empty() {
            return self.remarks.met("wakes outside of any region have no arrow");
        }
        if self.woken.len() >= MOST_WOKEN {
            self.woken.clear();
        }
        self.wakes += 1;
        self.woken.insert(fiber, self.wakes);
        thread.last = thread.last.max(time);
        self.events.event(b's', thread.line, time);
        self.events.plain(",\"cat\":\"wake\",\"name\":\"wake\"").id(self.wakes).end();
    }
}
