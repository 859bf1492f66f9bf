//! Regions of the goroutine that runs on a thread.

use trace_reader::{CallsiteId, RegionEnd, TaskId};

use super::Export;
use super::threads::Machine;
use super::wire::kind;
use crate::nesting::{Ending, Slice};

impl Export<'_, '_, '_> {
    #[inline]
    pub(super) fn region_begins(
        &mut self,
        machine: &mut Machine,
        now: u64,
        task: TaskId,
        callsite: CallsiteId,
    ) {
        let words = self.words(callsite);
        let task = self.tasks.number(task);
        self.put(machine, kind::REGION_BEGIN, now, [task, words.name, words.stack]);
        machine.depth += 1;
        if words.is_sleep && machine.polled().is_none() {
            self.stop(machine, words);
        }
    }

    /// What was the innermost on a thread ends: a region, or a poll.
    #[inline]
    pub(super) fn slice_ends(
        &mut self,
        machine: &mut Machine,
        now: u64,
        slice: &Slice,
        ending: Ending,
    ) {
        match ending {
            // What is around it does not end either.
            Ending::Open => machine.is_over = true,
            Ending::Lost => {
                self.remarks.met("regions whose end was lost end at the last event before")
            }
            Ending::Cut => self.remarks.met("regions in which another one ended are two"),
            Ending::Ended | Ending::Late => {}
        }
        if machine.is_over {
            return;
        }
        machine.open -= 1;
        if slice.is_poll() {
            return self.poll_ends(machine, now);
        }
        debug_assert!(machine.depth > 0, "regions of a goroutine nest");
        machine.depth -= 1;
        let words = self.words(slice.callsite);
        let task = self.tasks.number(slice.task);
        self.put(machine, kind::REGION_END, now, [task, words.name, words.stack]);
    }

    /// A region ends of which nothing was told before. The parser takes that only where none is open.
    #[cold]
    pub(super) fn region_alone(&mut self, machine: &mut Machine, now: u64, end: &RegionEnd) {
        if machine.depth > 0 {
            return self
                .remarks
                .met("some regions that are told of by their end alone are left out");
        }
        let words = self.words(end.callsite);
        let task = self.tasks.number(end.task);
        self.put(machine, kind::REGION_END, now, [task, words.name, words.stack]);
        self.remarks.met(match end.begin {
            Some(_) => "of regions that are told of by their end alone only the end is shown",
            None => "of regions that began before the trace only the end is shown",
        });
    }
}
