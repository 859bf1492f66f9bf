//! What happened in a task, as the lines of a tree.
//!
//! Directly in a task are its regions that lie in no other region of it, its logs that lie in
//! none, and its subtasks; by time. A region that belongs to another task is told there. The walk
//! keeps its own stack, and visits no task twice: a damaged trace may call two tasks parts of each
//! other.

use std::collections::HashSet;

use super::collect::Source;
use super::{Entry, Fate, What};
use trace_reader::{TaskId, Time};

/// What a line of the tree is about: an index into the recording.
#[derive(Clone, Copy)]
enum Node {
    Region(usize),
    Task(usize),
    Log(usize),
}

/// A walk over what happened in one task.
pub(super) struct Tree<'s> {
    source: &'s Source<'s>,
    seen: HashSet<usize>,
}

impl<'s> Tree<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self { source, seen: HashSet::new() }
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
        let regions = regions.filter(|&r| !inside(recording.regions[r].parent)).map(Node::Region);
        let logs = task.logs.iter().copied();
        let logs = logs.filter(|&l| !inside(recording.logs[l].region)).map(Node::Log);
        let mut nodes: Vec<Node> = regions.chain(logs).collect();
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
            Node::Task(index) => {
                let task = &recording.tasks[index];
                let (fate, latency_ns) = self.source.latency(index);
                What::Task {
                    task: task.id.0,
                    task_type: self.source.type_of(index),
                    fate,
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
