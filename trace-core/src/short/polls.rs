//! The short way of a poll's begin. Its end is that of a region.

use trace_format::{Event, FiberId, TaskId};

use super::Borrowing;
use crate::callsite::of_short;
use crate::open::{NO_TASK, Open};
use crate::pen::Pen;

impl Pen {
    /// A poll of a fiber begins, that could have been polled for so many ticks.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn poll_begin_shortly(
        &mut self,
        callsite: u16,
        fiber: FiberId,
        waited: u64,
        task: TaskId,
        now: u64,
    ) -> Option<()> {
        let id = of_short(callsite)?;
        let (begin, outer) = if task == self.task {
            (Event::PollBegin { callsite: id, fiber, waited }, NO_TASK)
        } else {
            (Event::TaskPollBegin { callsite: id, fiber, waited, task }, self.task)
        };
        let next = self.room_for(now, 0)?.put(Borrowing::new(begin), None);
        let place = self.place.of(callsite.into());
        let open = Open { begin: now, place, task, outer, fiber };
        self.open.push_within(open).then_some(())?;
        self.task = task;
        self.next = next;
        self.commit_shortly(now);
        Some(())
    }
}
