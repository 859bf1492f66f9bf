//! Which tasks have begun and which have ended: each should do so once.
//!
//! Tasks pass from thread to thread, and threads are read one after the other: this is kept for the whole
//! trace, and an end may come before the begin.

use trace_format::{CallsiteId, TaskId};

use crate::numbers::NumberMap;
use crate::step::{At, Item, Step};
use crate::task_sets::TaskSets;
use crate::{Problem, Problems};

/// Where a task ended.
#[derive(Clone, Copy, Debug)]
struct End {
    callsite: CallsiteId,
    at: At,
}

/// The set of tasks that have begun.
const BEGAN: usize = 0;
/// The set of tasks that have ended.
const ENDED: usize = 1;
/// The set of those of them whose end says that they began in the trace.
const TOLD: usize = 2;

/// Of so many ends without a begin it is kept where they are; others are counted.
const LOOSE_LEN: usize = 1 << 14;

/// What is known of all tasks.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    sets: TaskSets<3>,
    /// Ends that tell of a begin which has not been seen yet, some of them.
    loose: NumberMap<TaskId, End>,
    /// How many there have been at a time.
    most_loose: usize,
    /// Where the first one was that is not kept, and how many there were.
    unkept: Option<(At, u64)>,
}

/// What the ledger says to a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is no begin or end of a task.
    Other,
    /// It happens for the first time.
    First(Pair),
    /// It happened before, and does not count.
    Again(Problem),
}

/// Whether both the begin and the end of a task, or a future, have been seen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pair {
    Both,
    One,
    /// It is not known, and will not be.
    Unknown,
}

impl Ledger {
    /// That of a part only: there is less room.
    pub(crate) fn of_part() -> Self {
        Self { sets: TaskSets::of_part(), ..Self::default() }
    }

    /// Enters a step.
    pub(crate) fn enter(&mut self, item: &Item<'_>) -> Entry {
        let &Item { thread, time, offset, .. } = item;
        let at = At { thread, time, offset };
        match item.step {
            Step::TaskBegan { task, callsite, .. } => self.began(at, task, callsite),
            Step::TaskEnded { task, callsite, begin, .. } => {
                self.ended(at, task, callsite, begin.is_some())
            }
            _ => Entry::Other,
        }
    }

    /// Enters the begin of a task.
    #[inline]
    pub(crate) fn began(&mut self, at: At, task: TaskId, callsite: CallsiteId) -> Entry {
        let Some(before) = self.sets.insert(BEGAN, task) else { return self.unkept(at) };
        if before.is_in(BEGAN) {
            let At { thread, time, offset } = at;
            return Entry::Again(Problem::TaskBeganTwice { offset, thread, time, task, callsite });
        }
        if before.is_in(TOLD) {
            self.loose.remove(&task);
            return Entry::First(Pair::Both);
        }
        Entry::First(Pair::One)
    }

    /// Enters the end of a task, which tells of a begin within the trace or not.
    #[inline]
    pub(crate) fn ended(
        &mut self,
        at: At,
        task: TaskId,
        callsite: CallsiteId,
        has_begin: bool,
    ) -> Entry {
        if task == TaskId::BACKGROUND {
            return Entry::First(Pair::Unknown);
        }
        let Some(before) = self.sets.insert(ENDED, task) else { return self.unkept(at) };
        if before.is_in(ENDED) {
            let At { thread, time, offset } = at;
            return Entry::Again(Problem::TaskEndedTwice { offset, thread, time, task, callsite });
        }
        if before.is_in(BEGAN) {
            return Entry::First(Pair::Both);
        }
        if has_begin {
            self.sets.insert(TOLD, task);
            if self.loose.len() < LOOSE_LEN {
                self.loose.insert(task, End { callsite, at });
                self.most_loose = self.most_loose.max(self.loose.len());
            }
        }
        Entry::First(Pair::One)
    }

    #[cold]
    fn unkept(&mut self, at: At) -> Entry {
        self.unkept.get_or_insert((at, 0)).1 += 1;
        Entry::First(Pair::Unknown)
    }

    /// Whether nothing that was entered here was entered there as well, and what there is can be put
    /// together without leaving anything out.
    pub(crate) fn can_be_joined(&self, next: &Self) -> bool {
        self.unkept.is_none()
            && next.unkept.is_none()
            && self.loose.len() + next.most_loose < LOOSE_LEN
            && self.sets.can_be_joined(&next.sets)
    }

    /// Whether a task began that has not ended, or ended in a way that tells of a begin which has not been
    /// seen.
    pub(crate) fn awaits(&self, task: TaskId, half: Half) -> bool {
        let sets = self.sets.of(task);
        match half {
            Half::Begin => sets.is_in(TOLD) && !sets.is_in(BEGAN),
            Half::End => sets.is_in(BEGAN) && !sets.is_in(ENDED),
        }
    }

    /// Enters all that another ledger holds, if it [can be](Self::can_be_joined). Of what `began` there, no
    /// end may have followed there: ends of others were entered with their begins.
    pub(crate) fn join(&mut self, next: Self, began: impl Iterator<Item = TaskId>) {
        // Usually there are none, and no hash need be computed.
        if !self.loose.is_empty() {
            began.for_each(|task| {
                self.loose.remove(&task);
            });
        }
        for (task, end) in next.loose {
            if !self.sets.of(task).is_in(BEGAN) {
                self.loose.insert(task, end);
            }
        }
        self.most_loose = self.most_loose.max(self.loose.len());
        self.sets.merge(next.sets);
    }

    /// Tells of tasks that were not looked at, and, if nothing is missing in the trace, of ends without a begin,
    /// by offset.
    pub(crate) fn tell(self, is_whole: bool, problems: &mut Problems) {
        if let Some((At { thread, time, offset }, count)) = self.unkept {
            problems.push(Problem::TasksFarApart { offset, thread, time, count });
        }
        if !is_whole {
            return;
        }
        let mut count = 0;
        self.sets.for_each(|_, sets| count += u64::from(sets.is_in(TOLD) && !sets.is_in(BEGAN)));
        let mut loose: Vec<_> = self.loose.into_iter().collect();
        loose.sort_by_key(|(_, end)| end.at.offset);
        let kept = loose.len() as u64;
        for (task, End { callsite, at }) in loose {
            let At { thread, time, offset } = at;
            problems.push(Problem::TaskEndWithoutBegin { offset, thread, time, task, callsite });
        }
        problems.count(count.saturating_sub(kept));
    }
}

/// One of the two things that happen to a task, or a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Begin,
    End,
}

impl Half {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Begin => Self::End,
            Self::End => Self::Begin,
        }
    }
}
