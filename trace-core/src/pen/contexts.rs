//! The contexts that a thread entered and has not left: the last of them is current, unless a region
//! was given another one since.
//!
//! A task of the attribute is entered with its begin and left with its end, and stays on its thread.
//! What its end has to tell of the begin is kept here, so that its guard is no more than an id.

use trace_format::{CallsiteId, Event, TaskId};

use super::Pen;
use crate::thread::RECORDER;
use crate::value::Encoded;

/// So many contexts can be entered before memory is needed for more.
const CAPACITY: usize = 16;

/// What tells a context that was entered from others: the task's id if it was entered with the task's
/// begin, else a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryKey(u64);

impl EntryKey {
    /// No entry's.
    pub(crate) const NONE: Self = Self(0);

    /// Ids of tasks do not come as far.
    const FIRST_COUNTED: u64 = 1 << 63;

    #[inline(always)]
    pub(crate) fn of_task(task: TaskId) -> Self {
        Self(task.0)
    }
}

/// A context that was entered: all that matters here is its task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) key: EntryKey,
    pub(crate) task: TaskId,
    /// What is current again after it.
    pub(crate) before: TaskId,
    /// Of a task that was entered with its begin, its parent; else nothing.
    pub(crate) parent: TaskId,
    /// When it was entered.
    pub(crate) begin: u64,
}

/// The contexts that were entered and not left.
#[derive(Clone, Debug)]
pub(crate) struct Entries {
    entries: Vec<Entry>,
    /// How many were entered without a task's begin.
    counted: u64,
}

impl Entries {
    /// Has no room yet.
    pub(crate) const NOTHING: Self = Self { entries: Vec::new(), counted: 0 };

    pub(super) fn new() -> Self {
        Self { entries: Vec::with_capacity(CAPACITY), ..Self::NOTHING }
    }

    /// Forgets all, and has what another thread or slot had.
    pub(super) fn replace(&mut self, with: &Self) {
        self.entries.clear();
        self.entries.extend_from_slice(&with.entries);
        // Guards of an earlier session may still be around.
        self.counted = self.counted.max(with.counted);
    }

    #[inline(always)]
    pub(crate) fn new_key(&mut self) -> EntryKey {
        self.counted += 1;
        EntryKey(EntryKey::FIRST_COUNTED | self.counted)
    }

    /// Whether [`push`](Self::push) needs no memory.
    #[inline(always)]
    pub(crate) fn has_room(&self) -> bool {
        self.entries.len() < self.entries.capacity()
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The context that was entered last, if it is this one.
    #[inline(always)]
    pub(crate) fn last_if(&self, key: EntryKey) -> Option<Entry> {
        self.entries.last().copied().filter(|entry| entry.key == key)
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) {
        self.entries.pop();
    }
}

impl Pen {
    /// Another context becomes current, until [`leave`](Self::leave) is called with what this
    /// returns.
    pub(crate) fn enter(&mut self, task: TaskId, now: u64) -> EntryKey {
        let key = self.entered.new_key();
        let (before, parent) = (self.task, TaskId::BACKGROUND);
        self.entered.push(Entry { key, task, before, parent, begin: now });
        self.make_current(task, now);
        key
    }

    /// Leaves a context, if it was entered. Usually it is the one that was entered last; else the one
    /// that was entered after it puts back what this one would have.
    pub(crate) fn leave(&mut self, key: EntryKey, now: u64) -> Option<Entry> {
        let entries = &mut self.entered.entries;
        let at = entries.iter().rposition(|entry| entry.key == key)?;
        let left = entries.remove(at);
        match entries.get_mut(at) {
            Some(after) => after.before = left.before,
            // A region that was given another context is still open, and goes on to decide.
            None if self.task != left.task => {}
            None => self.make_current(left.before, now),
        }
        Some(left)
    }

    /// Begins a task as a part of `parent`.
    pub(crate) fn begin_task(
        &mut self,
        callsite: u32,
        parent: TaskId,
        args: Option<&Encoded>,
        now: u64,
    ) -> TaskId {
        let (callsite, task) = (CallsiteId(callsite), self.next_task(&RECORDER));
        let begin = Event::TaskBegin { callsite, task, parent };
        match args {
            None => self.put(now, begin),
            Some(args) => {
                let values = args.values();
                self.put_all(now, [begin, Event::TaskArgs { values }]);
            }
        }
        task
    }

    /// The same, and enters it.
    pub(crate) fn begin_entered(
        &mut self,
        callsite: u32,
        parent: TaskId,
        args: Option<&Encoded>,
        now: u64,
    ) -> TaskId {
        let task = self.begin_task(callsite, parent, args, now);
        let key = EntryKey::of_task(task);
        self.entered.push(Entry { key, task, before: self.task, parent, begin: now });
        self.make_current(task, now);
        task
    }

    /// Leaves a task that was entered with its begin, and ends it. The background stands for one that
    /// began while nothing was recorded. Returns its age in ticks, if that is known.
    pub(crate) fn end_entered(&mut self, callsite: u32, task: TaskId, now: u64) -> Option<u64> {
        let callsite = CallsiteId(callsite);
        let entry = self.leave(EntryKey::of_task(task), now);
        let age = entry.map(|entry| now.saturating_sub(entry.begin));
        let parent = entry.map_or(TaskId::BACKGROUND, |entry| entry.parent);
        self.put(
            now,
            match age {
                Some(age) => Event::TaskEnd { callsite, task, parent, age },
                None => Event::UnseenTaskEnd { callsite, task },
            },
        );
        age
    }

    fn make_current(&mut self, task: TaskId, now: u64) {
        if task != self.task {
            self.put(now, Event::TaskEnter { task });
            self.task = task;
        }
    }
}
