//! Tasks and futures: each a slice on a track of its own.

use std::io;

use trace_reader::{CallsiteId, FiberEnd, FiberId, TaskId, Time, Value};

use super::annotations::{number, text};
use super::line::{Begun, Held, Line};
use super::packets::Category;
use super::proto::{DebugAnnotation, NameField, SliceEvent};
use super::slices::{END, begin, instant};
use super::{BEFORE, NOT_ADDED, Timeline};

/// Arguments that were added are kept for so many tasks at a time.
const MOST_ADDED: usize = 1 << 16;

impl Timeline<'_, '_, '_> {
    pub(super) fn task_began(
        &mut self,
        line: &mut Line,
        time: Time,
        task: TaskId,
        callsite: CallsiteId,
        parent: TaskId,
    ) -> io::Result<()> {
        if parent != TaskId::BACKGROUND && parent != task {
            // Where in its parent it begins: the arrow starts there.
            let track = self.tracks.task(parent, None, &mut self.packets)?;
            let event = SliceEvent {
                category_iid: None,
                flow_id: Some(task_flow(task)),
                ..instant(Category::Task).on(track)
            };
            self.named(line, time, callsite, event, vec![number("task", task.0)])?;
        }
        let name = &self.names.of(callsite).name;
        let track = self.tracks.task(task, Some((name, parent)), &mut self.packets)?;
        if self.open_tasks.insert(task.0) {
            line.held = Some(Held { time, callsite, begun: Begun::Task { task, track } });
        }
        Ok(())
    }

    /// Now that the task's arguments are known.
    pub(super) fn task_begins(
        &mut self,
        line: &mut Line,
        time: Time,
        callsite: CallsiteId,
        task: TaskId,
        track: u64,
        mut annotations: Vec<DebugAnnotation>,
    ) -> io::Result<()> {
        annotations.push(number("task", task.0));
        let flow_id = Some(task_flow(task));
        let event = SliceEvent { flow_id, ..begin(Category::Task).on(track) };
        self.named(line, time, callsite, event, annotations)
    }

    pub(super) fn add_to_task(&mut self, task: TaskId, key: CallsiteId, value: &Value<'_>) {
        if self.added.len() < MOST_ADDED && self.open_tasks.contains(task.0) {
            let annotation = self.annotation(key, value);
            self.added.entry(task).or_default().push(annotation);
        } else {
            self.remarks.met(NOT_ADDED);
        }
    }

    /// A task ends; its type and its parent are told.
    pub(super) fn task_ended(
        &mut self,
        line: &mut Line,
        time: Time,
        task: TaskId,
        told: (CallsiteId, TaskId),
        began: Option<Time>,
    ) -> io::Result<()> {
        let (callsite, parent) = told;
        if task == TaskId::BACKGROUND {
            self.remarks.met(BEFORE);
            let annotations = vec![text("began", "before the trace")];
            return self.named(line, time, callsite, instant(Category::Before), annotations);
        }
        let name = &self.names.of(callsite).name;
        let track = self.tracks.task(task, Some((name, parent)), &mut self.packets)?;
        if self.open_tasks.remove(task.0) {
            let added = match self.added.is_empty() {
                true => Vec::new(),
                false => self.added.remove(&task).unwrap_or_default(),
            };
            return self.annotated(line, time, END.on(track), added);
        }
        let id = number("task", task.0);
        match began {
            // Its begin was lost, and its end tells of it.
            Some(began) => {
                self.named(line, began, callsite, begin(Category::Task).on(track), vec![id])?;
                self.annotated(line, time, END.on(track), Vec::new())
            }
            None => {
                self.remarks.met(BEFORE);
                let event = instant(Category::Before).on(track);
                self.named(line, time, callsite, event, vec![id, text("began", "before the trace")])
            }
        }
    }

    pub(super) fn future_began(
        &mut self,
        line: &mut Line,
        time: Time,
        fiber: FiberId,
        callsite: CallsiteId,
        task: TaskId,
    ) -> io::Result<()> {
        let name = &self.names.of(callsite).name;
        let track = self.tracks.future(fiber, name, task, &mut self.packets)?;
        if self.open_futures.insert(fiber.0) {
            line.held = Some(Held { time, callsite, begun: Begun::Future { track } });
        }
        Ok(())
    }

    pub(super) fn future_ended(
        &mut self,
        line: &mut Line,
        time: Time,
        end: &FiberEnd,
    ) -> io::Result<()> {
        let &FiberEnd { fiber, callsite, outcome, life } = end;
        self.woken.remove(fiber.0);
        let task = life.map_or(TaskId::BACKGROUND, |life| life.task);
        let name = &self.names.of(callsite).name;
        let track = self.tracks.future(fiber, name, task, &mut self.packets)?;
        let mut annotations = vec![text("outcome", outcome.word())];
        if let Some(life) = life {
            annotations.push(number("busy_ns", life.busy_ns));
            annotations.push(number("ready_ns", life.waited_ns));
            annotations.push(number("polls", life.polls));
        }
        match (self.open_futures.remove(fiber.0), life) {
            (true, _) => {}
            // Its begin was lost, and its end tells of it.
            (false, Some(life)) => {
                let event = begin(Category::Future).on(track);
                self.named(line, life.begin, callsite, event, Vec::new())?;
            }
            (false, None) => {
                self.remarks.met(BEFORE);
                let event = instant(Category::Before).on(track);
                return self.named(line, time, callsite, event, annotations);
            }
        }
        self.annotated(line, time, END.on(track), annotations)
    }

    /// Where the arrow to the next poll starts.
    pub(super) fn woken(&mut self, line: &mut Line, time: Time, fiber: FiberId) -> io::Result<()> {
        self.woken.insert(fiber.0);
        let event = SliceEvent { flow_id: Some(wake_flow(fiber)), ..instant(Category::Wake) };
        let mut event = event.with(vec![number("future", fiber.0)]);
        event.name_field = Some(NameField::Name("wake".to_owned()));
        self.packets.event(&mut line.sequence, time, &mut event)
    }
}

/// The number of the flow along a task: from where it begins in its parent, through its own slice and its
/// regions on threads.
pub(super) fn task_flow(task: TaskId) -> u64 {
    task.0 << 1
}

/// The number of the flow from a wake to the poll that follows.
pub(super) fn wake_flow(fiber: FiberId) -> u64 {
    fiber.0 << 1 | 1
}
