//! Tasks and futures: each a slice on a track of its own.

use std::io;

use trace_reader::{CallsiteId, FiberEnd, FiberId, Step, TaskId, Time};

use super::events::{Annotations, Details, Event};
use super::line::{Begun, Held, Line};
use super::packets::Category;
use super::tracks::short;
use super::{BEFORE, Timeline};
use crate::error::Error;
use crate::ids::Ids;

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
            let track = self.tracks.task(parent);
            let event = Event::instant(Category::Task).copy().on(track).in_flow(task_flow(task));
            let id = Annotations::default().with_number("task", task.0);
            self.named(time, callsite, event, &id)?;
        }
        let name = &self.names.of(callsite, self.remarks).name;
        let track = self.tracks.known_task(task, name, parent, &mut self.packets)?;
        if self.begun_tasks.insert(task.0) {
            line.held = Some(Held { time, callsite, begun: Begun::Task { task, track } });
        }
        Ok(())
    }

    /// Now that the task's arguments are known.
    pub(super) fn task_begins(
        &mut self,
        time: Time,
        callsite: CallsiteId,
        task: TaskId,
        track: u64,
        annotations: Annotations,
    ) -> io::Result<()> {
        let event = Event::begin(Category::Task).on(track).in_flow(task_flow(task));
        self.named(time, callsite, event, &annotations.with_number("task", task.0))
    }

    /// A task ends; its type and its parent are told.
    pub(super) fn task_ended(
        &mut self,
        line: &mut Line,
        time: Time,
        task: TaskId,
        (callsite, parent): (CallsiteId, TaskId),
        began: Option<Time>,
    ) -> io::Result<()> {
        let mut annotations = line.added.take_from_task(task);
        if began.is_some() && task != TaskId::BACKGROUND {
            let name = &self.names.of(callsite, self.remarks).name;
            let track = self.tracks.known_task(task, name, parent, &mut self.packets)?;
            return match self.ended_tasks.insert(task.0) {
                true => self.annotated(time, Event::END.on(track), &annotations),
                false => Ok(()),
            };
        }
        self.remarks.met(BEFORE);
        annotations = annotations.with_text("began", "before the trace");
        let mut event = Event::instant(Category::Before);
        if task != TaskId::BACKGROUND {
            event = event.on(self.tracks.task(task));
            annotations = annotations.with_number("task", task.0);
        }
        self.named(time, callsite, event, &annotations)
    }

    pub(super) fn future_began(
        &mut self,
        line: &mut Line,
        time: Time,
        fiber: FiberId,
        callsite: CallsiteId,
        task: TaskId,
    ) -> io::Result<()> {
        let name = &self.names.of(callsite, self.remarks).name;
        let track = self.tracks.future(fiber, name, task, &mut self.packets)?;
        if self.begun_futures.insert(fiber.0) {
            line.held = Some(Held { time, callsite, begun: Begun::Future { fiber, track } });
        }
        Ok(())
    }

    pub(super) fn future_ended(&mut self, time: Time, end: &FiberEnd) -> io::Result<()> {
        let &FiberEnd { fiber, callsite, outcome, life } = end;
        let task = life.map_or(TaskId::BACKGROUND, |life| life.task);
        let name = &self.names.of(callsite, self.remarks).name;
        let track = self.tracks.future(fiber, name, task, &mut self.packets)?;
        let annotations = Annotations::default().with_text("outcome", outcome.word());
        let Some(life) = life else {
            self.remarks.met(BEFORE);
            let event = Event::instant(Category::Before).on(track);
            return self.named(time, callsite, event, &annotations);
        };
        if !self.ended_futures.insert(fiber.0) {
            return Ok(());
        }
        let annotations = annotations
            .with_number("busy_ns", life.busy_ns)
            .with_number("ready_ns", life.waited_ns)
            .with_number("polls", life.polls);
        self.annotated(time, Event::END.on(track), &annotations)
    }

    /// A place on the way of a future from one poll to the next.
    pub(super) fn woken(&mut self, time: Time, fiber: FiberId) -> io::Result<()> {
        let event = Event::instant(Category::Wake).in_flow(future_flow(fiber));
        let id = Annotations::default().with_number("future", fiber.0);
        let details = Details { name: Some("wake"), ..(&id).into() };
        self.packets.detailed(time, &event, details)
    }

    /// Writes the begins of tasks and futures that ended, and of which no begin was met: their ends tell when they
    /// began.
    pub(super) fn write_begins_of_ends(&mut self) -> Result<(), Error> {
        let missing = |ended: &Ids, begun: &Ids| match begun.has_forgotten() {
            // Who has begun is not known any more.
            true => Ids::default(),
            false => ended.without(begun),
        };
        let mut tasks = missing(&self.ended_tasks, &self.begun_tasks);
        let mut futures = missing(&self.ended_futures, &self.begun_futures);
        if self.begun_tasks.has_forgotten() || self.begun_futures.has_forgotten() {
            self.remarks.met("of very many tasks or futures some are not shown whole");
        }
        if tasks.is_empty() && futures.is_empty() {
            return Ok(());
        }
        // Each of them names its own track.
        self.packets.begin_sequence(self.tracks.process())?;
        let none = Annotations::default();
        for thread in self.trace.threads() {
            let mut steps = self.trace.steps(thread.id);
            while let Some(item) = steps.next()? {
                match item.step {
                    Step::TaskEnded { task, callsite, begin: Some(began), .. }
                        if tasks.remove(task.0) =>
                    {
                        let track = self.tracks.task(task);
                        self.task_begins(began, callsite, task, track, none.clone())?;
                    }
                    Step::FiberEnded(FiberEnd { fiber, callsite, life: Some(life), .. })
                        if futures.remove(fiber.0) =>
                    {
                        let Some(track) = self.tracks.known_future(fiber) else { continue };
                        let event = Event::begin(Category::Future).on(track);
                        self.named(life.begin, callsite, event, &none)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The number of the flow along a task: from where it begins in its parent, through its own slice and its
/// regions on threads.
pub(super) fn task_flow(task: TaskId) -> u64 {
    short(task.0) << 1
}

/// The number of the flow along a future: from a wake to the poll that follows, and from there to the next
/// wake.
pub(super) fn future_flow(fiber: FiberId) -> u64 {
    short(fiber.0) << 1 | 1
}
