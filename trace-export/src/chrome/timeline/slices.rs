//! Regions and polls: slices of their threads, and once more of their tasks and futures.

use trace_reader::{CallsiteId, RegionEnd, TaskId, Time, Value};

use super::{BEFORE, MOST_ADDED, MOST_ADDED_BYTES, Pen, push_arg};
use crate::chrome::async_slices::{FIRST, Part, Row, Whole};
use crate::chrome::threads::{Begun, Thread};
use crate::json;
use crate::nesting::{Edge, Ending, Slice};

/// So many tasks and futures at most are those of slices that are open on a thread at the same time.
const MOST_PARTS: usize = 64;

impl Pen<'_, '_> {
    pub(super) fn edge(&mut self, thread: &mut Thread, time: Time, edge: Edge) {
        // A region may be found that began before something else on its line.
        let time = time.max(thread.last);
        match edge {
            Edge::Begin(slice, waited_ns) => {
                let may_have_args = !slice.is_poll()
                    && !slice.is_rest
                    && !self.names.of(slice.callsite, self.remarks).keys.is_empty();
                let row = self.take_row(thread, &slice);
                if may_have_args {
                    let whole = Whole::of(&slice).filter(|_| row == Some(FIRST));
                    self.hold(thread, time, Begun::Slice(slice, row), whole);
                } else {
                    self.args.clear();
                    self.write_begin(thread, time, &slice, row, waited_ns);
                }
            }
            Edge::End(slice, ending) => self.write_end(thread, time, &slice, ending),
            Edge::Alone(end) => self.write_alone(thread, time, &end),
        }
    }

    /// Writes a begin, with the arguments that are there.
    pub(super) fn write_begin(
        &mut self,
        thread: &mut Thread,
        time: Time,
        slice: &Slice,
        row: Option<Row>,
        waited_ns: u64,
    ) {
        let name = &self.names.of(slice.callsite, self.remarks).name;
        let category = match slice.is_poll() {
            true => ",\"cat\":\"poll\"",
            false => ",\"cat\":\"region\"",
        };
        let events = &mut self.events;
        events.event(b'B', thread.line, time).plain(category).named(name).args(&self.args);
        if slice.is_rest {
            events.arg("rest", |out| out.extend_from_slice(b"true"));
        }
        if slice.is_outermost && slice.task != TaskId::BACKGROUND {
            events.arg("task", |out| json::value(out, &Value::U64(slice.task.0)));
        }
        if slice.is_poll() {
            events.arg("future", |out| json::value(out, &Value::U64(slice.fiber.0)));
        }
        if waited_ns > 0 {
            events.arg("ready_ns", |out| json::value(out, &Value::U64(waited_ns)));
        }
        events.end();
        thread.last = time;
        self.begin_part(thread, time, slice, row);
        self.arrows_to(thread, time, slice);
    }

    /// The row on which a slice that begins is once more, in what it is a part of.
    pub(super) fn take_row(&mut self, thread: &mut Thread, slice: &Slice) -> Option<Row> {
        let whole = Whole::of(slice)?;
        if let Some(part) = thread.parts.iter_mut().rev().find(|part| part.whole == whole) {
            part.open += 1;
            return Some(part.row);
        }
        if thread.parts.len() >= MOST_PARTS {
            self.remarks.met(
                "regions of more than 64 tasks inside of each other are shown on their thread only",
            );
            return None;
        }
        let row = self.slices.take(whole, thread.id);
        thread.parts.push(Part { whole, row, open: 1 });
        Some(row)
    }

    /// Writes the begin of a slice once more, on this row of what it is a part of.
    pub(super) fn begin_part(
        &mut self,
        thread: &Thread,
        time: Time,
        slice: &Slice,
        row: Option<Row>,
    ) {
        let (Some(whole), Some(row)) = (Whole::of(slice), row) else { return };
        let name = self.name_of_part(slice);
        self.events.event(b'b', thread.line, time).row(whole, row);
        self.named_part(name, slice.callsite);
        self.events.args(&self.args);
        if slice.is_rest {
            self.events.arg("rest", |out| out.extend_from_slice(b"true"));
        }
        let part = thread.parts.iter().rev().find(|part| part.whole == whole);
        if row != FIRST && part.is_some_and(|part| part.open == 1) {
            // The slice of the whole is not around it.
            let (key, id) = whole.key_and_id();
            self.events.arg(key, |out| json::value(out, &Value::U64(id)));
        }
        self.events.end();
    }

    /// Writes the end of a slice once more, in what it is a part of.
    pub(super) fn end_part(&mut self, thread: &mut Thread, time: Time, slice: &Slice, end: Ending) {
        let Some(whole) = Whole::of(slice) else { return };
        let Some(at) = thread.parts.iter().rposition(|part| part.whole == whole) else { return };
        let part = &mut thread.parts[at];
        part.open -= 1;
        let row = part.row;
        if part.open == 0 {
            thread.parts.remove(at);
            self.slices.give_back(whole, row);
        }
        let name = self.name_of_part(slice);
        self.events.event(b'e', thread.line, time).row(whole, row);
        self.named_part(name, slice.callsite);
        match end {
            Ending::Lost => drop(self.events.arg("lost", |out| out.extend_from_slice(b"true"))),
            Ending::Open => drop(self.events.arg("open", |out| out.extend_from_slice(b"true"))),
            Ending::Ended | Ending::Cut | Ending::Late => {}
        }
        self.events.end();
    }

    /// In its future, a poll is called that: the future's name stands around it.
    fn name_of_part(&self, slice: &Slice) -> Option<&'static [u8]> {
        slice.is_poll().then_some(b"\"poll\"".as_slice())
    }

    fn named_part(&mut self, name: Option<&'static [u8]>, callsite: CallsiteId) {
        match name {
            Some(name) => self.events.named(name),
            None => self.events.named(&self.names.of(callsite, self.remarks).name),
        };
    }

    fn write_end(&mut self, thread: &mut Thread, time: Time, slice: &Slice, ending: Ending) {
        self.end_part(thread, time, slice, ending);
        match ending {
            Ending::Cut => self.remarks.met("regions that do not nest are cut, and go on"),
            Ending::Late => self.remarks.met("regions that do not nest end too late"),
            Ending::Ended | Ending::Open | Ending::Lost => {}
        }
        let added = match ending {
            Ending::Cut => None,
            _ => thread.take_added(slice.region),
        };
        self.added_bytes -= added.as_ref().map_or(0, Vec::len);
        if ending == Ending::Open {
            thread.is_over = true;
        }
        let added = added.unwrap_or_default();
        if !thread.is_over {
            self.events.event(b'E', thread.line, time).args(&added);
            if ending == Ending::Lost {
                self.events.arg("lost", |out| out.extend_from_slice(b"true"));
            }
            self.events.end();
        } else if !added.is_empty() {
            // There is no end to put them on.
            let name = &self.names.of(slice.callsite, self.remarks).name;
            self.events.event(b'i', thread.line, time);
            self.events.plain(",\"s\":\"t\"").named(name).args(&added).end();
        }
        thread.last = time;
    }

    /// Writes a region that is told of by its end alone.
    fn write_alone(&mut self, thread: &mut Thread, time: Time, end: &RegionEnd) {
        let Some(begin) = end.begin else {
            self.remarks.met("regions that began before the trace are shown as instants");
            let name = &self.names.of(end.callsite, self.remarks).name;
            self.events.event(b'i', thread.line, time);
            self.events.plain(",\"s\":\"t\",\"cat\":\"before\"").named(name);
            self.events.arg("began", |out| json::string(out, BEFORE)).end();
            thread.last = time;
            return;
        };
        let name = &self.names.of(end.callsite, self.remarks).name;
        // Inside of what is open on its thread, and next to everything else: there it has a place.
        if begin >= thread.last {
            thread.last = time;
            self.events.event(b'B', thread.line, begin).plain(",\"cat\":\"region\"").named(name);
            self.task_of(end);
            return self.events.event(b'E', thread.line, time).end();
        }
        let row = self.slices.apart();
        self.events.event(b'b', thread.line, begin).row_in("region", thread.id.0, row).named(name);
        self.task_of(end);
        let name = &self.names.of(end.callsite, self.remarks).name;
        self.events.event(b'e', thread.line, time).row_in("region", thread.id.0, row);
        self.events.named(name).end();
    }

    /// Ends the event, which tells the task of the region.
    fn task_of(&mut self, end: &RegionEnd) {
        if end.task != TaskId::BACKGROUND {
            self.events.arg("task", |out| json::value(out, &Value::U64(end.task.0)));
        }
        self.events.end();
    }

    /// Keeps an argument of an open region up to its end.
    pub(super) fn add_arg(
        &mut self,
        thread: &mut Thread,
        region: Option<u64>,
        key: CallsiteId,
        value: &Value<'_>,
    ) {
        // Only what is open has an end to come.
        let open = thread.nesting.open();
        let region =
            region.filter(|region| open.binary_search_by_key(region, |slice| slice.region).is_ok());
        let Some(region) = region else {
            return self.remarks.met("arguments of regions that are not known are left out");
        };
        self.args.clear();
        push_arg(&mut self.args, &self.names.of(key, self.remarks).as_key, value);
        self.add_args(thread, region);
    }

    /// Keeps the arguments that are there up to the end of a region.
    pub(super) fn add_args(&mut self, thread: &mut Thread, region: u64) {
        if self.args.is_empty() {
            return;
        }
        let is_full = thread.added.len() >= MOST_ADDED
            || self.added_bytes + self.args.len() > MOST_ADDED_BYTES;
        if is_full {
            return self
                .remarks
                .met("arguments added to regions while very many are open are left out");
        }
        let before = thread.added.iter().rposition(|(to, _)| *to <= region);
        let at = match before {
            Some(at) if thread.added[at].0 == region => at,
            before => {
                let at = before.map_or(0, |at| at + 1);
                thread.added.insert(at, (region, Vec::new()));
                at
            }
        };
        let added = &mut thread.added[at].1;
        let len = added.len();
        if !added.is_empty() {
            added.push(b',');
        }
        added.extend_from_slice(&self.args);
        self.added_bytes += added.len() - len;
    }
}
