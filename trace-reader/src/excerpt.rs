//! The part of a trace that tells of some tasks, in memory that depends on how much of it is
//! wanted and not on how long the trace is, but for who is a part of whom.

use trace_format::{CallsiteId, TaskId};

use crate::choice::{Choice, Chosen};
use crate::family::Family;
use crate::loading::Loading;
use crate::{Error, Merged, Recording, Time, Trace};

/// Which tasks are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// The slowest ones.
    Slowest {
        /// How many at most.
        count: usize,
        /// Only of this type.
        task_type: Option<String>,
    },
    /// The one with this id.
    Id(TaskId),
}

/// Some tasks of a trace, and what belongs to them.
#[derive(Clone, Debug, Default)]
pub struct Excerpt {
    /// How many tasks there were to choose from.
    pub candidates: u64,
    /// The callsites of all tasks in the trace, by id.
    pub task_types: Vec<CallsiteId>,
    /// The chosen tasks, the slowest first.
    pub chosen: Vec<ChosenTask>,
    /// The chosen tasks and their subtasks, with their regions and logs as far as they are kept.
    /// Without counters and threads.
    pub recording: Recording,
    /// How many events are known to be lost.
    pub lost_events: u64,
    /// How many arguments were left out: of a region, task or future the first
    /// [`ARGUMENTS`](Self::ARGUMENTS) are kept.
    pub arguments_left_out: u64,
    /// How many polls and wakes were left out: of a future [`POLLS`](Self::POLLS) of each are kept, the first
    /// ones and the last one. Their times are told of all.
    pub polls_left_out: u64,
}

/// A task that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChosenTask {
    /// Where it is among the tasks of the recording.
    pub index: usize,
    /// How many regions, futures, logs and subtasks belong to it, those included that are not kept. Futures that
    /// are tasks themselves count as those.
    pub entries: u64,
}

impl Excerpt {
    /// How many arguments of a region, task or future are kept.
    pub const ARGUMENTS: usize = 1000;
    /// How many polls of a future are kept, and how many times that it was woken.
    pub const POLLS: usize = 1000;

    pub(crate) fn new(trace: &Trace, selection: &Selection, limit: usize) -> Result<Self, Error> {
        let choice = Choice::of(trace, selection)?;
        let id = |chosen: &Chosen| match *chosen {
            Chosen::Task(id) => Some(id),
            Chosen::Nameless { .. } => None,
        };
        let named: Vec<TaskId> = choice.tasks.iter().filter_map(id).collect();
        let family = Family::new(&named, choice.parts);
        let mut loading = Loading::of_tasks(trace, family, named.len(), limit);
        let mut merged = Merged::new(trace, false);
        while let Some(item) = merged.next()? {
            loading.item(item);
        }
        let mut excerpt = loading.finish_excerpt(&choice.tasks);
        let tasks = &excerpt.recording.tasks;
        // Stable, and by what is shown in the end.
        excerpt.chosen.sort_by_key(|chosen| {
            let task = &tasks[chosen.index];
            let end = task.end.unwrap_or(trace.end());
            std::cmp::Reverse(end.since(task.begin.unwrap_or(Time::START)))
        });
        excerpt.candidates = choice.candidates;
        excerpt.task_types = choice.types.into_iter().collect();
        Ok(excerpt)
    }
}
