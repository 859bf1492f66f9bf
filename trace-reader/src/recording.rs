//! A whole trace in memory: tasks, regions, logs and counters in vectors that point at each other
//! by index.
//!
//! For tests that compare what was emitted, and for whoever walks the trees. It takes some ten
//! times the memory of the file; [`Steps`](crate::Steps) and the
//! [analyses](crate::analysis) do not.
//!
//! Invariants:
//! 1. Regions of one thread lie one behind the other in the order of their appearance, so that a
//!    parent precedes its children.
//! 2. Logs and counter samples are sorted by time, and so are the arguments of a task.
//! 3. Every index points into the vector of the same recording.

use std::sync::Arc;

use std::collections::{HashMap, HashSet};

use trace_format::{CallsiteId, FiberId, FiberOutcome, TaskId, Text, Value};

use crate::loading::Loading;
use crate::step::Fate;
use crate::{Error, Loss, Merged, Problems, ThreadId, Time, Trace};

/// A whole trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// The threads, by id.
    pub threads: Vec<RecordedThread>,
    /// The regions of all threads.
    pub regions: Vec<Region>,
    /// The fibers, by begin; those that began before the trace come first.
    pub fibers: Vec<Fiber>,
    /// The tasks: those that began before the trace, then by begin. The background is not listed.
    pub tasks: Vec<Task>,
    /// The log messages.
    pub logs: Vec<Log>,
    /// The values of all counters.
    pub counters: Vec<CounterSample>,
    /// What was lost.
    pub losses: Vec<Loss>,
    /// What is wrong with the file and the events in it.
    pub problems: Problems,
    pub(crate) task_index: HashMap<TaskId, usize>,
}

/// What a thread did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedThread {
    /// The thread.
    pub id: ThreadId,
    /// Its regions without a parent: those that lie in none, and those directly in a poll.
    pub roots: Vec<usize>,
    /// How many events it emitted.
    pub events: u64,
    /// When the first of them was.
    pub first: Option<Time>,
    /// When the last of them was.
    pub last: Option<Time>,
}

/// An interval of one flow of control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The thread.
    pub thread: ThreadId,
    /// What it is.
    pub callsite: CallsiteId,
    /// The task it belongs to; 0 is the background.
    pub task: TaskId,
    /// The region around it when it began. None too for what began directly in a poll: see `fiber`.
    pub parent: Option<usize>,
    /// The regions directly in it. Not those in polls in it, which are of those futures.
    pub children: Vec<usize>,
    /// How many regions and polls were around it.
    pub depth: u64,
    /// When it began; `None` when that was before the trace.
    pub begin: Option<Time>,
    /// When it ended; `None` when it did not, or that is not known.
    pub end: Option<Time>,
    /// The time in it and in none of the regions in it.
    pub self_ns: u64,
    /// Something was lost while it was open.
    pub partial: bool,
    /// How it ended.
    pub fate: Fate,
    /// The fiber in a poll of which it began; 0 is none.
    pub fiber: FiberId,
    /// Its arguments in the order in which they were added.
    pub args: Vec<Argument>,
}

/// A logical operation. In a damaged trace tasks may be parts of each other in a circle; none of
/// them can then be reached from a task that is part of the background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id; 0 when it began while nothing was recorded.
    pub id: TaskId,
    /// Its type; `None` when it is only mentioned.
    pub callsite: Option<CallsiteId>,
    /// The task it is a part of; 0 is the background.
    pub parent: TaskId,
    /// The tasks that are a part of it.
    pub children: Vec<usize>,
    /// When it began; `None` when that was before the trace.
    pub begin: Option<Time>,
    /// When it ended; `None` when it did not.
    pub end: Option<Time>,
    /// It began before the trace, or its begin is lost.
    pub began_before: bool,
    /// The thread on which it began.
    pub begin_thread: Option<ThreadId>,
    /// The thread on which it ended.
    pub end_thread: Option<ThreadId>,
    /// Its arguments in the order in which they were added.
    pub args: Vec<Argument>,
    /// Its regions, on all threads.
    pub regions: Vec<usize>,
    /// Its log messages.
    pub logs: Vec<usize>,
}

/// A future that is traced: it has a row of its own, and so has each that is polled within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fiber {
    /// Its id.
    pub id: FiberId,
    /// What it is: a region, or a task.
    pub callsite: CallsiteId,
    /// The fiber it is a part of; 0 is none, or not known.
    pub parent: FiberId,
    /// The task it belongs to; the background if that is not known.
    pub task: TaskId,
    /// When it began; `None` when that was before the trace.
    pub begin: Option<Time>,
    /// When it ended; `None` when it did not.
    pub end: Option<Time>,
    /// How it ended.
    pub outcome: Option<FiberOutcome>,
    /// Its polls, by time. In an excerpt, of very many the first ones and the last one.
    pub polls: Vec<Poll>,
    /// When it was woken, the first time between two polls each, and on which thread. As `polls` in an excerpt.
    pub wakes: Vec<(Time, ThreadId)>,
    /// The time in its polls, in the whole of its life if its begin and end are in the trace.
    pub busy_ns: u64,
    /// The time in which it was ready: it could have been polled and was not. As `busy_ns`.
    pub waited_ns: u64,
    /// How often it was polled, as `busy_ns`.
    pub poll_count: u64,
    /// Its arguments, unless it is a task, which has them itself.
    pub args: Vec<Argument>,
}

impl Fiber {
    /// The threads that polled it, in the order of their first polls.
    pub fn threads(&self) -> Vec<ThreadId> {
        let mut seen = HashSet::new();
        let threads = self.polls.iter().map(|poll| poll.thread);
        threads.filter(|&thread| seen.insert(thread)).collect()
    }
}

/// A poll of a fiber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The thread that polled.
    pub thread: ThreadId,
    /// When it began; `None` when that was before the trace.
    pub begin: Option<Time>,
    /// When it ended; at the end of the trace if it did not.
    pub end: Time,
    /// For how long the fiber could have been polled; 0 when that is not known.
    pub waited_ns: u64,
}

/// A value that the program attached to a region or a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name, shared by all arguments of that name.
    pub key: Arc<str>,
    /// Its value.
    pub value: Value<'static>,
}

/// A log message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The thread.
    pub thread: ThreadId,
    /// When.
    pub time: Time,
    /// Its category.
    pub callsite: CallsiteId,
    /// The task it belongs to; 0 is the background.
    pub task: TaskId,
    /// The innermost open region of the thread; none if that is a poll: see `fiber`.
    pub region: Option<usize>,
    /// The fiber in a poll of which it was written; 0 is none.
    pub fiber: FiberId,
    /// The message.
    pub message: Text<'static>,
}

/// A value of a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterSample {
    /// The thread that set it.
    pub thread: ThreadId,
    /// When.
    pub time: Time,
    /// The counter.
    pub callsite: CallsiteId,
    /// The value.
    pub value: Value<'static>,
}

impl Recording {
    /// The task with this id.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.task_index(id).map(|index| &self.tasks[index])
    }

    /// Where the task with this id is.
    pub fn task_index(&self, id: TaskId) -> Option<usize> {
        self.task_index.get(&id).copied()
    }

    pub(crate) fn new(trace: &Trace) -> Result<Self, Error> {
        let mut loading = Loading::new(trace);
        let mut merged = Merged::new(trace, false);
        while let Some(item) = merged.next()? {
            loading.item(item);
        }
        Ok(loading.finish())
    }
}

impl Recording {
    /// Sorts the tasks, and links them with what is theirs.
    pub(crate) fn link_tasks(&mut self) {
        for task in &mut self.tasks {
            task.began_before = task.begin.is_none();
        }
        self.tasks.sort_by_key(|task| (task.begin, task.id));
        let ids = self.tasks.iter().enumerate().filter(|(_, task)| task.id.0 != 0);
        self.task_index = ids.map(|(index, task)| (task.id, index)).collect();
        for index in 0..self.tasks.len() {
            if let Some(parent) = self.task_index(self.tasks[index].parent) {
                self.tasks[parent].children.push(index);
            }
        }
        for index in 0..self.regions.len() {
            if let Some(task) = self.task_index(self.regions[index].task) {
                self.tasks[task].regions.push(index);
            }
        }
        for index in 0..self.logs.len() {
            if let Some(task) = self.task_index(self.logs[index].task) {
                self.tasks[task].logs.push(index);
            }
        }
    }
}
