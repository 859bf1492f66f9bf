//! Choosing tasks, in one or two passes over a trace that keep hardly anything of it.
//!
//! 1. An end tells all that its begin told, so that of tasks that ended the slowest are kept as
//!    the ends go by. Of every other task a bit is kept: that it began, or was mentioned. Who is
//!    part of whom is kept in full, for a task's subtasks belong to it.
//! 2. If tasks began that did not end, a second pass looks for their begins.
//!
//! What a damaged trace says twice, or in the wrong order, may let another task be chosen, but
//! nothing wrong be said of it: what is told of the tasks comes from [loading](crate::loading)
//! them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use trace_format::{CallsiteId, TaskId};

use crate::excerpt::Selection;
use crate::step::{FiberEnd, Item, Step};
use crate::task_sets::{Member, TaskSets};
use crate::{Error, Merged, ThreadId, Time, Trace};

const BEGAN: usize = 0;
const ENDED: usize = 1;
const MENTIONED: usize = 2;

/// The tasks that were chosen, and what there was to choose from.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// How many tasks there were to choose from.
    pub(crate) candidates: u64,
    /// The chosen ones, the slowest first.
    pub(crate) tasks: Vec<Chosen>,
    /// The callsites of all tasks.
    pub(crate) types: BTreeSet<CallsiteId>,
    /// Which task is a part of which, the first being the part.
    pub(crate) parts: Vec<(TaskId, TaskId)>,
}

/// A task that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// The one with this id, which is not 0.
    Task(TaskId),
    /// One that began while nothing was recorded: its end tells all that is known.
    Nameless { callsite: CallsiteId, end: Time, thread: ThreadId },
}

/// Slower ones are greater; of two that took the same time, the one that began first or, when
/// that does not tell, came first.
type Rank = (u64, Reverse<(Option<Time>, TaskId, u64)>);

struct Choosing<'t> {
    trace: &'t Trace,
    count: usize,
    task_type: Option<&'t str>,
    /// Whether a task with this callsite is of that type.
    is_of_type: HashMap<CallsiteId, bool>,
    /// The slowest so far, at most `count`.
    slowest: BTreeMap<Rank, Chosen>,
    sets: TaskSets<3>,
    /// The task that was mentioned last.
    mentioned: TaskId,
    choice: Choice,
}

impl Choice {
    pub(crate) fn of(trace: &Trace, selection: &Selection) -> Result<Self, Error> {
        let (count, task_type) = match selection {
            Selection::Slowest { count, task_type } => (*count, task_type.as_deref()),
            Selection::Id(_) => (0, None),
        };
        let mut choosing = Choosing {
            trace,
            count,
            task_type,
            is_of_type: HashMap::new(),
            slowest: BTreeMap::new(),
            sets: TaskSets::default(),
            mentioned: TaskId::BACKGROUND,
            choice: Self::default(),
        };
        let mut merged = Merged::new(trace, false);
        while let Some(item) = merged.next()? {
            choosing.first_pass(&item);
        }
        if let &Selection::Id(id) = selection {
            let is_there = id != TaskId::BACKGROUND && choosing.sets.of(id) != Member::default();
            let tasks = if is_there { vec![Chosen::Task(id)] } else { Vec::new() };
            return Ok(Self { candidates: tasks.len() as u64, tasks, ..choosing.choice });
        }
        choosing.never_begun();
        let mut is_any_open = false;
        choosing.sets.for_each(|_, sets| is_any_open |= sets.is_in(BEGAN) && !sets.is_in(ENDED));
        if is_any_open {
            let mut merged = Merged::new(trace, false);
            while let Some(item) = merged.next()? {
                choosing.second_pass(&item);
            }
        }
        Ok(choosing.finish())
    }
}

impl Choosing<'_> {
    #[expect(clippy::collapsible_match, reason = "a guard should have no effect")]
    fn first_pass(&mut self, item: &Item<'_>) {
        match item.step {
            // The background does not begin; a damaged file may say otherwise.
            Step::TaskBegan { task, callsite, parent } if task != TaskId::BACKGROUND => {
                if self.is_first(BEGAN, task).is_some() {
                    self.choice.types.insert(callsite);
                    self.part(task, parent);
                }
            }
            Step::TaskEnded { task: TaskId::BACKGROUND, callsite, .. } => {
                let Item { time: end, thread, .. } = *item;
                let nameless = Chosen::Nameless { callsite, end, thread };
                self.candidate(nameless, callsite, None, end);
            }
            Step::TaskEnded { task, callsite, parent, begin } => {
                if let Some(before) = self.is_first(ENDED, task) {
                    if let (Some(parent), false) = (parent, before.is_in(BEGAN)) {
                        self.part(task, parent);
                    }
                    self.candidate(Chosen::Task(task), callsite, begin, item.time);
                }
            }
            Step::RegionBegan { task, .. }
            | Step::RegionFound { task, .. }
            | Step::PollBegan { task, .. }
            | Step::FiberBegan { task, .. }
            | Step::Log { task, .. }
            | Step::TaskArg { task, .. } => self.mention(task),
            Step::RegionEnded(end) => self.mention(end.task),
            Step::FiberEnded(FiberEnd { life: Some(life), .. }) => self.mention(life.task),
            _ => {}
        }
    }

    fn second_pass(&mut self, item: &Item<'_>) {
        if let Step::TaskBegan { task, callsite, .. } = item.step {
            // Put among those that ended, it is looked at once.
            if task != TaskId::BACKGROUND && self.is_first(ENDED, task).is_some() {
                let end = self.trace.end();
                self.candidate(Chosen::Task(task), callsite, Some(item.time), end);
            }
        }
    }

    /// Those of which no begin and no end is known are as old as the trace.
    fn never_begun(&mut self) {
        if self.task_type.is_some() {
            return;
        }
        let sets = std::mem::take(&mut self.sets);
        sets.for_each(|task, sets| {
            if sets.is_in(MENTIONED) && !sets.is_in(BEGAN) && !sets.is_in(ENDED) {
                self.rank(Chosen::Task(task), task, None, self.trace.end());
            }
        });
        self.sets = sets;
    }

    /// Puts a task into a set. Returns the sets that it was in, unless this was among them, or it is not
    /// known: then it is not chosen.
    fn is_first(&mut self, set: usize, task: TaskId) -> Option<Member> {
        self.sets.insert(set, task).filter(|before| !before.is_in(set))
    }

    fn part(&mut self, task: TaskId, parent: TaskId) {
        if parent != TaskId::BACKGROUND {
            self.choice.parts.push((task, parent));
            self.mention(parent);
        }
    }

    fn mention(&mut self, task: TaskId) {
        if task != self.mentioned && task != TaskId::BACKGROUND {
            self.sets.insert(MENTIONED, task);
            self.mentioned = task;
        }
    }

    fn candidate(&mut self, chosen: Chosen, callsite: CallsiteId, begin: Option<Time>, end: Time) {
        self.choice.types.insert(callsite);
        if let Some(wanted) = self.task_type {
            let callsites = self.trace.callsites();
            let is_wanted = || callsites.name(callsite) == wanted;
            if !*self.is_of_type.entry(callsite).or_insert_with(is_wanted) {
                return;
            }
        }
        let id = match chosen {
            Chosen::Task(id) => id,
            Chosen::Nameless { .. } => TaskId::BACKGROUND,
        };
        self.rank(chosen, id, begin, end);
    }

    fn rank(&mut self, chosen: Chosen, id: TaskId, begin: Option<Time>, end: Time) {
        let latency_ns = end.since(begin.unwrap_or(Time::START));
        let rank = (latency_ns, Reverse((begin, id, self.choice.candidates)));
        self.choice.candidates += 1;
        self.slowest.insert(rank, chosen);
        if self.slowest.len() > self.count {
            self.slowest.pop_first();
        }
    }

    fn finish(self) -> Choice {
        Choice { tasks: self.slowest.into_values().rev().collect(), ..self.choice }
    }
}
