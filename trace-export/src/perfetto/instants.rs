//! Logs, counters, and what was lost.

use std::io;

use trace_reader::{CallsiteId, Loss, TaskId, Text, ThreadId, Time, Value};

use super::Timeline;
use super::events::{Annotations, Details, Event, Number};
use super::packets::Category;

/// An instant is called by so many characters of a message: as many as can be seen.
const NAME_LEN: usize = 120;

impl Timeline<'_, '_, '_> {
    pub(super) fn log(
        &mut self,
        time: Time,
        callsite: CallsiteId,
        task: TaskId,
        message: &Text<'_>,
    ) -> io::Result<()> {
        let whole = message.to_str();
        let mut annotations = Annotations::default();
        let category = &self.names.of(callsite, self.remarks).name;
        if !category.is_empty() {
            annotations = annotations.with_text("category", category);
        }
        let name = match beginning(&whole) {
            "" => "log",
            beginning => beginning,
        };
        if name != whole {
            annotations = annotations.with_text("message", &whole);
        }
        if let Some(len) = message.original_len {
            annotations = annotations.with_number("cut_from_bytes", len);
        }
        let event = Event::instant(Category::Log);
        let details = Details { name: Some(name), ..(&annotations).into() };
        self.packets.detailed(time, &event, details)?;
        if task == TaskId::BACKGROUND {
            return Ok(());
        }
        let event = event.copy().on(self.tracks.task(task));
        let details = Details { name: Some(name), ..Details::default() };
        self.packets.detailed(time, &event, details)
    }

    pub(super) fn counter(
        &mut self,
        time: Time,
        callsite: CallsiteId,
        value: &Value<'_>,
    ) -> io::Result<()> {
        let value = match *value {
            Value::I64(value) => Number::Integer(value),
            Value::U64(value) => match i64::try_from(value) {
                Ok(value) => Number::Integer(value),
                Err(_) => Number::Double(value as f64),
            },
            Value::I128(value) => Number::Double(value as f64),
            Value::U128(value) => Number::Double(value as f64),
            Value::F64(value) => Number::Double(value),
            _ => {
                self.remarks.met("counters that have no number are left out");
                return Ok(());
            }
        };
        let name = &self.names.of(callsite, self.remarks).name;
        let event = Event::counter(self.tracks.counter(name, &mut self.packets)?);
        let details = Details { number: Some(value), ..Details::default() };
        self.packets.detailed(time, &event, details)
    }

    pub(super) fn loss(&mut self, loss: &Loss) -> io::Result<()> {
        let name = format!("{} events lost", loss.count);
        let note = Annotations::default().with_text("cause", loss.cause.word());
        self.lost(loss.thread, (loss.from, loss.to), &name, &note)
    }

    pub(super) fn gap(
        &mut self,
        thread: ThreadId,
        chunks: u64,
        from: Time,
        to: Time,
    ) -> io::Result<()> {
        let name = format!("{chunks} chunks lost");
        let note = Annotations::default().with_number("chunks", chunks);
        self.lost(Some(thread), (from, to), &name, &note)
    }

    /// Writes a slice for what is missing, behind the one before of the same track.
    fn lost(
        &mut self,
        thread: Option<ThreadId>,
        (from, to): (Time, Time),
        name: &str,
        note: &Annotations,
    ) -> io::Result<()> {
        let track = self.tracks.lost(thread, &mut self.packets)?;
        let until = self.lost_until.entry(thread).or_insert(from);
        let (from, to) = (from.max(*until), to.max(*until));
        *until = to;
        let event = Event::begin(Category::Lost).on(track);
        let details = Details { name: Some(name), ..note.into() };
        self.packets.detailed(from, &event, details)?;
        self.packets.plain(to, &Event::END.on(track))
    }

    /// Losses that no thread's events tell of.
    pub(super) fn losses_of_nobody(&mut self) -> io::Result<()> {
        let mut losses = self.trace.losses().to_vec();
        if losses.is_empty() {
            return Ok(());
        }
        losses.sort_by_key(|loss| (loss.from, loss.to));
        let track = self.tracks.lost(None, &mut self.packets)?;
        self.packets.begin_sequence(track)?;
        losses.iter().try_for_each(|loss| self.loss(loss))
    }
}

/// The beginning of a message, up to the first line break.
fn beginning(message: &str) -> &str {
    let line = message.lines().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
    match line.char_indices().nth(NAME_LEN) {
        Some((end, _)) => &line[..end],
        None => line,
    }
}
