//! Arguments as debug annotations.

use std::io;

use trace_reader::{CallsiteId, Time, Value, Values};

use super::events::{Annotations, Details, Event};
use super::line::{Added, Line, Open};
use super::packets::Category;
use super::{Timeline, WIDE};

/// So many arguments that were added are kept for what they were added to.
const MOST_ADDED: usize = 1 << 10;

impl Timeline<'_, '_, '_> {
    /// The arguments of what began.
    pub(super) fn annotations(&mut self, callsite: CallsiteId, values: &Values<'_>) -> Annotations {
        let keys = &self.names.of(callsite).keys;
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

    /// An argument is added to what is open: it is written at the end of that.
    pub(super) fn add(
        &mut self,
        line: &mut Line,
        to: Open,
        time: Time,
        key: CallsiteId,
        value: &Value<'_>,
    ) -> io::Result<()> {
        let mut annotation = Annotations::default();
        if annotation.add(&self.names.of(key).name, value) {
            self.remarks.met(WIDE);
        }
        if line.added.len() >= MOST_ADDED {
            self.write_added(&mut line.added)?;
        }
        line.added.push(Added { to, time, key, annotation });
        Ok(())
    }

    /// Writes arguments of what does not end on this thread, or not soon: as instants, for when they were
    /// added.
    pub(super) fn write_added(&mut self, added: &mut Vec<Added>) -> io::Result<()> {
        for Added { to, time, key, annotation } in added.drain(..) {
            let event = Event::instant(Category::Task).copy();
            let event = match to {
                Open::Region(_) => event,
                Open::Task(task) => event.on(self.tracks.task(task)),
            };
            let name = &self.names.of(key).name;
            let details = Details { name: Some(name), ..(&annotation).into() };
            self.packets.detailed(time, &event, details)?;
        }
        Ok(())
    }
}

/// Takes the arguments that were added to something.
#[cold]
pub(super) fn annotations_to(open: Open, added: &mut Vec<Added>) -> Annotations {
    let mut own = Annotations::default();
    added.retain(|added| {
        if added.to == open {
            own.append(&added.annotation);
        }
        added.to != open
    });
    own
}
