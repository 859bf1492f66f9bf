//! Reading the parts of a trace: one after the other, or ahead of their turn by workers.
//!
//! A part that is read ahead and begins in the middle of a thread begins in the state that is
//! [foretold](crate::foretold). When its turn comes and the thread is in another state, the part is
//! read again.

use super::apart::Apart;
use super::in_order::{InOrder, Ordered};
use super::loss::Losses;
use super::many::{ManyTypes, Told};
use super::parts::Part;
use super::tally::Tally;
use crate::foretold::Foretold;
use crate::steps::Steps;
use crate::{Error, Trace};

/// The threads that go beyond a part.
#[derive(Default)]
struct Ends<'t> {
    /// The thread with which it began, if in the middle and it has ended.
    ended: Option<Steps<'t>>,
    /// The last thread, if more of it follows.
    cut: Option<Steps<'t>>,
}

/// Reads a part. The first thread begins with `first`, when it has begun already; so many of its regions,
/// with the lowest numbers, are to be put right.
fn read<'t, O: Ordered>(
    trace: &'t Trace,
    part: &Part,
    mut first: Option<Steps<'t>>,
    open: usize,
    tally: &mut Tally<'t, O>,
) -> Result<Ends<'t>, Error> {
    let mut ends = Ends::default();
    let open = [open].into_iter().chain(std::iter::repeat(0));
    for ((thread, chunks), open) in part.rows(trace).zip(open) {
        let is_continued = chunks.start > 0;
        let begin = || Steps::new(trace, Some(thread), thread.id, false);
        let mut steps = first.take().unwrap_or_else(begin);
        steps.go_on(thread, chunks);
        tally.begin_thread(thread, open);
        steps.for_each(tally)?;
        tally.end_thread();
        steps.rest();
        if steps.is_cut {
            ends.cut = Some(steps);
        } else if is_continued {
            ends.ended = Some(steps);
        }
    }
    Ok(ends)
}

/// A part that was read by itself.
struct Found<'t> {
    tally: Tally<'t, Apart<'t>>,
    ends: Ends<'t>,
}

impl<'t> Found<'t> {
    fn read(
        trace: &'t Trace,
        part: &Part,
        first: Option<Steps<'t>>,
        open: usize,
        many: &ManyTypes,
    ) -> Result<Self, Error> {
        let mut tally =
            Tally::new(trace.callsites(), Losses::default(), Apart::new(trace.callsites()));
        tally.of_part();
        tally.regions.expect(trace.callsites(), &many.regions);
        tally.ordered.tasks.expect(trace.callsites(), &many.tasks);
        let ends = read(trace, part, first, open, &mut tally)?;
        Ok(Self { tally, ends })
    }
}

/// A part that was read before its turn, if that was possible.
pub(super) struct Ahead<'t>(Option<(Found<'t>, Option<Foretold>)>);

impl<'t> Ahead<'t> {
    pub(super) fn read(trace: &'t Trace, part: &Part, many: &ManyTypes) -> Result<Self, Error> {
        if !part.is_continued() {
            return Ok(Self(Some((Found::read(trace, part, None, 0, many)?, None))));
        }
        let Some((thread, chunks)) = part.rows(trace).next() else { return Ok(Self(None)) };
        let Some((steps, foretold)) = Steps::foretold(trace, thread, chunks)? else {
            return Ok(Self(None));
        };
        let found = Found::read(trace, part, Some(steps), foretold.open(), many)?;
        Ok(Self(Some((found, Some(foretold)))))
    }
}

/// The parts up to some place, as if one reader had come there from the start.
pub(super) struct Reading<'t> {
    trace: &'t Trace,
    tally: Tally<'t, InOrder<'t>>,
    /// The thread that the next part goes on with.
    cut: Option<Steps<'t>>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(trace: &'t Trace) -> Self {
        let in_order = InOrder::new(trace.callsites(), trace.problems().clone());
        let tally = Tally::new(trace.callsites(), Losses::new(trace.losses()), in_order);
        Self { trace, tally, cut: None }
    }

    /// Reads the next part.
    pub(super) fn read(&mut self, part: &Part) -> Result<(), Error> {
        let first = self.cut.take();
        let Ends { cut, .. } = read(self.trace, part, first, 0, &mut self.tally)?;
        self.cut = cut;
        Ok(())
    }

    /// Tells of which types there are many so far.
    pub(super) fn tell(&self, told: &Told) {
        told.tell(self.tally.regions.many(), self.tally.ordered.tasks.many());
    }

    /// Adds the next part as it was read ahead, or reads it after all.
    pub(super) fn join(&mut self, part: &Part, ahead: Ahead<'t>) -> Result<(), Error> {
        let Some((mut found, foretold)) = ahead.0 else { return self.read(part) };
        if found.tally.is_full()
            || !self.tally.ordered.can_join(&found.tally.ordered)
            || foretold.is_some_and(|foretold| !self.hands_over(&mut found, &foretold))
        {
            return self.read(part);
        }
        self.add(found);
        Ok(())
    }

    /// Hands the thread over to a part, if it is in the state that was foretold for that, and puts
    /// right what depends on what came before.
    fn hands_over(&mut self, found: &mut Found<'t>, foretold: &Foretold) -> bool {
        let Found { tally, ends: Ends { ended, cut } } = found;
        let (Some(own), Some(later)) = (&self.cut, ended.as_mut().or(cut.as_mut())) else {
            return false;
        };
        let brought = own.brought();
        if !own.arrives_at(foretold, later) || !tally.put_right(&brought) {
            return false;
        }
        if let Some(own) = self.cut.take() {
            own.hand_over(later, &brought);
        }
        true
    }

    fn add(&mut self, found: Found<'t>) {
        self.tally.add(found.tally);
        self.cut = found.ends.cut;
    }

    pub(super) fn finish(self) -> Tally<'t, InOrder<'t>> {
        self.tally
    }
}
