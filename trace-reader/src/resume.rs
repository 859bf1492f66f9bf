//! Going on at the head of a chunk.
//!
//! A head says what was open when the chunk began, the innermost regions one by one. If nothing
//! is missing before the chunk, the reader's own state must be the same. Otherwise, events having
//! been lost or damaged, or when this is the first chunk there is, the head is right:
//!
//! 1. Regions in both lists, with the same callsite, task and begin, are the same region and stay.
//! 2. Regions that only the reader knows ended where events are missing: they are lost. The
//!    outermost ones stay as long as the head counts more regions than it lists.
//! 3. Regions that only the head knows are found: they began where events are missing, or before
//!    the first chunk.
//! 4. Whatever is open has lost something inside of it.

use trace_format::{ChunkHead, OpenRegion};

use crate::Problem;
use crate::pairing::{Now, Pairing};
use crate::stack::Open;
use crate::step::{Fate, Step};
use crate::{ThreadId, Time};

/// How many regions that began in the same tick are compared with a listed one.
const SAME_TICK_LIMIT: usize = 64;

/// What precedes a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// No chunk of the thread is in the file, though there may have been some.
    Nothing {
        /// Whether there never was one.
        is_start: bool,
    },
    /// The chunk before is.
    Chunk,
    /// So many chunks are missing.
    Gap(u64),
}

impl Pairing<'_> {
    /// Takes the head of a chunk. `last` is when the event before was; `loss_follows` tells
    /// whether the chunk begins with a loss, so that events are missing before it.
    pub(crate) fn resume(
        &mut self,
        head: &ChunkHead<'_>,
        before: Before,
        last: Time,
        loss_follows: bool,
        now: Now,
    ) {
        let interrupted = std::mem::take(&mut self.interrupted);
        let lost = match before {
            Before::Nothing { is_start } => !is_start || loss_follows,
            Before::Chunk => interrupted || loss_follows,
            Before::Gap(_) => true,
        };
        if let Before::Gap(chunks) = before {
            self.push(now, Step::Gap { chunks, from: last });
        }
        let agrees = self.agrees(head);
        if !lost {
            if agrees {
                return;
            }
            let (thread, Now { time, offset, .. }): (ThreadId, _) = (self.thread, now);
            self.problem(now, Problem::HeadDisagrees { offset, thread, time });
        }
        self.forget_begun();
        self.stack.lose();
        if !agrees {
            self.adopt(head, last, now);
            self.stack.lose();
        }
    }

    fn agrees(&self, head: &ChunkHead<'_>) -> bool {
        let own = &self.stack.open;
        let Some(unlisted) = own.len().checked_sub(head.open.len()) else { return false };
        head.task == self.task
            && head.depth == self.stack.depth()
            && own[unlisted..].iter().zip(&head.open).all(|(own, listed)| {
                own.outer == listed.outer && is_listed(own, listed, head.base.0)
            })
    }

    /// Makes the state that of the head. Takes time in proportion to the regions that are listed
    /// or lost, not to those that stay around them.
    fn adopt(&mut self, head: &ChunkHead<'_>, last: Time, now: Now) {
        let unlisted = head.depth.saturating_sub(head.open.len() as u64);
        let (matches, rest) = matches(&self.stack.open, head);
        let outermost = unlisted.saturating_sub(self.stack.hidden.len()).min(rest as u64) as usize;

        // As many as there are, which may be very many.
        self.pending.reserve_exact(self.stack.open.len() - outermost + head.open.len());
        let mut staying = matches.iter().rev().flatten().copied().peekable();
        for at in (outermost..self.stack.open.len()).rev() {
            if staying.next_if_eq(&at).is_none() {
                let end = self.stack.settle(at, last, Fate::Lost);
                self.push(now, Step::RegionEnded(end));
            }
        }

        let mut own: Vec<_> = self.stack.open.drain(outermost..).map(Some).collect();
        self.stack.hidden.set(unlisted - outermost as u64, last);
        for (listed, at) in head.open.iter().zip(matches) {
            let open = match at.and_then(|at| own[at - outermost].take()) {
                Some(own) => Open { outer: listed.outer, ..own },
                None => self.find(listed, last, now),
            };
            self.stack.open.push(open);
        }
        self.task = head.task;
    }

    /// A region that only the head knows.
    fn find(&mut self, listed: &OpenRegion, last: Time, now: Now) -> Open {
        let begin_ticks = now.ticks.saturating_sub(listed.age);
        let begin = self.clock.time(begin_ticks).min(now.time);
        let around = self.stack.open.last();
        let (parent, depth) = (around.map(|around| around.number), self.stack.depth());
        let counted_from = around.map_or(last, |around| around.charged_from).max(last).max(begin);
        let OpenRegion { callsite, task, outer, fiber, .. } = *listed;
        let region = self.number();
        self.push(now, Step::RegionFound { region, callsite, task, parent, depth, begin, fiber });
        Open {
            number: region,
            callsite,
            task,
            outer,
            begin_ticks,
            begin,
            counted_from,
            charged_from: counted_from,
            children_ns: 0,
            // Not the one whose head this is: that one is counted when its head has been read.
            chunk: self.chunk,
            fiber,
        }
    }
}

fn is_listed(own: &Open, listed: &OpenRegion, base_ticks: u64) -> bool {
    let begin_ticks = base_ticks.saturating_sub(listed.age);
    own.is(listed.callsite, listed.task, begin_ticks, base_ticks)
}

/// Which of the reader's regions each listed one is, and how many are around all of those. Both
/// lists are in the order of the begins, and gone through from the inside out.
fn matches(own: &[Open], head: &ChunkHead<'_>) -> (Vec<Option<usize>>, usize) {
    let base_ticks = head.base.0;
    let mut rest = own;
    let matching = |listed: &OpenRegion| {
        let begin_ticks = base_ticks.saturating_sub(listed.age);
        while let [around @ .., innermost] = rest {
            if innermost.begin_ticks.min(base_ticks) <= begin_ticks {
                break;
            }
            rest = around;
        }
        let same_tick = rest.iter().rev().take(SAME_TICK_LIMIT);
        let inner = same_tick.enumerate().find(|(_, own)| is_listed(own, listed, base_ticks))?.0;
        let at = rest.len() - 1 - inner;
        rest = &rest[..at];
        Some(at)
    };
    let mut matches: Vec<_> = head.open.iter().rev().map(matching).collect();
    matches.reverse();
    (matches, rest.len())
}
