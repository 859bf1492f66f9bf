//! Reading a thread from the middle on, before anybody has come there from its start.
//!
//! A chunk's head tells the state that its thread was in. So one can begin at any chunk in the state
//! that the head foretells, and see later whether whoever comes from the start arrives in that very
//! state. If so, all that was read from there on is what would have been read anyhow. If not, it is
//! read again.
//!
//! One thing no head tells: how much of the time in an open region was spent in regions inside of it
//! that are over already, and whether something was lost in it. Nothing depends on these but the
//! self time and the mark of that region itself. So it is begun without, and put right when the one
//! who comes from the start hands it over.
//!
//! Invariant: regions that are open at the start have the numbers from 0 on, from the outside in.

use std::ops::Range;

use trace_format::wire::{Cursor, Field};
use trace_format::{ChunkHead, Kind, OpenRegion, TaskId};

use crate::chunk::read_payload;
use crate::stack::Open;
use crate::steps::Steps;
use crate::trace::{Thread, Trace};
use crate::{Error, Time};

/// The state that is expected before a chunk.
#[derive(Debug)]
pub(crate) struct Foretold {
    start: Time,
    task: TaskId,
    open: Vec<Open>,
}

/// What an open region brings along from before the place where its thread was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Brought {
    /// The time in regions inside of it.
    pub(crate) children_ns: u64,
    /// Whether something was lost in it.
    pub(crate) partial: bool,
}

impl Foretold {
    /// How many regions are open.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }
}

/// Whether one can begin with the events that start at `input`: whose first one does not ask for
/// what was before it.
fn is_beginning(input: &Cursor<'_>) -> bool {
    let first = input.clone().byte("an event").ok().map(|head| Kind::from_code(head >> 3));
    // A clock may precede arguments, and an empty chunk anything.
    let depends =
        [None, Some(Some(Kind::RegionArgs)), Some(Some(Kind::TaskArgs)), Some(Some(Kind::Clock))];
    !depends.contains(&first)
}

impl<'t> Steps<'t> {
    /// Begins with some of a thread's chunks, and with the state that the head of the first tells.
    /// `None` when that does not tell enough.
    pub(crate) fn foretold(
        trace: &'t Trace,
        thread: &'t Thread,
        chunks: Range<usize>,
    ) -> Result<Option<(Self, Foretold)>, Error> {
        let mut steps = Self::new(trace, Some(thread), thread.id, false);
        let Some(first) = thread.chunks.get(chunks.start) else { return Ok(None) };
        let mut payload = Vec::new();
        read_payload(&*trace.source, first, &mut payload)?;
        let mut input = Cursor::new(&payload);
        let Ok(head) = ChunkHead::decode(&mut input, ChunkHead::SHAPE) else { return Ok(None) };
        if head.depth != head.open.len() as u64 || !is_beginning(&input) {
            return Ok(None);
        }
        steps.go_on(thread, chunks);
        steps.last_sequence = first.sequence.checked_sub(1);
        let (base, start) = (first.base_ticks, trace.clock.time(first.base_ticks));
        let mut open = |listed: &OpenRegion| {
            let begin_ticks = base.saturating_sub(listed.age);
            let begin = trace.clock.time(begin_ticks).min(start);
            Open {
                number: steps.pairing.number(),
                callsite: listed.callsite,
                task: listed.task,
                outer: listed.outer,
                begin_ticks,
                begin,
                counted_from: begin,
                charged_from: begin,
                children_ns: 0,
                chunk: 0,
                fiber: listed.fiber,
            }
        };
        let open: Vec<Open> = head.open.iter().map(&mut open).collect();
        steps.pairing.stack.open.clone_from(&open);
        steps.pairing.task = head.task;
        Ok(Some((steps, Foretold { start, task: head.task, open })))
    }

    /// Goes on with these chunks, which follow those so far.
    pub(crate) fn go_on(&mut self, thread: &'t Thread, chunks: Range<usize>) {
        self.is_cut = chunks.end < thread.chunks.len();
        self.chunks = &thread.chunks[chunks];
    }

    /// Gives back the memory that is needed only while reading: this may wait for others to come here.
    pub(crate) fn rest(&mut self) {
        self.payload = Vec::new();
        self.at = 0;
        self.pairing.pending.shrink_to_fit();
        self.pairing.stack.open.shrink_to_fit();
    }

    /// Whether the state, behind the last chunk so far, is what was `foretold` for `later`, but for
    /// what its open regions bring along.
    pub(crate) fn arrives_at(&self, foretold: &Foretold, later: &Self) -> bool {
        let (pairing, stack) = (&self.pairing, &self.pairing.stack);
        let same = |(own, foretold): (&Open, &Open)| {
            own.callsite == foretold.callsite
                && own.task == foretold.task
                && own.outer == foretold.outer
                && own.fiber == foretold.fiber
                && own.begin_ticks == foretold.begin_ticks
                && [own.begin, own.counted_from, own.charged_from] == [foretold.begin; 3]
        };
        let told_once = later.finished.is_none() || self.stepped_back.is_none();
        self.time <= foretold.start
            && told_once
            && !pairing.interrupted
            && pairing.task == foretold.task
            && pairing.missing.is_disjoint(&later.pairing.missing)
            && stack.hidden.len() == 0
            && stack.open.len() == foretold.open.len()
            && stack.open.iter().zip(&foretold.open).all(same)
    }

    /// What the open regions bring along, from the outside in.
    pub(crate) fn brought(&self) -> Vec<Brought> {
        let stack = &self.pairing.stack;
        let brought = |(at, open): (usize, &Open)| Brought {
            children_ns: open.children_ns,
            partial: at < stack.partial_len,
        };
        stack.open.iter().enumerate().map(brought).collect()
    }

    /// Hands over to `later`, at whose start this has [arrived](Self::arrives_at).
    pub(crate) fn hand_over(self, later: &mut Self, brought: &[Brought]) {
        later.pairing.missing.extend(self.pairing.missing);
        if let Some(mut stepped_back) = self.stepped_back {
            stepped_back.count += later.stepped_back.map_or(0, |later| later.count);
            later.stepped_back = Some(stepped_back);
        }
        let stack = &mut later.pairing.stack;
        let mut partial_len = 0;
        for (at, open) in stack.open.iter_mut().enumerate() {
            let number = usize::try_from(open.number).unwrap_or(usize::MAX);
            let Some(brought) = brought.get(number) else { continue };
            open.children_ns = open.children_ns.saturating_add(brought.children_ns);
            if brought.partial {
                partial_len = at + 1;
            }
        }
        stack.partial_len = stack.partial_len.max(partial_len);
    }
}
