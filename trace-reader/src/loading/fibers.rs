//! Fibers while a recording is made: their polls on all threads.

use std::collections::{HashMap, HashSet};

use trace_format::{CallsiteId, FiberId, TaskId};

use crate::recording::{Argument, Fiber, Poll};
use crate::step::{FiberEnd, RegionEnd};
use crate::{ThreadId, Time};

/// The fibers that are kept.
#[derive(Default)]
pub(super) struct Fibers {
    kept: Vec<Fiber>,
    index: HashMap<FiberId, usize>,
    /// The tasks of which one is kept that is the task itself.
    tasks: HashSet<TaskId>,
    /// How many polls, and how many wakes, are kept of each: the first ones, and the last one.
    kept_of_each: usize,
    /// How many were not.
    pub(super) polls_left_out: u64,
}

/// A poll that is going on.
#[derive(Clone, Copy)]
pub(super) struct OpenPoll {
    /// The number that it has as a region of its thread.
    pub(super) number: u64,
    pub(super) fiber: FiberId,
    pub(super) waited_ns: u64,
}

impl Fibers {
    pub(super) fn new(kept_of_each: usize) -> Self {
        Self { kept_of_each, ..Self::default() }
    }

    pub(super) fn has(&self, id: FiberId) -> bool {
        self.index.contains_key(&id)
    }

    /// Whether no fiber was asked for yet that is this task.
    pub(super) fn is_first_of(&mut self, task: TaskId) -> bool {
        self.tasks.insert(task)
    }

    /// Keeps a fiber that is new.
    pub(super) fn keep(
        &mut self,
        id: FiberId,
        callsite: CallsiteId,
        task: TaskId,
        parent: FiberId,
        begin: Option<Time>,
    ) {
        self.index.insert(id, self.kept.len());
        self.kept.push(Fiber {
            id,
            callsite,
            parent,
            task,
            begin,
            end: None,
            outcome: None,
            polls: Vec::new(),
            wakes: Vec::new(),
            busy_ns: 0,
            waited_ns: 0,
            poll_count: 0,
            args: Vec::new(),
        });
    }

    /// What a fiber is, and its arguments.
    pub(super) fn args_of(&mut self, id: FiberId) -> Option<(CallsiteId, &mut Vec<Argument>)> {
        self.of(id).map(|fiber| (fiber.callsite, &mut fiber.args))
    }

    fn of(&mut self, id: FiberId) -> Option<&mut Fiber> {
        self.index.get(&id).map(|&at| &mut self.kept[at])
    }

    pub(super) fn woken(&mut self, id: FiberId, thread: ThreadId, time: Time) {
        let limit = self.kept_of_each;
        let Some(fiber) = self.of(id) else { return };
        let left_out = keep_last(&mut fiber.wakes, limit, (time, thread));
        self.polls_left_out += u64::from(left_out);
    }

    pub(super) fn polled(&mut self, open: OpenPoll, thread: ThreadId, end: &RegionEnd) {
        let limit = self.kept_of_each;
        let Some(fiber) = self.of(open.fiber) else { return };
        let OpenPoll { waited_ns, .. } = open;
        let polled_ns = end.begin.map_or(0, |begin| end.end.since(begin));
        fiber.busy_ns = fiber.busy_ns.saturating_add(polled_ns);
        fiber.waited_ns = fiber.waited_ns.saturating_add(waited_ns);
        fiber.poll_count += 1;
        let poll = Poll { thread, begin: end.begin, end: end.end, waited_ns };
        let left_out = keep_last(&mut fiber.polls, limit, poll);
        self.polls_left_out += u64::from(left_out);
    }

    pub(super) fn ended(&mut self, end: &FiberEnd, time: Time) {
        let Some(fiber) = self.of(end.fiber) else { return };
        fiber.end = Some(time);
        fiber.outcome = Some(end.outcome);
        if let Some(life) = end.life {
            fiber.parent = life.parent;
            fiber.begin.get_or_insert(life.begin);
            (fiber.busy_ns, fiber.waited_ns) = (life.busy_ns, life.waited_ns);
            fiber.poll_count = life.polls;
        }
    }

    /// All of them, by begin.
    pub(super) fn finish(mut self) -> Vec<Fiber> {
        self.kept.sort_by_key(|fiber| (fiber.begin, fiber.id));
        for fiber in &mut self.kept {
            fiber.polls.sort_by_key(|poll| (poll.end, poll.begin));
        }
        self.kept
    }
}

/// Puts one behind those that are kept, or in the place of the last one of `limit`. Tells whether one is left out.
fn keep_last<T>(kept: &mut Vec<T>, limit: usize, one: T) -> bool {
    let is_full = kept.len() >= limit;
    if is_full {
        kept.pop();
    }
    kept.push(one);
    is_full
}
