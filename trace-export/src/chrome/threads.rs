//! What is known of each thread while it is under way.

use hashbrown::HashMap;
use trace_reader::{CallsiteId, FiberId, TaskId, ThreadId, Time};

use super::async_slices::{Part, Row};
use crate::nesting::{Nesting, Slice};

/// A begin whose arguments may follow.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begun {
    /// Of a slice, also the row on which it is once more.
    Slice(Slice, Option<Row>),
    Task {
        task: TaskId,
        callsite: CallsiteId,
        parent: TaskId,
    },
    Future {
        fiber: FiberId,
        callsite: CallsiteId,
        parent: FiberId,
        task: TaskId,
    },
}

/// A begin that waits for its arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) begun: Begun,
    pub(super) time: Time,
    /// It could not wait any longer: arguments that come are written behind it.
    pub(super) is_written: bool,
}

/// A thread.
#[derive(Debug)]
pub(super) struct Thread {
    pub(super) id: ThreadId,
    pub(super) line: u32,
    pub(super) nesting: Nesting,
    pub(super) held: Option<Held>,
    /// Arguments that regions got since they began, as JSON.
    pub(super) added: Vec<(u64, Vec<u8>)>,
    /// What the open slices are parts of.
    pub(super) parts: Vec<Part>,
    /// The latest event on its line.
    pub(super) last: Time,
    /// A slice stays open on its line: those around it do as well.
    pub(super) is_over: bool,
}

impl Thread {
    /// Whether there is something to be known of it.
    fn is_under_way(&self) -> bool {
        !self.nesting.open().is_empty() || self.held.is_some() || !self.parts.is_empty()
    }

    /// Takes what was added to a region.
    pub(super) fn take_added(&mut self, region: u64) -> Option<Vec<u8>> {
        let at = self.added.iter().rposition(|(to, _)| *to == region)?;
        Some(self.added.remove(at).1)
    }
}

/// All threads that are under way.
#[derive(Debug)]
pub(super) struct Threads {
    threads: HashMap<ThreadId, Thread, foldhash::fast::RandomState>,
    /// The latest event on the line of each other one that was.
    last: HashMap<ThreadId, Time, foldhash::fast::RandomState>,
    /// When there are so many, it is looked which of them are over.
    look_at: usize,
}

impl Default for Threads {
    fn default() -> Self {
        Self { threads: HashMap::default(), last: HashMap::default(), look_at: 1 << 10 }
    }
}

impl Threads {
    /// The thread, which has this line when it is new.
    #[inline]
    pub(super) fn get(&mut self, id: ThreadId, line: impl FnOnce() -> u32) -> &mut Thread {
        if self.threads.len() >= self.look_at && !self.threads.contains_key(&id) {
            for (id, thread) in self.threads.extract_if(|_, thread| !thread.is_under_way()) {
                self.last.insert(id, thread.last);
            }
            self.look_at = (2 * self.threads.len()).max(1 << 10);
        }
        let last = &self.last;
        self.threads.entry(id).or_insert_with(|| Thread {
            id,
            line: line(),
            nesting: Nesting::default(),
            held: None,
            added: Vec::new(),
            parts: Vec::new(),
            last: last.get(&id).copied().unwrap_or(Time(i64::MIN)),
            is_over: false,
        })
    }

    /// The thread, if it is under way.
    pub(super) fn known(&mut self, id: ThreadId) -> Option<&mut Thread> {
        self.threads.get_mut(&id)
    }

    /// All of them, by number.
    pub(super) fn into_sorted(self) -> Vec<Thread> {
        let mut threads: Vec<_> = self.threads.into_values().collect();
        threads.sort_unstable_by_key(|thread| thread.id);
        threads
    }
}
