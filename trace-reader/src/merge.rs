//! The steps of all threads by time: a merge with a heap of one entry per thread that is under way.
//!
//! Steps at the same time come in the order of the threads' numbers, and on one thread in the
//! order of the thread. A thread takes memory from its first step to its last: a program may have
//! started very many, one after the other.
//!
//! A file may be made to have all of its threads under way at once, with regions open on each. So
//! both have a limit here, that only such a file comes to:
//!
//! 1. Of more than [`THREADS_LIMIT`] threads the next one waits until another has ended. Its steps
//!    then come late.
//! 2. Of more than [`OPEN_LIMIT`] regions on all threads, the outer ones of the thread that begins
//!    one are given up, as they are of one thread that has too many.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use trace_format::BLOCK_HEAD_LEN;

use crate::step::{Item, Step};
use crate::{Error, Problem, Steps, Time, Trace, stack};

/// How many threads are read at the same time: half as many as a process can have where Linux is not
/// told otherwise. One takes up to a kilobyte.
const THREADS_LIMIT: usize = 1 << 14;

/// How many open regions of all threads are kept: twice as many as of one.
const OPEN_LIMIT: usize = 2 * stack::OPEN_LIMIT;

/// A thread may keep so many in any case. Half of them at a time are given up, and remembered in a few
/// bytes together.
const OPEN_ANYHOW: usize = 16;

/// The steps of all threads by time; see [`Trace::merged`].
#[derive(Debug)]
pub struct Merged<'t> {
    trace: &'t Trace,
    strict: bool,
    /// The threads to come, the next one last: no step is before its time.
    to_come: Vec<(Time, usize)>,
    /// The threads that are under way, and places that are free.
    threads: Vec<Option<UnderWay<'t>>>,
    free: Vec<usize>,
    /// Each thread that is under way.
    heap: BinaryHeap<Reverse<Due>>,
    /// A step was given, so that the top of the heap is out of date.
    given: bool,
    /// Of all threads together.
    stacks: Stacks,
    /// It was told that a thread has to wait.
    told_of_waiting: bool,
}

/// When a thread that is under way has its next step, or is not before; which of the trace's threads it is,
/// which ascend by id; and its place. One number, from the upper bits to the lower ones: a heap compares
/// little else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due(u128);

impl Due {
    /// So that negative times are before others.
    const SIGN: u64 = 1 << 63;

    fn new(time: Time, at: usize, place: usize) -> Self {
        let upper = (time.0 as u64 ^ Self::SIGN) as u128;
        Self(upper << 64 | (at as u32 as u128) << 32 | place as u32 as u128)
    }

    fn time(self) -> Time {
        Time(((self.0 >> 64) as u64 ^ Self::SIGN) as i64)
    }

    fn at(self) -> usize {
        (self.0 >> 32) as u32 as usize
    }

    fn place(self) -> usize {
        self.0 as u32 as usize
    }
}

/// A thread that is under way.
#[derive(Debug)]
struct UnderWay<'t> {
    steps: Steps<'t>,
    /// What it adds to those of all threads.
    stacks: Stacks,
}

/// What regions that are open take.
#[derive(Clone, Copy, Debug, Default)]
struct Stacks {
    open: usize,
    /// How many there is memory for.
    room: usize,
}

impl UnderWay<'_> {
    /// Gives up what is too much beside what the `others` have.
    fn make_do(&mut self, others: Stacks) {
        let open = |steps: &Steps<'_>| steps.pairing.stack.open.len();
        while open(&self.steps) > OPEN_LIMIT.saturating_sub(others.open).max(OPEN_ANYHOW) {
            self.steps.let_go_of_half();
        }
        self.steps.pairing.shrink(others.room > OPEN_LIMIT);
    }
}

impl<'t> Merged<'t> {
    pub(crate) fn new(trace: &'t Trace, strict: bool) -> Self {
        let threads = trace.threads.iter().enumerate();
        let first = |thread: &crate::Thread| trace.clock.time(thread.chunks[0].base_ticks);
        let mut to_come: Vec<_> = threads.map(|(at, thread)| (first(thread), at)).collect();
        to_come.sort_unstable_by_key(|&to_come| Reverse(to_come));
        Self {
            trace,
            strict,
            to_come,
            threads: Vec::new(),
            free: Vec::new(),
            heap: BinaryHeap::new(),
            given: false,
            stacks: Stacks::default(),
            told_of_waiting: false,
        }
    }

    /// The next step; `None` behind the last one.
    ///
    /// # Errors
    /// When the source cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an item borrows from the chunk")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if std::mem::take(&mut self.given) {
            self.settle()?;
        }
        loop {
            if let Some(at) = self.due() {
                if self.heap.len() < THREADS_LIMIT {
                    self.to_come.pop();
                    self.begin(at)?;
                    continue;
                }
                if !std::mem::replace(&mut self.told_of_waiting, true) {
                    return Ok(Some(self.waiting(at)));
                }
            }
            let Some(&Reverse(top)) = self.heap.peek() else { return Ok(None) };
            match &mut self.threads[top.place()] {
                Some(thread) if !thread.steps.is_prepared() => {
                    thread.steps.prepare()?;
                    self.settle()?;
                }
                _ => break,
            }
        }
        let Some(&Reverse(top)) = self.heap.peek() else { return Ok(None) };
        let Some(thread) = &mut self.threads[top.place()] else { return Ok(None) };
        self.given = true;
        thread.steps.next()
    }

    /// The thread that is to begin before the next step of those that are under way.
    fn due(&self) -> Option<usize> {
        let &(time, at) = self.to_come.last()?;
        let waits = |&Reverse(top): &Reverse<Due>| (top.time(), top.at()) < (time, at);
        (!self.heap.peek().is_some_and(waits)).then_some(at)
    }

    fn begin(&mut self, at: usize) -> Result<(), Error> {
        let thread = &self.trace.threads[at];
        let mut steps = Steps::new(self.trace, Some(thread), thread.id, self.strict);
        let Some(time) = steps.not_before()? else { return Ok(()) };
        let place = self.free.pop().unwrap_or(self.threads.len());
        if place == self.threads.len() {
            self.threads.push(None);
        }
        self.heap.push(Reverse(Due::new(time, at, place)));
        self.threads[place] = Some(UnderWay { steps, stacks: Stacks::default() });
        Ok(())
    }

    /// Puts the thread at the top, which has gone on, where it belongs.
    fn settle(&mut self) -> Result<(), Error> {
        let Some(mut top) = self.heap.peek_mut() else { return Ok(()) };
        let (at, place) = (top.0.at(), top.0.place());
        let Some(thread) = &mut self.threads[place] else { return Ok(()) };
        self.stacks.open -= thread.stacks.open;
        self.stacks.room -= thread.stacks.room;
        thread.make_do(self.stacks);
        match thread.steps.not_before()? {
            // Replaced in place, it sinks to where it belongs.
            Some(time) => {
                top.0 = Due::new(time, at, place);
                let open = &thread.steps.pairing.stack.open;
                thread.stacks = Stacks { open: open.len(), room: open.capacity() };
                self.stacks.open += thread.stacks.open;
                self.stacks.room += thread.stacks.room;
            }
            None => {
                PeekMut::pop(top);
                self.threads[place] = None;
                self.free.push(place);
            }
        }
        Ok(())
    }

    /// Tells that a thread has to wait.
    #[cold]
    fn waiting(&self, at: usize) -> Item<'static> {
        let thread = &self.trace.threads[at];
        let offset = thread.chunks[0].payload_offset - BLOCK_HEAD_LEN as u64;
        let (thread, limit) = (thread.id, THREADS_LIMIT as u64);
        // As late as what it stands before.
        let time = self.heap.peek().map_or(Time::START, |&Reverse(top)| top.time());
        let step = Step::Problem(Problem::TooManyThreads { offset, thread, time, limit });
        Item { thread, time, offset, step }
    }
}
