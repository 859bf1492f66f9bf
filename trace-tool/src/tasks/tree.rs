//! What happened in a task, as the lines of a tree.
//!
//! Directly in a task are its regions that lie in no other region of it, its logs that lie in
//! none, its futures that are part of none, and its subtasks; by time. A region that belongs to another
//! task is told there. What happened in polls of a future is told within that, but of a future that is
//! the task itself. The walk keeps its own stack, and visits no task and no future twice: a damaged
//! trace may call two of them parts of each other.

use std::collections::HashSet;

use super::collect::{Source, outcome};
use super::{Entry, Fate, What};
use trace_reader::{FiberId, TaskId, Time};

/// What a line of the tree is about: an index into the recording.
#[derive(Clone, Copy)]
pub(super) enum Node {
    Region(usize),
    Future(usize),
    Task(usize),
    Log(usize),
}

/// A walk over what happened in one task.
pub(super) struct Tree<'s> {
    source: &'s Source<'s>,
    seen: HashSet<usize>,
    /// The futures.
    seen_futures: HashSet<usize>,
}

impl<'s> Tree<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self { source, seen: HashSet::new(), seen_futures: HashSet::new() }
    }

    /// The first `max` entries.
    pub(super) fn entries(mut self, task: usize, max: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.seen.insert(task);
        let mut stack = Vec::new();
        push(&mut stack, self.in_task(task), 0);
        while let Some((node, depth)) = stack.pop() {
            if entries.len() == max {
                break;
            }
            entries.push(Entry { depth, time_ns: self.time(node).ns(), what: self.what(node) });
            match node {
                Node::Region(region) => push(&mut stack, self.in_region(region), depth + 1),
                Node::Task(task) => push(&mut stack, self.in_task(task), depth + 1),
                Node::Future(fiber) => push(&mut stack, self.in_future(fiber), depth + 1),
                Node::Log(_) => {}
            }
        }
        entries
    }

    fn in_task(&mut self, index: usize) -> Vec<Node> {
        let recording = &self.source.recording;
        let task = &recording.tasks[index];
        let inside = |region: Option<usize>| region.is_some_and(|r| self.belongs(r, task.id));
        let regions = task.regions.iter().copied();
        let is_direct = |fiber| self.source.place(fiber, task.id) == FiberId::NONE;
        let regions = regions.filter(|&r| {
            let region = &recording.regions[r];
            !inside(region.parent) && is_direct(region.fiber)
        });
        let logs = task.logs.iter().copied().filter(|&l| {
            let log = &recording.logs[l];
            !inside(log.region) && is_direct(log.fiber)
        });
        let mut nodes: Vec<Node> = regions.map(Node::Region).chain(logs.map(Node::Log)).collect();
        let futures = self.source.futures_of(task.id).iter().copied();
        let futures = futures.filter(|&index| self.seen_futures.insert(index));
        nodes.extend(futures.map(Node::Future));
        nodes.extend(
            task.children.iter().filter(|&&t| self.seen.insert(t)).copied().map(Node::Task),
        );
        self.by_time(nodes)
    }

    fn in_region(&self, index: usize) -> Vec<Node> {
        let region = &self.source.recording.regions[index];
        let children = region.children.iter().copied();
        let children = children.filter(|&r| self.belongs(r, region.task)).map(Node::Region);
        let logs = self.source.logs_in(index).iter().copied().map(Node::Log);
        self.by_time(children.chain(logs).collect())
    }

    fn in_future(&mut self, index: usize) -> Vec<Node> {
        let nodes = self.source.shown_in(self.source.recording.fibers[index].id).iter().copied();
        let nodes = nodes.filter(|node| match node {
            Node::Future(index) => self.seen_futures.insert(*index),
            _ => true,
        });
        let nodes = nodes.collect();
        self.by_time(nodes)
    }

    fn belongs(&self, region: usize, task: TaskId) -> bool {
        self.source.recording.regions[region].task == task
    }

    fn by_time(&self, mut nodes: Vec<Node>) -> Vec<Node> {
        nodes.sort_by_key(|&node| self.time(node));
        nodes
    }

    fn time(&self, node: Node) -> Time {
        let recording = &self.source.recording;
        match node {
            Node::Region(region) => recording.regions[region].begin.unwrap_or(Time::START),
            Node::Future(fiber) => recording.fibers[fiber].begin.unwrap_or(Time::START),
            Node::Task(task) => recording.tasks[task].begin.unwrap_or(Time::START),
            Node::Log(log) => recording.logs[log].time,
        }
    }

    fn what(&self, node: Node) -> What {
        let Source { recording, threads, trace, .. } = self.source;
        match node {
            Node::Region(index) => {
                let region = &recording.regions[index];
                let begin = region.begin.unwrap_or(Time::START);
                What::Region {
                    name: self.source.name(region.callsite),
                    fate: region.fate.into(),
                    duration_ns: region.end.unwrap_or(trace.end()).since(begin),
                    self_ns: region.self_ns,
                    partial: region.partial,
                    thread: threads.of_thread(region.thread).into_owned(),
                    args: region.args.iter().map(Into::into).collect(),
                }
            }
            Node::Future(index) => {
                let fiber = &recording.fibers[index];
                let (fate, duration_ns, whereabouts) = self.source.future(fiber);
                What::Future {
                    name: self.source.name(fiber.callsite),
                    fate,
                    outcome: outcome(fiber),
                    duration_ns,
                    whereabouts,
                    args: fiber.args.iter().map(Into::into).collect(),
                }
            }
            Node::Task(index) => {
                let task = &recording.tasks[index];
                let (fate, latency_ns) = self.source.latency(index);
                What::Task {
                    task: task.id.0,
                    task_type: self.source.type_of(index),
                    fate,
                    outcome: self.source.own_future(task.id).and_then(outcome),
                    latency_ns,
                    thread: task.begin_thread.map(|thread| threads.of_thread(thread).into_owned()),
                    args: task.args.iter().map(Into::into).collect(),
                }
            }
            Node::Log(index) => {
                let log = &recording.logs[index];
                What::Log {
                    category: self.source.name(log.callsite),
                    message: log.message.to_str().into_owned(),
                    cut_from: log.message.original_len,
                    thread: threads.of_thread(log.thread).into_owned(),
                }
            }
        }
    }
}

/// Pushes nodes so that the first of them is on top.
fn push(stack: &mut Vec<(Node, u64)>, nodes: Vec<Node>, depth: u64) {
    stack.extend(nodes.into_iter().rev().map(|node| (node, depth)));
}

impl From<trace_reader::Fate> for Fate {
    fn from(fate: trace_reader::Fate) -> Self {
        match fate {
            trace_reader::Fate::Complete => Self::Complete,
            trace_reader::Fate::BeganBefore => Self::BeganBefore,
            trace_reader::Fate::Open => Self::Open,
            trace_reader::Fate::Lost => Self::EndLost,
        }
    }
}
