//! `cargo trace logs`: one line per log message, as they come.
//!
//! Lines are as long as their messages, whatever the width, so that they can be searched. Long
//! names of threads and types of tasks before them are shortened; `--json` has them in full.
//!
//! The trace is read as a stream, so that a listing of any length takes no memory. The type of a
//! task is known from its begin; a task that began before the trace is shown by its number alone.

use std::io::{self, Write};

use anstyle::Style;
use serde::Serialize;
use trace_reader::{CallsiteKind, Item, Loss, Step, Time, Trace};

use crate::error::Error;
use crate::escape::{plain, shorten_middle, width};
use crate::paint::{ALARM, FAINT, LOG, TASK, TEXT, paint};
use crate::task_types::TaskTypes;
use crate::threads::ThreadNames;
use crate::{json, loss, units, wall};

/// Which log messages are wanted, and how they are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Only of this category.
    pub(crate) category: Option<String>,
    /// Only those that contain this.
    pub(crate) contains: Option<String>,
    /// Whether upper and lower case are the same in that.
    pub(crate) ignore_case: bool,
    /// No more than so many.
    pub(crate) limit: Option<u64>,
    /// Whether the wall clock is shown.
    pub(crate) wall: bool,
    /// Whether the output is JSON.
    pub(crate) json: bool,
}

/// A line of `cargo trace logs --json`.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    /// A log message.
    Log {
        /// When.
        time_ns: i64,
        /// The same by the wall clock.
        wall_ns: Option<u64>,
        /// The thread's number.
        thread: u64,
        /// The thread's name.
        thread_name: String,
        /// The task's number; 0 is none.
        task: u64,
        /// The task's type, if its begin is in the trace, and not too many other tasks have ended since the
        /// task did.
        task_type: Option<String>,
        /// The category, possibly empty.
        category: String,
        /// The message.
        message: String,
        /// Its length in bytes before the program cut it, when it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        cut_from: Option<u64>,
    },
    /// Events were lost, log messages possibly among them.
    Loss {
        /// The first of them happened then or later.
        from_time_ns: i64,
        /// The last of them happened then or earlier.
        to_time_ns: i64,
        /// The thread's number, when it is known.
        thread: Option<u64>,
        /// The thread's name.
        thread_name: Option<String>,
        /// How many events, when that is known.
        events: Option<u64>,
        /// How many chunks of events are missing from the file.
        chunks: u64,
    },
}

/// Writes the log messages that are wanted.
pub(crate) fn write(trace: &Trace, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let mut listing = Listing::new(trace, options);
    let mut left = options.limit.unwrap_or(u64::MAX);
    // Losses that no thread's events tell of.
    let mut losses = trace.losses().to_vec();
    losses.sort_by_key(|loss| loss.to);
    let mut losses = losses.iter().peekable();
    let mut items = trace.merged();
    while left > 0 {
        let item = items.next()?;
        let now = item.as_ref().map(|item| item.time);
        while let Some(loss) = losses.next_if(|loss| now.is_none_or(|now| loss.to <= now)) {
            listing.write(&listing.loss(loss), out)?;
        }
        let Some(item) = item else { break };
        if let Some(line) = listing.line(&item) {
            listing.write(&line, out)?;
            left -= u64::from(matches!(line, Line::Log { .. }));
        }
    }
    Ok(())
}

struct Listing<'t> {
    trace: &'t Trace,
    options: &'t Options,
    /// What the message must contain, in lower case when case is ignored.
    contains: Option<String>,
    threads: ThreadNames,
    task_types: TaskTypes,
    /// As wide as the last time in the trace.
    time_width: usize,
    thread_width: usize,
    /// As wide as the widest so far.
    task_width: usize,
}

impl<'t> Listing<'t> {
    fn new(trace: &'t Trace, options: &'t Options) -> Self {
        let threads = ThreadNames::of(trace);
        let contains = options.contains.as_ref().map(|text| match options.ignore_case {
            true => text.to_lowercase(),
            false => text.clone(),
        });
        let types = trace.callsites().iter().filter(|c| c.kind == CallsiteKind::Task);
        let task_width = types.map(|c| width(&plain(&c.name)) + " #123".len()).max().unwrap_or(0);
        let thread_width = threads.iter().map(|name| width(&plain(&name))).max().unwrap_or(0);
        Self {
            trace,
            options,
            contains,
            threads,
            task_types: TaskTypes::default(),
            time_width: units::seconds(trace.end().ns()).len(),
            thread_width: thread_width.min(20),
            task_width: task_width.min(30),
        }
    }

    /// The line for an item, if it has one.
    fn line(&mut self, item: &Item<'_>) -> Option<Line> {
        self.task_types.step(&item.step);
        match &item.step {
            Step::Log { callsite, task, message, .. } => {
                let category = self.trace.callsites().name(*callsite);
                let message_text = message.to_str();
                if !self.is_wanted(&category, &message_text) {
                    return None;
                }
                let task_type = self.task_types.of(*task);
                Some(Line::Log {
                    time_ns: item.time.ns(),
                    wall_ns: self.trace.clock().wall_ns(item.time),
                    thread: item.thread.0,
                    thread_name: self.threads.of_thread(item.thread).into_owned(),
                    task: task.0,
                    task_type: task_type.map(|id| self.trace.callsites().name(id).into_owned()),
                    category: category.into_owned(),
                    message: message_text.into_owned(),
                    cut_from: message.original_len,
                })
            }
            Step::Loss(loss) => Some(self.loss(loss)),
            Step::Gap { chunks, from } => Some(Line::Loss {
                from_time_ns: from.ns(),
                to_time_ns: item.time.ns(),
                thread: Some(item.thread.0),
                thread_name: Some(self.threads.of_thread(item.thread).into_owned()),
                events: None,
                chunks: *chunks,
            }),
            _ => None,
        }
    }

    fn is_wanted(&self, category: &str, message: &str) -> bool {
        let contains = |part: &String| match self.options.ignore_case {
            true => message.to_lowercase().contains(part),
            false => message.contains(part),
        };
        self.options.category.as_ref().is_none_or(|wanted| wanted == category)
            && self.contains.as_ref().is_none_or(contains)
    }

    fn loss(&self, loss: &Loss) -> Line {
        Line::Loss {
            from_time_ns: loss.from.ns(),
            to_time_ns: loss.to.ns(),
            thread: loss.thread.map(|thread| thread.0),
            thread_name: loss.thread.map(|thread| self.threads.of_thread(thread).into_owned()),
            events: Some(loss.count),
            chunks: 0,
        }
    }

    fn write(&mut self, line: &Line, out: &mut dyn Write) -> io::Result<()> {
        if self.options.json {
            return json::write_line(out, line);
        }
        match line {
            Line::Log {
                time_ns,
                wall_ns,
                thread_name,
                task,
                task_type,
                category,
                message,
                cut_from,
                ..
            } => {
                let task = match (task, task_type) {
                    (0, _) => String::new(),
                    (task, None) => format!("#{task}"),
                    (task, Some(name)) => format!("{} #{task}", shorten_middle(&plain(name), 24)),
                };
                self.task_width = self.task_width.max(width(&task));
                let thread = plain(thread_name);
                let thread = shorten_middle(&thread, 20);
                let mut text = self.clock(*time_ns, *wall_ns);
                text.push_str(&padded(TEXT, &thread, self.thread_width));
                text.push_str(&padded(TASK, &task, self.task_width));
                if !category.is_empty() {
                    text.push_str(&format!("{}: ", paint(LOG, plain(category))));
                }
                text.push_str(&plain(message));
                if let Some(len) = cut_from {
                    let cut = format!(" … (cut from {})", units::bytes(*len));
                    text.push_str(&paint(FAINT, cut));
                }
                writeln!(out, "{text}")
            }
            Line::Loss { from_time_ns, to_time_ns, thread_name, events, chunks, .. } => {
                let what = loss::amount(events.unwrap_or(0), *chunks);
                let thread = thread_name.as_deref().map_or("any thread".into(), plain);
                let wall = self.trace.clock().wall_ns(Time(*to_time_ns));
                let from = units::seconds(*from_time_ns);
                let text = format!("LOST: {what} of {thread} since {from}, perhaps messages too");
                writeln!(out, "{}{}", self.clock(*to_time_ns, wall), paint(ALARM, text))
            }
        }
    }

    fn clock(&self, time_ns: i64, wall_ns: Option<u64>) -> String {
        let mut text = String::new();
        if self.options.wall {
            let wall = wall_ns.map_or_else(String::new, wall::date_and_time);
            text.push_str(&padded(FAINT, &wall, "2026-11-23 20:42:27.123456".len()));
        }
        let columns = self.time_width;
        text.push_str(&paint(FAINT, format!("{:>columns$}", units::seconds(time_ns))));
        text.push_str("  ");
        text
    }
}

/// Fills up to `columns`, and two more before what follows. Nothing when there are none.
fn padded(style: Style, text: &str, columns: usize) -> String {
    if columns == 0 {
        return String::new();
    }
    let free = columns.saturating_sub(width(text)) + 2;
    format!("{}{}", paint(style, text), " ".repeat(free))
}
