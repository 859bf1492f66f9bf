//! What is known of a thread while its steps come.

use hashbrown::HashMap;
use trace_reader::{CallsiteId, TaskId, ThreadId, Time};

use super::events::Annotations;
use super::packets::Sequence;
use crate::nesting::{Nesting, Slice};

/// What is known of a thread.
pub(super) struct Thread {
    pub(super) nesting: Nesting,
    pub(super) line: Line,
}

impl Thread {
    /// One that was just met, and its track.
    pub(super) fn new(id: ThreadId, track: u64) -> Self {
        Self { nesting: Nesting::default(), line: Line::new(id, track) }
    }

    /// Whether it may be forgotten.
    fn is_idle(&self) -> bool {
        self.nesting.open().is_empty() && self.line.held.is_none()
    }
}

/// The threads that were met and not forgotten. They are looked up for every step, so that the first ones, which
/// are all that most programs have, are found by their number.
#[derive(Default)]
pub(super) struct Threads {
    first: Vec<Option<Box<Thread>>>,
    others: HashMap<ThreadId, Box<Thread>, foldhash::fast::RandomState>,
}

impl Threads {
    /// So many are found by their number, and as many others kept without need.
    const FIRST: usize = 1 << 14;

    /// Whether those of the others that do nothing should be forgotten. Of those that do something there can be no
    /// more than the reader has under way.
    pub(super) fn are_many(&self) -> bool {
        self.others.len() >= 2 * Self::FIRST
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: ThreadId) -> Option<&mut Thread> {
        match self.first.get_mut(id.0 as usize) {
            Some(thread) => thread.as_deref_mut(),
            None => self.others.get_mut(&id).map(Box::as_mut),
        }
    }

    pub(super) fn insert(&mut self, thread: Thread) -> &mut Thread {
        let id = thread.line.id;
        let thread = Box::new(thread);
        match usize::try_from(id.0) {
            Ok(at) if at < Self::FIRST => {
                if self.first.len() <= at {
                    self.first.resize_with(at + 1, || None);
                }
                self.first[at].insert(thread)
            }
            _ => self.others.entry(id).insert(thread).into_mut(),
        }
    }

    /// Takes those of the others that do nothing.
    pub(super) fn forget_idle(&mut self) -> impl Iterator<Item = Box<Thread>> + '_ {
        self.others.extract_if(|_, thread| thread.is_idle()).map(|(_, thread)| thread)
    }

    /// All of them, by their numbers.
    pub(super) fn into_all(self) -> Vec<Box<Thread>> {
        let mut all: Vec<_> = self.first.into_iter().flatten().collect();
        all.extend(self.others.into_values());
        all.sort_unstable_by_key(|thread| thread.line.id);
        all
    }
}

/// How what a thread does is written.
pub(super) struct Line {
    pub(super) id: ThreadId,
    pub(super) sequence: Sequence,
    /// A begin whose arguments may come with the next step.
    pub(super) held: Option<Held>,
    /// The task whose regions the thread had last, and the track for these.
    pub(super) lane: Option<(TaskId, u64)>,
    /// Arguments that were added to open regions, by the number of the region.
    pub(super) added: Vec<(u64, Annotations)>,
}

impl Line {
    pub(super) fn new(id: ThreadId, track: u64) -> Self {
        let sequence = Sequence::on(track);
        Self { id, sequence, held: None, lane: None, added: Vec::new() }
    }
}

/// What began with the step before.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) time: Time,
    pub(super) callsite: CallsiteId,
    pub(super) begun: Begun,
}

/// What that is.
#[derive(Clone, Copy)]
pub(super) enum Begun {
    /// A region, or a poll of a future that could have been polled for so long.
    Slice {
        slice: Slice,
        waited_ns: u64,
    },
    Task {
        task: TaskId,
        track: u64,
    },
    Future {
        track: u64,
    },
}
