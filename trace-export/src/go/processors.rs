//! Processors: what threads run on while something is open on them.
//!
//! They are places, as processors of a machine are, and not threads: there are as many as threads were
//! active at the same time. A thread takes the lowest free one.
//!
//! A thread on which nothing is open any more is not stopped at once. It is queued, and stops when its
//! place could be of use and nothing happened on it for [`PATIENCE_NS`], or when it has something to do
//! again after a longer time. So a loop around a short region is one run, not thousands.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// For so long a thread goes on with nothing open on it.
pub(super) const PATIENCE_NS: u64 = 10_000;

/// All processors.
#[derive(Debug, Default)]
pub(super) struct Processors {
    /// How often each was started.
    sequences: Vec<u64>,
    free: BinaryHeap<Reverse<u32>>,
    /// Threads that may have nothing to do, and since when. Each is in it at most once.
    queue: VecDeque<(u64, usize)>,
}

/// A processor that was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) processor: u32,
    pub(super) sequence: u64,
    /// Nothing ran on it before.
    pub(super) is_new: bool,
}

impl Processors {
    /// Takes the lowest that is free.
    pub(super) fn take(&mut self) -> Taken {
        match self.free.pop() {
            Some(Reverse(processor)) => {
                let sequence = &mut self.sequences[processor as usize];
                *sequence += 1;
                Taken { processor, sequence: *sequence, is_new: false }
            }
            None => {
                let processor = self.sequences.len() as u32;
                self.sequences.push(1);
                Taken { processor, sequence: 1, is_new: true }
            }
        }
    }

    /// Gives one back.
    pub(super) fn give_back(&mut self, processor: u32) {
        self.free.push(Reverse(processor));
    }

    /// Queues a thread that has nothing to do since then.
    pub(super) fn queue(&mut self, index: usize, since: u64) {
        self.queue.push_back((since, index));
    }

    /// No thread stands in the queue any more.
    pub(super) fn forget_queue(&mut self) {
        self.queue.clear();
    }

    /// The next thread whose patience is over, by what was known when it was queued.
    pub(super) fn impatient(&mut self, now: u64) -> Option<usize> {
        let &(since, index) = self.queue.front()?;
        if now.saturating_sub(since) <= PATIENCE_NS {
            return None;
        }
        self.queue.pop_front();
        Some(index)
    }
}
