//! From a trace to its slowest [`Tasks`].

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use trace_reader::{CallsiteId, Problem, Recording, TaskId, ThreadId, Time, Trace};

use super::tree::Tree;
use super::{Fate, Selection, Task, Tasks};
use crate::error::Error;
use crate::loss;
use crate::threads::ThreadNames;

/// A trace that is held in memory, and the questions that are asked about it.
pub(super) struct Source<'t> {
    pub(super) trace: &'t Trace,
    pub(super) recording: Recording,
    pub(super) threads: ThreadNames,
    /// The logs of each region that belong to the region's task.
    logs_in: HashMap<usize, Vec<usize>>,
}

impl Tasks {
    /// Reads the whole trace into memory and tells at most `max_entries` entries of each task.
    ///
    /// # Errors
    /// When the trace cannot be read, or has no such task.
    pub fn of(trace: &Trace, selection: &Selection, max_entries: usize) -> Result<Self, Error> {
        let recording = trace.load()?;
        let source = Source::new(trace, recording);
        let (candidates, chosen) = source.select(selection)?;
        let lost_events = loss::total(source.recording.losses.iter().map(|loss| loss.count));
        Ok(Self {
            candidates,
            lost_events,
            lost_chunks: lost_chunks(&source.recording),
            tasks: chosen.into_iter().map(|task| source.describe(task, max_entries)).collect(),
        })
    }
}

/// How many chunks are missing, as far as the problems that were kept tell.
fn lost_chunks(recording: &Recording) -> u64 {
    let lost = |problem: &Problem| match problem {
        Problem::MissingChunks(lost) => lost.chunks,
        Problem::Damaged { lost, .. } => loss::total(lost.iter().map(|lost| lost.chunks)),
        _ => 0,
    };
    loss::total(recording.problems.iter().map(lost))
}

impl<'t> Source<'t> {
    fn new(trace: &'t Trace, recording: Recording) -> Self {
        let mut logs_in: HashMap<usize, Vec<usize>> = HashMap::new();
        for (i, log) in recording.logs.iter().enumerate() {
            if let Some(region) = log.region.filter(|&r| recording.regions[r].task == log.task) {
                logs_in.entry(region).or_default().push(i);
            }
        }
        Self { trace, recording, threads: ThreadNames::of(trace), logs_in }
    }

    /// The logs that lie directly in a region and belong to its task.
    pub(super) fn logs_in(&self, region: usize) -> &[usize] {
        self.logs_in.get(&region).map_or(&[], Vec::as_slice)
    }

    /// How many tasks come into question, and the indices of those chosen, slowest first.
    fn select(&self, selection: &Selection) -> Result<(u64, Vec<usize>), Error> {
        match selection {
            Selection::Id(id) => {
                let id = TaskId(*id);
                let index = self.recording.task_index(id).ok_or(Error::NoTask(id))?;
                Ok((1, vec![index]))
            }
            Selection::Slowest { count, task_type } => {
                let mut tasks: Vec<usize> = (0..self.recording.tasks.len()).collect();
                if let Some(wanted) = task_type {
                    tasks.retain(|&task| self.is_of_type(task, wanted));
                    if tasks.is_empty() {
                        return Err(self.no_type(wanted));
                    }
                }
                let candidates = tasks.len() as u64;
                // Stable: of two that took the same time, the one that began first.
                tasks.sort_by_cached_key(|&task| Reverse(self.latency(task).1));
                tasks.truncate(*count);
                Ok((candidates, tasks))
            }
        }
    }

    fn no_type(&self, wanted: &str) -> Error {
        let tasks = 0..self.recording.tasks.len();
        let callsites: BTreeSet<_> =
            tasks.filter_map(|task| self.recording.tasks[task].callsite).collect();
        let mut present: Vec<_> =
            callsites.into_iter().map(|callsite| self.name(callsite)).collect();
        present.sort_unstable();
        present.dedup();
        Error::NoTaskType { wanted: wanted.to_owned(), present }
    }

    fn describe(&self, index: usize, max_entries: usize) -> Task {
        let task = &self.recording.tasks[index];
        let (fate, latency_ns) = self.latency(index);
        let name = |id: Option<ThreadId>| id.map(|id| self.threads.of_thread(id));
        let (entries, more_entries) = Tree::new(self).entries(index, max_entries);
        Task {
            task: task.id.0,
            task_type: self.type_of(index),
            parent: task.parent.0,
            fate,
            latency_ns,
            begin_time_ns: task.begin.map(Time::ns),
            begin_wall_ns: task.begin.and_then(|begin| self.trace.clock().wall_ns(begin)),
            begin_thread: name(task.begin_thread),
            end_thread: name(task.end_thread),
            args: task.args.iter().map(Into::into).collect(),
            entries,
            more_entries,
        }
    }

    /// What is known of a task's ends, and how long it took at least.
    pub(super) fn latency(&self, task: usize) -> (Fate, u64) {
        let task = &self.recording.tasks[task];
        let fate = match (task.begin, task.end) {
            (Some(_), Some(_)) => Fate::Complete,
            (Some(_), None) => Fate::Open,
            (None, Some(_)) => Fate::BeganBefore,
            (None, None) => Fate::Throughout,
        };
        let begin = task.begin.unwrap_or(Time::START);
        (fate, task.end.unwrap_or(self.trace.end()).since(begin))
    }

    fn is_of_type(&self, task: usize, wanted: &str) -> bool {
        let callsite = self.recording.tasks[task].callsite;
        callsite.is_some_and(|callsite| self.trace.callsites().name(callsite) == wanted)
    }

    /// The type of a task, if an event that was recorded tells it.
    pub(super) fn type_of(&self, task: usize) -> Option<String> {
        self.recording.tasks[task].callsite.map(|callsite| self.name(callsite))
    }

    pub(super) fn name(&self, callsite: CallsiteId) -> String {
        self.trace.callsites().name(callsite).into_owned()
    }
}
