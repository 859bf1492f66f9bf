//! Which futures have begun and which have ended, as the [ledger](crate::ledger) knows it of tasks.
//!
//! They pass from thread to thread, and threads are read one after the other, so that an end may come before the
//! begin. The time of a begin, which the end tells, does not tell whether the begin is in the trace: each thread
//! of a flight recorder's window goes back to a time of its own.
//!
//! What happens twice, as nothing does that was recorded, counts once.

use trace_format::{FiberId, TaskId};

use crate::ledger::{Half, Pair};
use crate::task_sets::TaskSets;

/// Futures of which a begin or an end has been seen.
#[derive(Debug, Default)]
pub(super) struct Pending(TaskSets<2>);

/// The set in which a future is of which this half has been seen.
fn set(half: Half) -> usize {
    match half {
        Half::Begin => 0,
        Half::End => 1,
    }
}

impl Pending {
    /// That of a part only: there is less room.
    pub(super) fn of_part() -> Self {
        Self(TaskSets::of_part())
    }

    /// Enters a begin or an end. It is not known of what there is one for the first time if it happened before,
    /// or there is no room.
    #[inline]
    pub(super) fn enter(&mut self, half: Half, fiber: FiberId) -> Pair {
        match self.0.insert(set(half), key(fiber)) {
            Some(before) if before.is_in(set(half)) => Pair::Unknown,
            Some(before) if before.is_in(set(half.other())) => Pair::Both,
            Some(_) => Pair::One,
            None => Pair::Unknown,
        }
    }

    /// Whether the other half has been seen, and not this one.
    pub(super) fn awaits(&self, half: Half, fiber: FiberId) -> bool {
        let sets = self.0.of(key(fiber));
        sets.is_in(set(half.other())) && !sets.is_in(set(half))
    }

    /// Whether nothing that was entered here was entered there as well, and there is room for all.
    pub(super) fn can_be_joined(&self, next: &Self) -> bool {
        self.0.can_be_joined(&next.0)
    }

    /// Enters all that was entered there, if it [can be](Self::can_be_joined).
    pub(super) fn join(&mut self, next: Self) {
        self.0.merge(next.0);
    }
}

/// Fibers and tasks are numbered together, and lie as close to each other.
fn key(fiber: FiberId) -> TaskId {
    TaskId(fiber.0)
}
