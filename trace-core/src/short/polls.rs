//! The short way of a poll's begin. Its end is that of a region.

use trace_format::{Event, FiberId};

use super::Borrowing;
use crate::callsite::of_short;
use crate::context::Context;
use crate::open::Open;
use crate::pen::Pen;

impl Pen {
    /// A poll of a fiber begins, that could have been polled for so many ticks.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn poll_begin_shortly(
        &mut self,
        callsite: u16,
        fiber: FiberId,
        waited: u64,
        context: Context,
        now: u64,
    ) -> Option<()> {
        let (id, task) = (of_short(callsite)?, context.task());
        let (begin, outer) = if context == self.context {
            (Event::PollBegin { callsite: id, fiber, waited }, Context::NONE)
        } else {
            (Event::TaskPollBegin { callsite: id, fiber, waited, task }, self.context)
        };
        let next = self.room_for(now, 0)?.put(Borrowing::new(begin), None);
        let place = self.place.of(callsite.into());
        let open = Open { begin: now, place, context, outer, fiber };
        self.open.push_within(open).then_some(())?;
        self.context = context;
        self.next = next;
        self.commit_shortly(now);
        Some(())
    }
}
