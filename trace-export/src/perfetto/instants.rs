//! Logs, counters, and what was lost.

use std::io;

use trace_reader::{CallsiteId, Loss, TaskId, Text, ThreadId, Time, Value};

use super::Timeline;
use super::annotations::{number, text};
use super::line::Line;
use super::packets::Category;
use super::proto::{CounterValueField, DebugAnnotation, EventType, NameField, TrackEvent};
use super::slices::{END, begin, instant};

/// An instant is called by so many characters of a message: as many as can be seen.
const NAME_LEN: usize = 120;

impl Timeline<'_, '_, '_> {
    pub(super) fn log(
        &mut self,
        line: &mut Line,
        time: Time,
        callsite: CallsiteId,
        task: TaskId,
        message: &Text<'_>,
    ) -> io::Result<()> {
        let whole = message.to_str();
        let mut annotations = Vec::new();
        let category = &self.names.of(callsite).name;
        if !category.is_empty() {
            annotations.push(text("category", category));
        }
        let name = match beginning(&whole) {
            "" => "log",
            beginning => beginning,
        };
        if name != whole {
            annotations.push(text("message", &whole));
        }
        if let Some(len) = message.original_len {
            annotations.push(number("cut_from_bytes", len));
        }
        let mut event = instant(Category::Log).with(annotations);
        event.name_field = Some(NameField::Name(name.to_owned()));
        self.packets.event(&mut line.sequence, time, &mut event)?;
        if task == TaskId::BACKGROUND {
            return Ok(());
        }
        event.track_uuid = Some(self.tracks.task(task, None, &mut self.packets)?);
        event.category_iids.clear();
        self.packets.event(&mut line.sequence, time, &mut event)
    }

    pub(super) fn counter(
        &mut self,
        line: &mut Line,
        time: Time,
        callsite: CallsiteId,
        value: &Value<'_>,
    ) -> io::Result<()> {
        let value = match *value {
            Value::I64(value) => CounterValueField::CounterValue(value),
            Value::U64(value) => match i64::try_from(value) {
                Ok(value) => CounterValueField::CounterValue(value),
                Err(_) => CounterValueField::DoubleCounterValue(value as f64),
            },
            Value::I128(value) => CounterValueField::DoubleCounterValue(value as f64),
            Value::U128(value) => CounterValueField::DoubleCounterValue(value as f64),
            Value::F64(value) => CounterValueField::DoubleCounterValue(value),
            // No counter has others.
            _ => return Ok(()),
        };
        let name = &self.names.of(callsite).name;
        let mut event = TrackEvent {
            r#type: Some(EventType::Counter.into()),
            track_uuid: Some(self.tracks.counter(name, &mut self.packets)?),
            counter_value_field: Some(value),
            ..TrackEvent::default()
        };
        self.packets.event(&mut line.sequence, time, &mut event)
    }

    pub(super) fn loss(&mut self, line: &mut Line, loss: &Loss) -> io::Result<()> {
        let name = format!("{} events lost", loss.count);
        let note = text("cause", loss.cause.word());
        self.lost(line, loss.thread, (loss.from, loss.to), name, note)
    }

    pub(super) fn gap(
        &mut self,
        line: &mut Line,
        chunks: u64,
        from: Time,
        to: Time,
    ) -> io::Result<()> {
        let name = format!("{chunks} chunks lost");
        self.lost(line, Some(line.id), (from, to), name, number("chunks", chunks))
    }

    /// Writes a slice for what is missing, behind the one before of the same track.
    fn lost(
        &mut self,
        line: &mut Line,
        thread: Option<ThreadId>,
        (from, to): (Time, Time),
        name: String,
        note: DebugAnnotation,
    ) -> io::Result<()> {
        let track = self.tracks.lost(thread, &mut self.packets)?;
        let until = self.lost_until.entry(thread).or_insert(from);
        let (from, to) = (from.max(*until), to.max(*until));
        *until = to;
        let mut event = begin(Category::Lost).on(track).with(vec![note]);
        event.name_field = Some(NameField::Name(name));
        self.packets.event(&mut line.sequence, from, &mut event)?;
        self.packets.slice(&mut line.sequence, to, END.on(track))
    }

    /// Losses that no thread's events tell of.
    pub(super) fn losses_of_nobody(&mut self) -> io::Result<()> {
        let mut losses = self.trace.losses().to_vec();
        if losses.is_empty() {
            return Ok(());
        }
        losses.sort_by_key(|loss| (loss.from, loss.to));
        let track = self.tracks.lost(None, &mut self.packets)?;
        let mut line = Line::new(ThreadId::default(), track);
        losses.iter().try_for_each(|loss| self.loss(&mut line, loss))
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
