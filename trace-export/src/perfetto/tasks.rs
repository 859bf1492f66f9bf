//! Tasks and futures: each a slice on a track of its own.

use std::io;

use trace_reader::{CallsiteId, FiberEnd, FiberId, TaskId, Time, Value};

use super::events::{Annotations, Details, Event};
use super::line::{Begun, Held, Line};
use super::packets::Category;
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
            let event = Event::instant(Category::Task).copy().on(track).in_flow(task_flow(task));
            let id = Annotations::default().with_number("task", task.0);
            self.named(line, time, callsite, event, &id)?;
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
        annotations: Annotations,
    ) -> io::Result<()> {
        let event = Event::begin(Category::Task).on(track).in_flow(task_flow(task));
        self.named(line, time, callsite, event, &annotations.with_number("task", task.0))
    }

    pub(super) fn add_to_task(&mut self, task: TaskId, key: CallsiteId, value: &Value<'_>) {
        if self.added.len() < MOST_ADDED && self.open_tasks.contains(task.0) {
            let annotation = self.annotation(key, value);
            self.added.entry(task).or_default().append(&annotation);
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
            let began = Annotations::default().with_text("began", "before the trace");
            return self.named(line, time, callsite, Event::instant(Category::Before), &began);
        }
        let name = &self.names.of(callsite).name;
        let track = self.tracks.task(task, Some((name, parent)), &mut self.packets)?;
        if self.open_tasks.remove(task.0) {
            let added = match self.added.is_empty() {
                true => Annotations::default(),
                false => self.added.remove(&task).unwrap_or_default(),
            };
            return self.annotated(line, time, Event::END.on(track), &added);
        }
        let id = Annotations::default().with_number("task", task.0);
        match began {
            // Its begin was lost, and its end tells of it.
            Some(began) => {
                let event = Event::begin(Category::Task).on(track);
                self.named(line, began, callsite, event, &id)?;
                self.annotated(line, time, Event::END.on(track), &Annotations::default())
            }
            None => {
                self.remarks.met(BEFORE);
                let event = Event::instant(Category::Before).on(track);
                let annotations = id.with_text("began", "before the trace");
                self.named(line, time, callsite, event, &annotations)
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
        let mut annotations = Annotations::default().with_text("outcome", outcome.word());
        if let Some(life) = life {
            annotations = annotations
                .with_number("busy_ns", life.busy_ns)
                .with_number("ready_ns", life.waited_ns)
                .with_number("polls", life.polls);
        }
        match (self.open_futures.remove(fiber.0), life) {
            (true, _) => {}
            // Its begin was lost, and its end tells of it.
            (false, Some(life)) => {
                let event = Event::begin(Category::Future).on(track);
                self.named(line, life.begin, callsite, event, &Annotations::default())?;
            }
            (false, None) => {
                self.remarks.met(BEFORE);
                let event = Event::instant(Category::Before).on(track);
                return self.named(line, time, callsite, event, &annotations);
            }
        }
        self.annotated(line, time, Event::END.on(track), &annotations)
    }

    /// Where the arrow to the next poll starts.
    pub(super) fn woken(&mut self, line: &mut Line, time: Time, fiber: FiberId) -> io::Result<()> {
        self.woken.insert(fiber.0);
        let event = Event::instant(Category::Wake).in_flow(wake_flow(fiber));
        let id = Annotations::default().with_number("future", fiber.0);
        let details = Details { name: Some("wake"), ..(&id).into() };
        self.packets.detailed(&mut line.sequence, time, &event, details)
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
