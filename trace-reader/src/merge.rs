//! The steps of all threads by time: a merge with a heap of one entry per thread that is under way.
//!
//! Steps at the same time come in the order of the threads' numbers, and on one thread in the
//! order of the thread. A thread takes memory from its first step to its last: a program may have
//! started very many, one after the other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::step::Item;
use crate::{Error, Steps, ThreadId, Time, Trace};

/// The steps of all threads by time; see [`Trace::merged`].
#[derive(Debug)]
pub struct Merged<'t> {
    trace: &'t Trace,
    strict: bool,
    /// The threads to come, the next one last: no step is before its time.
    to_come: Vec<(Time, usize)>,
    /// The threads that are under way, and places that are free.
    threads: Vec<Option<Steps<'t>>>,
    free: Vec<usize>,
    /// The next step of each thread that is under way, and the thread's place.
    heap: BinaryHeap<Reverse<(Time, ThreadId, usize)>>,
    /// A step was given, so that the top of the heap is out of date.
    given: bool,
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
        }
    }

    /// The next step; `None` behind the last one.
    ///
    /// # Errors
    /// When the source cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an item borrows from the chunk")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.given {
            self.given = false;
            self.settle()?;
        }
        while let Some(&(time, at)) = self.to_come.last() {
            let id = self.trace.threads[at].id;
            if self.heap.peek().is_some_and(|&Reverse((next, on, _))| (next, on) < (time, id)) {
                break;
            }
            self.to_come.pop();
            self.begin(at)?;
        }
        let Some(&Reverse((_, _, place))) = self.heap.peek() else { return Ok(None) };
        self.given = true;
        match &mut self.threads[place] {
            Some(steps) => steps.next(),
            None => Ok(None),
        }
    }

    /// Puts the thread that gave the last step where it belongs.
    fn settle(&mut self) -> Result<(), Error> {
        let Some(mut top) = self.heap.peek_mut() else { return Ok(()) };
        let place = top.0.2;
        let next = match &mut self.threads[place] {
            Some(steps) => steps.peek()?,
            None => None,
        };
        match next {
            // Replaced in place, it sinks to where it belongs.
            Some(time) => top.0.0 = time,
            None => {
                PeekMut::pop(top);
                self.threads[place] = None;
                self.free.push(place);
            }
        }
        Ok(())
    }

    fn begin(&mut self, at: usize) -> Result<(), Error> {
        let thread = &self.trace.threads[at];
        let mut steps = Steps::new(self.trace, Some(thread), thread.id, self.strict);
        if let Some(time) = steps.peek()? {
            let place = self.free.pop().unwrap_or(self.threads.len());
            if place == self.threads.len() {
                self.threads.push(None);
            }
            self.heap.push(Reverse((time, thread.id, place)));
            self.threads[place] = Some(steps);
        }
        Ok(())
    }
}
