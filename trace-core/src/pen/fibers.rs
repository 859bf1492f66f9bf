//! Fibers: futures that are traced, which threads take turns to poll.
//!
//! A poll is a region of the thread that polls: it ends there, other regions and polls nest in it, and a
//! chunk's head lists it as open. What tells it from others is the fiber's number.

use trace_format::{CallsiteId, Event, FiberId, TaskId};

use crate::open::{NO_TASK, Open};
use crate::pen::Pen;
use crate::thread::RECORDER;
use crate::value::Encoded;

impl Pen {
    /// The fiber that is being polled on this thread, the innermost one.
    pub(crate) fn fiber(&self) -> FiberId {
        let polled = self.open.iter().rev().map(|open| open.fiber);
        polled.into_iter().find(|&fiber| fiber != FiberId::NONE).unwrap_or(FiberId::NONE)
    }

    /// Begins a fiber of `task`, as a part of the one that is being polled. Returns both.
    pub(crate) fn begin_fiber(
        &mut self,
        callsite: u32,
        task: TaskId,
        args: Option<&Encoded>,
        now: u64,
    ) -> (FiberId, FiberId) {
        let (callsite, parent) = (CallsiteId(callsite), self.fiber());
        let fiber = self.next_fiber();
        let begin = Event::FiberBegin { callsite, fiber, parent, task };
        match args {
            None => self.put(now, begin),
            Some(args) => {
                let values = args.values();
                self.put_all(now, [begin, Event::RegionArgs { values }]);
            }
        }
        (fiber, parent)
    }

    /// A new fiber's number. Tasks and fibers are numbered together.
    pub(crate) fn next_fiber(&mut self) -> FiberId {
        FiberId(self.next_task(&RECORDER).0)
    }

    /// A poll of a fiber begins, that could have been polled for so many ticks.
    pub(crate) fn poll_begin(
        &mut self,
        callsite: u32,
        fiber: FiberId,
        waited: u64,
        task: TaskId,
        now: u64,
    ) {
        let id = CallsiteId(callsite);
        let outer = if task == self.task {
            self.put(now, Event::PollBegin { callsite: id, fiber, waited });
            NO_TASK
        } else {
            self.put(now, Event::TaskPollBegin { callsite: id, fiber, waited, task });
            std::mem::replace(&mut self.task, task)
        };
        let place = self.place.of(callsite);
        self.open.push(Open { begin: now, place, task, outer, fiber });
    }
}
