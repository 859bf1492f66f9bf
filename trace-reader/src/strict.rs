//! What only a validator minds about an event: that the callsites it names are of the right kind,
//! described in time, and fit the arguments.

use trace_format::{CallsiteId, CallsiteKind, Event, Values};

use crate::pairing::{Now, Pairing};
use crate::{Problem, Trace};

/// What is needed to mind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strict<'t> {
    pub(crate) trace: &'t Trace,
}

/// The kind of callsite that belongs into an event.
fn expected_kind(event: &Event<'_>) -> Option<CallsiteKind> {
    Some(match event {
        Event::RegionBegin { .. }
        | Event::TaskRegionBegin { .. }
        | Event::WholeRegionEnd { .. }
        | Event::UnseenRegionEnd { .. }
        | Event::FiberBegin { .. }
        | Event::PollBegin { .. }
        | Event::TaskPollBegin { .. }
        | Event::FiberEnd { .. }
        | Event::UnseenFiberEnd { .. } => CallsiteKind::Region,
        Event::TaskBegin { .. } | Event::TaskEnd { .. } | Event::UnseenTaskEnd { .. } => {
            CallsiteKind::Task
        }
        Event::Log { .. } | Event::TaskLog { .. } => CallsiteKind::Log,
        Event::Counter { .. } => CallsiteKind::Counter,
        Event::RegionArg { .. } | Event::TaskArg { .. } => CallsiteKind::Argument,
        _ => return None,
    })
}

/// Whether that of a task is as good: a fiber is a region or a task, and so are its polls, which may end as
/// regions do whose begin is in an earlier chunk.
fn may_be_task(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::WholeRegionEnd { .. }
            | Event::FiberBegin { .. }
            | Event::PollBegin { .. }
            | Event::TaskPollBegin { .. }
            | Event::FiberEnd { .. }
            | Event::UnseenFiberEnd { .. }
    )
}

impl Pairing<'_> {
    /// Checks an event by itself.
    #[cold]
    pub(crate) fn check(&mut self, event: &Event<'_>, now: Now) {
        let Some(Strict { trace }) = self.strict else { return };
        let (Some(id), Some(expected)) = (event.callsite(), expected_kind(event)) else { return };
        let Some(index) = trace.callsites.index(id) else { return };
        let found = trace.callsites.kind_at(index);
        let offset = now.offset;
        if trace.callsites.described_at(index) > offset {
            self.problem(now, Problem::CallsiteAfterUse { offset, callsite: id });
        }
        if found != expected && !(found == CallsiteKind::Task && may_be_task(event)) {
            self.problem(now, Problem::WrongKind { offset, callsite: id, expected, found });
        }
    }

    /// Checks the arguments of a begin.
    #[inline]
    pub(crate) fn check_arguments(&mut self, callsite: CallsiteId, values: &Values<'_>, now: Now) {
        let Some(Strict { trace }) = self.strict else { return };
        let Some(known) = trace.callsites.get(callsite) else { return };
        let (expected, found) = (known.keys.len() as u64, values.iter().count() as u64);
        if expected != found {
            let offset = now.offset;
            self.problem(now, Problem::WrongArgumentCount { offset, callsite, expected, found });
        }
    }
}
