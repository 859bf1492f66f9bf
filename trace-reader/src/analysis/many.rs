//! Which types have so many regions or tasks that not all of them are kept exactly.
//!
//! A few thousand durations are kept one by one, as percentiles of few are exact, and counted by
//! length when they turn out to be many. Whoever reads a part by itself would find that out for
//! each part anew. So those who read ahead are told what has been found in the parts before.
//!
//! Invariant: what is told was found in order, so that it is true of the whole trace. Nothing but
//! the time that a worker takes depends on when it comes to know.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use trace_format::CallsiteId;

/// So many callsites are told of: each part that is read looks at all of them.
const LIMIT: usize = 1000;

/// Callsites of such types, or some of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Many(BTreeSet<CallsiteId>);

impl Many {
    /// These callsites' type is one.
    pub(super) fn add(&mut self, callsites: &[CallsiteId]) {
        let room = LIMIT.saturating_sub(self.0.len());
        self.0.extend(callsites.iter().take(room));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = CallsiteId> {
        self.0.iter().copied()
    }
}

/// The types of regions and of tasks of which there are many, or some of them.
#[derive(Clone, Debug, Default)]
pub(super) struct ManyTypes {
    pub(super) regions: Many,
    pub(super) tasks: Many,
}

/// What the workers are told.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<ManyTypes>);

impl Told {
    /// Tells all of it.
    pub(super) fn tell(&self, regions: &Many, tasks: &Many) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ManyTypes { regions: told_regions, tasks: told_tasks } = &mut *told;
        for (told, many) in [(told_regions, regions), (told_tasks, tasks)] {
            if told.0.len() < many.0.len() {
                told.clone_from(many);
            }
        }
    }

    /// What has been told so far.
    pub(super) fn so_far(&self) -> ManyTypes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
