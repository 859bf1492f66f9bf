//! What is no region: logs and counters, and on lines of their own losses.

use trace_reader::{CallsiteId, Loss, TaskId, Text, ThreadId, Time, Value};

use super::Pen;
use crate::chrome::async_slices::{FIRST, Whole};
use crate::chrome::lines::Extra;
use crate::chrome::threads::Thread;
use crate::{json, text};

/// The names of logs have so many characters at most: what is written beside a mark on a line.
const MOST_NAME_CHARS: usize = 200;

impl Pen<'_, '_> {
    pub(super) fn log(
        &mut self,
        thread: &mut Thread,
        time: Time,
        callsite: CallsiteId,
        task: TaskId,
        message: &Text<'_>,
    ) {
        let category = &self.names.of(callsite, self.remarks).name;
        let full = message.to_str();
        self.args.clear();
        match full.char_indices().nth(MOST_NAME_CHARS) {
            Some((end, _)) => json::string(&mut self.args, &format!("{}…", &full[..end])),
            None => json::string(&mut self.args, &text::marked(message)),
        }
        let events = &mut self.events;
        events.event(b'i', thread.line, time).plain(",\"s\":\"t\",\"cat\":\"log\"");
        events.named(&self.args).arg("category", |out| out.extend_from_slice(category));
        events.arg("message", |out| json::string(out, &text::marked(message)));
        if let Some(len) = message.original_len {
            events.arg("cut_from_bytes", |out| json::value(out, &Value::U64(len)));
        }
        events.end();
        thread.last = thread.last.max(time);
        let task = Whole::Task(task);
        if self.slices.is_open(task) {
            events.event(b'n', thread.line, time).row(task, FIRST).named(&self.args);
            events.arg("category", |out| out.extend_from_slice(category)).end();
        }
    }

    pub(super) fn counter(
        &mut self,
        thread: &Thread,
        time: Time,
        callsite: CallsiteId,
        value: &Value<'_>,
    ) {
        // Readers make doubles of all. Integers that are no doubles are texts, as everywhere: `trace_processor` reads
        // the number in them, and takes a plain one beyond `i64` for -1.
        let value = match *value {
            Value::I64(number) => Value::I64(number),
            Value::U64(number) => Value::U64(number),
            Value::I128(number) => match i64::try_from(number) {
                Ok(number) => Value::I64(number),
                Err(_) => Value::F64(number as f64),
            },
            Value::U128(number) => match u64::try_from(number) {
                Ok(number) => Value::U64(number),
                Err(_) => Value::F64(number as f64),
            },
            Value::F64(number) if number.is_finite() => Value::F64(number),
            _ => return self.remarks.met("counters that have no number are left out"),
        };
        let name = &self.names.of(callsite, self.remarks).name;
        self.events.event(b'C', thread.line, time).named(name);
        self.events.arg("value", |out| json::value(out, &value)).end();
    }

    pub(super) fn lost(&mut self, loss: &Loss, extra: Extra) {
        let thread = loss.thread.unwrap_or(ThreadId(u64::MAX));
        self.args.clear();
        json::string(&mut self.args, loss.cause.word());
        let name = format!("\"{} events lost\"", loss.count);
        self.missing(thread, extra, (loss.from, loss.to), &name, "cause");
    }

    pub(super) fn gap(&mut self, thread: ThreadId, from: Time, to: Time, chunks: u64) {
        self.args.clear();
        json::value(&mut self.args, &Value::U64(chunks));
        let name = format!("\"{chunks} chunks lost\"");
        self.missing(thread, Extra::Lost, (from, to), &name, "chunks");
    }

    /// Writes a slice for what is missing, on a line of its own, with the argument whose value is there.
    ///
    /// Never as `X`: in a file with one of these, `trace_processor` takes each `E` before the `B` of the same time.
    fn missing(
        &mut self,
        thread: ThreadId,
        extra: Extra,
        times: (Time, Time),
        name: &str,
        key: &str,
    ) {
        let (line, is_new, (begin, end)) = self.lines.extra(thread, extra, times);
        if is_new {
            let label = self.trace.thread(thread).map(trace_reader::Thread::label);
            let name = match label {
                Some(label) => format!("{label}: lost events"),
                None => "lost events".to_owned(),
            };
            self.name_line(line, thread, &name);
        }
        self.events.event(b'B', line, begin).plain(",\"cat\":\"lost\"").named(name.as_bytes());
        let args = &self.args;
        self.events.arg(key, |out| out.extend_from_slice(args)).end();
        self.events.event(b'E', line, end).end();
    }
}
