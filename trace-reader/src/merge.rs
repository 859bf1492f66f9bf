//! The steps of all threads by time: a merge with a heap of one entry per thread.
//!
//! Steps at the same time come in the order of the threads' numbers, and on one thread in the
//! order of the thread.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::step::Item;
use crate::{Error, Steps, ThreadId, Time, Trace};

/// The steps of all threads by time; see [`Trace::merged`].
#[derive(Debug)]
pub struct Merged<'t> {
    threads: Vec<Steps<'t>>,
    /// The next step of each thread that has one, and the thread's position.
    heap: BinaryHeap<Reverse<(Time, ThreadId, usize)>>,
    started: bool,
    /// A step was given, so that the top of the heap is out of date.
    given: bool,
}

impl<'t> Merged<'t> {
    pub(crate) fn new(trace: &'t Trace, strict: bool) -> Self {
        let steps = |thread| Steps::new(trace, Some(thread), thread.id, strict);
        let threads = trace.threads.iter().map(steps).collect();
        Self { threads, heap: BinaryHeap::new(), started: false, given: false }
    }

    /// The next step; `None` behind the last one.
    ///
    /// # Errors
    /// When the source cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an item borrows from the chunk")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if !self.started {
            self.started = true;
            for (at, steps) in self.threads.iter_mut().enumerate() {
                if let Some(time) = steps.peek()? {
                    self.heap.push(Reverse((time, steps.thread(), at)));
                }
            }
        }
        if self.given {
            self.given = false;
            if let Some(mut top) = self.heap.peek_mut() {
                // Replaced in place, it sinks to where it belongs.
                match self.threads[top.0.2].peek()? {
                    Some(time) => top.0.0 = time,
                    None => drop(PeekMut::pop(top)),
                }
            }
        }
        let Some(&Reverse((_, _, at))) = self.heap.peek() else { return Ok(None) };
        self.given = true;
        self.threads[at].next()
    }
}
