//! Arguments as debug annotations.

use std::io;

use trace_reader::{CallsiteId, TaskId, Time, Value, Values};

use super::events::{Annotations, Details, Event};
use super::line::{Added, AddedToTask, Line};
use super::packets::Category;
use super::{Timeline, WIDE};

/// So many bytes of arguments that were added are kept for what they were added to.
const MOST_ADDED_BYTES: usize = 4 << 20;

/// What an argument takes beside its bytes.
const OVERHEAD: usize = 64;

const MANY: &str = "of very many arguments that were added, those of open regions are left out";

impl Timeline<'_, '_, '_> {
    /// The arguments of what began.
    pub(super) fn annotations(&mut self, callsite: CallsiteId, values: &Values<'_>) -> Annotations {
        let keys = &self.names.of(callsite, self.remarks).keys;
        let mut annotations = Annotations::default();
        let mut is_wide = false;
        for (at, value) in values.iter().enumerate() {
            is_wide |= match keys.get(at) {
                Some(key) => annotations.add(key, &value),
                None => annotations.add(&format!("argument {at}"), &value),
            };
        }
        if is_wide {
            self.remarks.met(WIDE);
        }
        annotations
    }

    fn annotation(&mut self, key: CallsiteId, value: &Value<'_>) -> Annotations {
        let mut annotation = Annotations::default();
        if annotation.add(&self.names.of(key, self.remarks).name, value) {
            self.remarks.met(WIDE);
        }
        annotation
    }

    /// An argument is added to an open region.
    pub(super) fn add_to_region(
        &mut self,
        line: &mut Line,
        region: u64,
        key: CallsiteId,
        value: &Value<'_>,
    ) -> io::Result<()> {
        let annotation = self.annotation(key, value);
        self.make_room(&mut line.added, annotation.len())?;
        line.added.regions.entry(region).or_default().append(&annotation);
        Ok(())
    }

    /// An argument is added to a task.
    pub(super) fn add_to_task(
        &mut self,
        line: &mut Line,
        task: TaskId,
        time: Time,
        key: CallsiteId,
        value: &Value<'_>,
    ) -> io::Result<()> {
        let annotation = self.annotation(key, value);
        self.make_room(&mut line.added, annotation.len())?;
        let added = AddedToTask { time, key, annotation };
        line.added.tasks.entry(task).or_default().push(added);
        Ok(())
    }

    fn make_room(&mut self, added: &mut Added, len: usize) -> io::Result<()> {
        if added.bytes + OVERHEAD + len > MOST_ADDED_BYTES {
            self.remarks.met_times(MANY, added.regions.len() as u64);
            added.regions.clear();
            self.write_added(added)?;
        }
        added.bytes += OVERHEAD + len;
        Ok(())
    }

    /// Writes arguments of tasks that do not end on this thread, or not soon: as instants, for when they were
    /// added.
    pub(super) fn write_added(&mut self, added: &mut Added) -> io::Result<()> {
        added.bytes = 0;
        let mut tasks: Vec<_> = added.tasks.drain().collect();
        tasks.sort_unstable_by_key(|(task, _)| *task);
        for (task, added) in tasks {
            let event = Event::instant(Category::Task).copy().on(self.tracks.task(task));
            for AddedToTask { time, key, annotation } in added {
                let name = &self.names.of(key, self.remarks).name;
                let details = Details { name: Some(name), ..(&annotation).into() };
                self.packets.detailed(time, &event, details)?;
            }
        }
        Ok(())
    }
}

impl Added {
    /// Takes the arguments that were added to a region.
    #[inline]
    pub(super) fn take_from_region(&mut self, region: u64) -> Annotations {
        if self.regions.is_empty() {
            return Annotations::default();
        }
        let annotations = self.regions.remove(&region).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(annotations.len());
        annotations
    }

    /// Takes the arguments that were added to a task.
    pub(super) fn take_from_task(&mut self, task: TaskId) -> Annotations {
        let mut annotations = Annotations::default();
        for added in self.tasks.remove(&task).unwrap_or_default() {
            self.bytes = self.bytes.saturating_sub(OVERHEAD + added.annotation.len());
            annotations.append(&added.annotation);
        }
        annotations
    }
}
