//! From a trace to its slowest [`Tasks`].

use std::collections::HashMap;

use trace_reader::{
    CallsiteId, CallsiteKind, ChosenTask, Excerpt, Fiber, FiberId, Problem, Recording, Selection,
    TaskId, ThreadId, Time, Trace,
};

use super::tree::{Node, Tree};
use super::{Fate, Task, Tasks, Whereabouts};
use crate::error::Error;
use crate::loss;
use crate::threads::ThreadNames;

/// What a trace tells of some tasks, and the questions that are asked about it.
pub(super) struct Source<'t> {
    pub(super) trace: &'t Trace,
    pub(super) recording: Recording,
    pub(super) threads: ThreadNames,
    /// The logs of each region that belong to the region's task.
    logs_in: HashMap<usize, Vec<usize>>,
    /// Where each fiber is, and the ones that are tasks.
    fibers: HashMap<FiberId, usize>,
    own: HashMap<TaskId, usize>,
    /// What is shown directly in each fiber, and the fibers that are shown directly in each task.
    shown_in: HashMap<FiberId, Vec<Node>>,
    futures_of: HashMap<TaskId, Vec<usize>>,
}

impl Tasks {
    /// Tells at most `max_entries` entries of each task: the first ones by time.
    ///
    /// # Errors
    /// When the trace cannot be read, or has no such task.
    pub fn of(trace: &Trace, selection: &Selection, max_entries: usize) -> Result<Self, Error> {
        let excerpt = trace.excerpt(selection, max_entries)?;
        if let Some(error) = nothing_found(trace, selection, &excerpt) {
            return Err(error);
        }
        let Excerpt { candidates, chosen, recording, lost_events, .. } = excerpt;
        let source = Source::new(trace, recording);
        Ok(Self {
            candidates,
            lost_events,
            lost_chunks: lost_chunks(&source.recording),
            tasks: chosen.into_iter().map(|task| source.describe(task, max_entries)).collect(),
            arguments_left_out: excerpt.arguments_left_out,
        })
    }
}

/// What to say when a task was asked for that is not there.
fn nothing_found(trace: &Trace, selection: &Selection, excerpt: &Excerpt) -> Option<Error> {
    if excerpt.candidates > 0 {
        return None;
    }
    match selection {
        Selection::Id(id) => Some(Error::NoTask(*id)),
        Selection::Slowest { task_type: Some(wanted), .. } => {
            let name = |&callsite| trace.callsites().name(callsite).into_owned();
            let mut present: Vec<_> = excerpt.task_types.iter().map(name).collect();
            present.sort_unstable();
            present.dedup();
            Some(Error::NoTaskType { wanted: wanted.clone(), present })
        }
        _ => None,
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

/// How a future ended, if it did.
pub(super) fn outcome(fiber: &Fiber) -> Option<&'static str> {
    fiber.outcome.map(|outcome| outcome.word())
}

impl<'t> Source<'t> {
    fn new(trace: &'t Trace, recording: Recording) -> Self {
        let mut logs_in: HashMap<usize, Vec<usize>> = HashMap::new();
        for (i, log) in recording.logs.iter().enumerate() {
            if let Some(region) = log.region.filter(|&r| recording.regions[r].task == log.task) {
                logs_in.entry(region).or_default().push(i);
            }
        }
        let mut source = Self {
            trace,
            threads: ThreadNames::of(trace),
            logs_in,
            fibers: HashMap::new(),
            own: HashMap::new(),
            shown_in: HashMap::new(),
            futures_of: HashMap::new(),
            recording,
        };
        source.place_fibers();
        source
    }

    /// Finds out what is shown in which fiber.
    fn place_fibers(&mut self) {
        let Recording { fibers, regions, logs, .. } = &self.recording;
        for (index, fiber) in fibers.iter().enumerate() {
            self.fibers.insert(fiber.id, index);
            if self.is_task(fiber) {
                self.own.insert(fiber.task, index);
            }
        }
        let mut shown_in: HashMap<FiberId, Vec<Node>> = HashMap::new();
        let mut futures_of: HashMap<TaskId, Vec<usize>> = HashMap::new();
        let mut show = |place: FiberId, node| {
            if place != FiberId::NONE {
                shown_in.entry(place).or_default().push(node);
            }
        };
        for (index, fiber) in fibers.iter().enumerate().filter(|(_, fiber)| !self.is_task(fiber)) {
            match self.place(fiber.parent, fiber.task) {
                FiberId::NONE => futures_of.entry(fiber.task).or_default().push(index),
                place => show(place, Node::Future(index)),
            }
        }
        for (index, region) in regions.iter().enumerate() {
            if region.parent.is_none_or(|parent| regions[parent].task != region.task) {
                show(self.place(region.fiber, region.task), Node::Region(index));
            }
        }
        for (index, log) in logs.iter().enumerate() {
            if log.region.is_none_or(|region| regions[region].task != log.task) {
                show(self.place(log.fiber, log.task), Node::Log(index));
            }
        }
        (self.shown_in, self.futures_of) = (shown_in, futures_of);
    }

    /// In which fiber something of a task is shown that happened in this one; none if in the task itself.
    pub(super) fn place(&self, fiber: FiberId, task: TaskId) -> FiberId {
        let fiber = self.fibers.get(&fiber).map(|&at| &self.recording.fibers[at]);
        match fiber {
            Some(fiber) if fiber.task == task && !self.is_task(fiber) => fiber.id,
            _ => FiberId::NONE,
        }
    }

    /// Whether a fiber is a task, and shown as that.
    pub(super) fn is_task(&self, fiber: &Fiber) -> bool {
        let kind = self.trace.callsites().get(fiber.callsite).map(|callsite| callsite.kind);
        kind == Some(CallsiteKind::Task)
    }

    /// What is shown directly in a fiber.
    pub(super) fn shown_in(&self, fiber: FiberId) -> &[Node] {
        self.shown_in.get(&fiber).map_or(&[], Vec::as_slice)
    }

    /// The futures that are shown directly in a task.
    pub(super) fn futures_of(&self, task: TaskId) -> &[usize] {
        self.futures_of.get(&task).map_or(&[], Vec::as_slice)
    }

    /// The future that a task is, if it is one.
    pub(super) fn own_future(&self, task: TaskId) -> Option<&Fiber> {
        self.own.get(&task).map(|&at| &self.recording.fibers[at])
    }

    /// How long a future took, at least, where that went, and who was at it.
    pub(super) fn future(&self, fiber: &Fiber) -> (Fate, u64, Whereabouts) {
        let (fate, duration_ns) = self.lifetime(fiber.begin, fiber.end);
        let (busy_ns, ready_ns) = (fiber.busy_ns, fiber.waited_ns);
        let idle_ns = duration_ns.saturating_sub(busy_ns).saturating_sub(ready_ns);
        let name = |thread| self.threads.of_thread(thread).into_owned();
        let (threads, woken) = (fiber.threads().into_iter().map(name), fiber.wakes.last());
        let whereabouts = Whereabouts {
            busy_ns,
            ready_ns,
            idle_ns,
            polls: fiber.poll_count,
            threads: threads.collect(),
            last_woken_by: woken.map(|&(_, thread)| name(thread)),
        };
        (fate, duration_ns, whereabouts)
    }

    /// The logs that lie directly in a region and belong to its task.
    pub(super) fn logs_in(&self, region: usize) -> &[usize] {
        self.logs_in.get(&region).map_or(&[], Vec::as_slice)
    }

    fn describe(&self, chosen: ChosenTask, max_entries: usize) -> Task {
        let task = &self.recording.tasks[chosen.index];
        let (fate, latency_ns) = self.latency(chosen.index);
        let name = |id: Option<ThreadId>| id.map(|id| self.threads.of_thread(id).into_owned());
        let entries = Tree::new(self).entries(chosen.index, max_entries);
        Task {
            task: task.id.0,
            task_type: self.type_of(chosen.index),
            parent: task.parent.0,
            fate,
            latency_ns,
            begin_time_ns: task.begin.map(Time::ns),
            begin_wall_ns: task.begin.and_then(|begin| self.trace.clock().wall_ns(begin)),
            begin_thread: name(task.begin_thread),
            end_thread: name(task.end_thread),
            outcome: self.own_future(task.id).and_then(outcome),
            future: self.own_future(task.id).map(|fiber| self.future(fiber).2),
            args: task.args.iter().map(Into::into).collect(),
            more_entries: chosen.entries.saturating_sub(entries.len() as u64),
            entries,
        }
    }

    /// What is known of a task's ends, and how long it took at least.
    pub(super) fn latency(&self, task: usize) -> (Fate, u64) {
        let task = &self.recording.tasks[task];
        self.lifetime(task.begin, task.end)
    }

    fn lifetime(&self, begin: Option<Time>, end: Option<Time>) -> (Fate, u64) {
        let fate = match (begin, end) {
            (Some(_), Some(_)) => Fate::Complete,
            (Some(_), None) => Fate::Open,
            (None, Some(_)) => Fate::BeganBefore,
            (None, None) => Fate::Throughout,
        };
        (fate, end.unwrap_or(self.trace.end()).since(begin.unwrap_or(Time::START)))
    }

    /// The type of a task, if an event that was recorded tells it.
    pub(super) fn type_of(&self, task: usize) -> Option<String> {
        self.recording.tasks[task].callsite.map(|callsite| self.name(callsite))
    }

    pub(super) fn name(&self, callsite: CallsiteId) -> String {
        self.trace.callsites().name(callsite).into_owned()
    }
}
