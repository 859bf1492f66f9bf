//! The open regions of a thread: a stack that is pushed and popped in a few instructions.
//!
//! Invariants:
//! 1. `memory` begins with [`BOTTOM`], which is in no place that a region has; so there always is
//!    an entry below `top`.
//! 2. `top` and `limit` point into `memory`, or to its end: behind the last region, and behind the
//!    last entry. They were made from `memory`, which nobody else touches until it is replaced.

use std::ops::{Deref, DerefMut};

use trace_format::{FiberId, TaskId};

/// Stands for no task where there may be one, or the background. No task has this id.
pub(crate) const NO_TASK: TaskId = TaskId(u64::MAX);

/// A region that began and has not ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) begin: u64,
    pub(crate) place: Place,
    /// The task it belongs to.
    pub(crate) task: TaskId,
    /// What is current again after it, when its begin changed what is, else [`NO_TASK`].
    pub(crate) outer: TaskId,
    /// Of a poll, the fiber that is polled.
    pub(crate) fiber: FiberId,
}

/// A callsite, and the chunk in which the begin of its region lies; as one word, so that both are
/// compared at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

impl Place {
    /// In no chunk: the begin was lost.
    pub(crate) const NOWHERE: Self = Self::in_chunk(u32::MAX);

    /// No region's.
    const NOBODYS: Self = Self(u64::MAX);

    /// In the chunk with this number, of callsite 0.
    pub(crate) const fn in_chunk(number: u32) -> Self {
        Self((number as u64) << 32)
    }

    /// In the same chunk, of this callsite. To be called for places of callsite 0.
    #[inline(always)]
    pub(crate) fn of(self, callsite: u32) -> Self {
        Self(self.0 | u64::from(callsite))
    }

    #[inline(always)]
    pub(crate) fn callsite(self) -> u32 {
        self.0 as u32
    }
}

/// Below the outermost region.
const BOTTOM: Open =
    Open { begin: 0, place: Place::NOBODYS, task: NO_TASK, outer: NO_TASK, fiber: FiberId::NONE };

/// So many regions can be open before memory is needed for more.
const CAPACITY: usize = 64;

/// The regions that began and have not ended, from the outside in.
#[derive(Debug)]
pub(crate) struct OpenRegions {
    top: *mut Open,
    limit: *mut Open,
    memory: Vec<Open>,
}

impl OpenRegions {
    pub(crate) fn new() -> Self {
        let mut regions =
            Self { top: std::ptr::null_mut(), limit: std::ptr::null_mut(), memory: Vec::new() };
        regions.replace_memory(vec![BOTTOM; 1 + CAPACITY], 0);
        regions
    }

    /// Takes memory that holds the bottom, so many regions and entries that are free.
    fn replace_memory(&mut self, memory: Vec<Open>, len: usize) {
        self.memory = memory;
        let entries = self.memory.as_mut_ptr_range();
        self.limit = entries.end;
        // SAFETY: the bottom and `len` regions are in the memory.
        self.top = unsafe { entries.start.add(1 + len) };
    }

    /// Puts a region on top, if there is room without asking for memory.
    #[inline(always)]
    pub(crate) fn push_within(&mut self, open: Open) -> bool {
        if self.top == self.limit {
            return false;
        }
        // SAFETY: `top` is not at the end of the memory.
        unsafe {
            self.top.write(open);
            self.top = self.top.add(1);
        }
        true
    }

    /// Takes the region on top off, if it is in this place.
    #[inline(always)]
    pub(crate) fn pop_if_in(&mut self, place: Place) -> Option<Open> {
        // SAFETY: there is an entry below `top`, if need be the bottom.
        let below = unsafe { self.top.sub(1) };
        // SAFETY: as above.
        let open = unsafe { *below };
        if open.place != place {
            return None;
        }
        // The bottom's place is nobody's, so that this was a region.
        debug_assert!(!self.is_empty());
        self.top = below;
        Some(open)
    }

    /// Puts a region on top.
    pub(crate) fn push(&mut self, open: Open) {
        if !self.push_within(open) {
            let len = self.len();
            let mut memory = std::mem::take(&mut self.memory);
            memory.resize(2 * memory.len(), BOTTOM);
            self.replace_memory(memory, len);
            self.push_within(open);
        }
    }

    /// Takes a region out from between the others.
    pub(crate) fn remove(&mut self, at: usize) -> Open {
        let open = self[at];
        self.copy_within(at + 1.., at);
        // SAFETY: there was a region at `at`, so that there is one on top.
        self.top = unsafe { self.top.sub(1) };
        open
    }

    /// Forgets all regions, and has these instead.
    pub(crate) fn replace(&mut self, regions: &[Open]) {
        let mut memory = std::mem::take(&mut self.memory);
        if memory.len() < 1 + regions.len() {
            memory.resize(1 + regions.len(), BOTTOM);
        }
        memory[1..1 + regions.len()].copy_from_slice(regions);
        self.replace_memory(memory, regions.len());
    }
}

impl Deref for OpenRegions {
    type Target = [Open];

    fn deref(&self) -> &[Open] {
        let first = self.memory.as_ptr().wrapping_add(1);
        let len = (self.top as usize - first as usize) / size_of::<Open>();
        // SAFETY: the regions are between the bottom and `top`.
        unsafe { std::slice::from_raw_parts(first, len) }
    }
}

impl DerefMut for OpenRegions {
    fn deref_mut(&mut self) -> &mut [Open] {
        let len = self.len();
        // SAFETY: as in `deref`; `top` was made from the same memory.
        unsafe { std::slice::from_raw_parts_mut(self.top.sub(len), len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(callsite: u32) -> Open {
        Open { place: Place::in_chunk(1).of(callsite), ..BOTTOM }
    }

    fn callsites(regions: &OpenRegions) -> Vec<u32> {
        regions.iter().map(|open| open.place.callsite()).collect()
    }

    #[test]
    fn regions_come_and_go() {
        let mut regions = OpenRegions::new();
        assert!(regions.pop_if_in(Place::in_chunk(1).of(7)).is_none());
        regions.push(open(7));
        assert!(regions.push_within(open(8)));
        assert!(regions.pop_if_in(Place::in_chunk(1).of(7)).is_none());
        assert!(regions.pop_if_in(Place::in_chunk(2).of(8)).is_none());
        assert!(regions.pop_if_in(Place::in_chunk(1).of(8)).is_some());
        assert_eq!(callsites(&regions), [7]);
    }

    #[test]
    fn they_grow_without_end_and_leave_in_any_order() {
        let mut regions = OpenRegions::new();
        let all = 5 * CAPACITY as u32;
        (0..all).for_each(|i| regions.push(open(i)));
        assert_eq!(callsites(&regions), (0..all).collect::<Vec<_>>());
        assert_eq!(regions.remove(3).place.callsite(), 3);
        regions[3].task = TaskId::BACKGROUND;
        assert_eq!(callsites(&regions)[2..5], [2, 4, 5]);
        assert_eq!(regions.len(), all as usize - 1);

        let kept = regions[..2].to_vec();
        regions.replace(&kept);
        assert_eq!(callsites(&regions), [0, 1]);
        regions.replace(&vec![open(1); 1000]);
        assert_eq!(regions.len(), 1000);
        assert!(!regions.push_within(open(2)) || regions.len() == 1001);
    }

    #[test]
    fn there_is_a_point_at_which_memory_is_needed() {
        let mut regions = OpenRegions::new();
        let pushed = (0..).take_while(|&i| regions.push_within(open(i))).count();
        assert_eq!((pushed, regions.len()), (CAPACITY, CAPACITY));
    }
}
