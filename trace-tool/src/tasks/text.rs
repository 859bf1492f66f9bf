//! The text of [`Tasks`]: a heading and a tree for each.

use std::io::{self, Write};

use anstyle::Style;
use trace_format::text::quote;
use trace_reader::Value;

use super::{Argument, Entry, Fate, Task, Tasks, What};
use crate::escape::{plain, shorten_end};
use crate::flow::{joined, paragraph};
use crate::paint::{ALARM, FAINT, HEADING, LOG, TASK, TEXT, WARNING, paint};
use crate::table::{Cell, Column, Table};
use crate::{loss, units, wall};

/// The deepest level that is indented; below it the level is told as a number.
const MAX_INDENT: usize = 16;

/// The longest list of arguments in the tree; headings tell them in full.
const MAX_ARGS_LEN: usize = 400;

impl Tasks {
    /// Writes the tasks in lines of at most `width` columns, styled with ANSI escape codes.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        if self.lost_events > 0 || self.lost_chunks > 0 {
            let alarm = loss::alarm(self.lost_events, self.lost_chunks, 0);
            let alarm = format!("{alarm}, and entries perhaps from below");
            writeln!(out, "{}\n", paint(ALARM, paragraph(&alarm, 0, width)))?;
        }
        for (i, task) in self.tasks.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            task.write(out, width)?;
        }
        let more = self.candidates.saturating_sub(self.tasks.len() as u64);
        if self.tasks.is_empty() {
            writeln!(out, "no tasks in this trace")?;
        } else if more > 0 {
            let note = format!("… and {} that took less (--slowest)", units::things(more, "task"));
            writeln!(out, "\n{}", paint(FAINT, note))?;
        }
        Ok(())
    }
}

impl Task {
    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let title = title(self.task_type.as_deref(), self.task);
        let latency = bounded(self.fate, self.latency_ns);
        let taken = latency.chars().count() + note(self.fate).map_or(0, |note| note.len() + 2) + 2;
        let fate = note(self.fate).map(|note| format!("  {}", paint(WARNING, note)));
        writeln!(
            out,
            "{}  {}{}",
            paint(TASK, shorten_end(&title, width.saturating_sub(taken.max(30)).max(10))),
            paint(HEADING, latency),
            fate.unwrap_or_default(),
        )?;
        let mut facts = Vec::new();
        if let Some(ns) = self.begin_time_ns {
            facts.push(format!("began at {}", units::time(ns)));
        }
        if let Some(ns) = self.begin_wall_ns {
            facts.push(format!("{} UTC", wall::date_and_time(ns)));
        }
        facts.extend(self.threads());
        if self.parent != 0 {
            facts.push(format!("part of #{}", self.parent));
        }
        if !facts.is_empty() {
            writeln!(out, "{}", paint(FAINT, joined(&facts, width)))?;
        }
        if !self.args.is_empty() {
            writeln!(out, "{}", paragraph(&arguments(&self.args), 2, width))?;
        }
        if !self.entries.is_empty() {
            self.tree().write(out, width)?;
        }
        if self.more_entries > 0 {
            let note =
                format!("… and {} more entries (--entries)", units::count(self.more_entries));
            writeln!(out, "{}", paint(FAINT, note))?;
        }
        Ok(())
    }

    fn threads(&self) -> Option<String> {
        match (&self.begin_thread, &self.end_thread) {
            (Some(begin), Some(end)) if begin == end => Some(format!("on {}", plain(begin))),
            (Some(begin), Some(end)) => Some(format!("from {} to {}", plain(begin), plain(end))),
            (Some(begin), None) => Some(format!("on {}", plain(begin))),
            (None, Some(end)) => Some(format!("ended on {}", plain(end))),
            (None, None) => None,
        }
    }

    fn tree(&self) -> Table {
        let mut table = Table::new([
            Column::numbers(""),
            Column::names("").shortened(),
            Column::numbers("time"),
            Column::numbers("self").dropped(2),
            Column::words("thread").dropped(1),
        ]);
        let begin = self.begin_time_ns.unwrap_or(0);
        for (entry, branch) in self.entries.iter().zip(branches(&self.entries)) {
            let offset = units::time(entry.time_ns.saturating_sub(begin));
            let sign = if offset.starts_with('-') { "" } else { "+" };
            entry.write(&mut table, &branch, Cell::styled(FAINT, format!("{sign}{offset}")));
        }
        table
    }
}

impl Entry {
    /// Appends the entry's row, and one for its arguments.
    fn write(&self, table: &mut Table, branch: &Branch, offset: Cell) {
        let (what, style): (String, Style) = match &self.what {
            What::Region { name, fate, .. } => (noted(plain(name).into(), *fate), TEXT),
            What::Task { task_type, task, fate, .. } => {
                (noted(format!("task {}", title(task_type.as_deref(), *task)), *fate), TASK)
            }
            What::Log { category, message, cut_from, .. } => {
                (log(category, message, *cut_from), LOG)
            }
        };
        let what = Cell::styled(style, what).after(FAINT, branch.here.clone());
        match &self.what {
            What::Region { fate, duration_ns, self_ns, partial, thread, args, .. } => {
                let at_most = if *partial { "≤" } else { "" };
                let self_time = match fate {
                    // With nothing in it, all of its time is its own.
                    Fate::Complete if self_ns == duration_ns && !partial => String::new(),
                    Fate::Complete => format!("{at_most}{}", units::duration((*self_ns).into())),
                    _ => String::new(),
                };
                let time = bounded(*fate, *duration_ns);
                let row = [offset, what, time.into(), self_time.into(), plain(thread).into()];
                table.row(row);
                arguments_row(table, branch, args);
            }
            What::Task { fate, latency_ns, thread, args, .. } => {
                let thread = thread.as_deref().map(plain).unwrap_or_default();
                let time = bounded(*fate, *latency_ns);
                table.row([offset, what, time.into(), Cell::default(), thread.into()]);
                arguments_row(table, branch, args);
            }
            What::Log { .. } => table.row([offset, what]),
        }
    }
}

fn arguments_row(table: &mut Table, branch: &Branch, args: &[Argument]) {
    if !args.is_empty() {
        let text = shorten_end(&arguments(args), MAX_ARGS_LEN).into_owned();
        let cell = Cell::styled(FAINT, text).after(FAINT, branch.below.clone());
        table.row([Cell::default(), cell]);
    }
}

/// The lines of the tree at one entry.
struct Branch {
    /// Before the entry itself.
    here: String,
    /// Before what is said about it in the line below.
    below: String,
}

/// The lines of the tree: from the end to the beginning, since only what follows tells whether a
/// line goes on.
fn branches(entries: &[Entry]) -> Vec<Branch> {
    // Whether at this depth another entry follows.
    let mut follows: Vec<bool> = Vec::new();
    let mut branches: Vec<Branch> = Vec::with_capacity(entries.len());
    for (i, entry) in entries.iter().enumerate().rev() {
        let depth = entry.depth as usize;
        let has_children = entries.get(i + 1).is_some_and(|next| next.depth > entry.depth);
        follows.resize(depth + 1, false);
        let mut stem = String::new();
        for &goes_on in follows.iter().take(depth.min(MAX_INDENT)) {
            stem.push_str(if goes_on { "│  " } else { "   " });
        }
        if depth > MAX_INDENT {
            stem.push_str(&format!("[{depth}] "));
        }
        let last = !follows[depth];
        let here = format!("{stem}{}", if last { "└─ " } else { "├─ " });
        let goes_on = if last { "   " } else { "│  " };
        let inside = if has_children { "│  " } else { "   " };
        branches.push(Branch { here, below: format!("{stem}{goes_on}{inside}") });
        follows[depth] = true;
    }
    branches.reverse();
    branches
}

/// Type and number. A task that began while nothing was recorded has no number.
fn title(task_type: Option<&str>, task: u64) -> String {
    let name = plain(task_type.unwrap_or("(unknown type)"));
    if task == 0 { name.into_owned() } else { format!("{name} #{task}") }
}

fn log(category: &str, message: &str, cut_from: Option<u64>) -> String {
    let cut = cut_from.map(|len| format!(" … (cut from {})", units::bytes(len)));
    let category = if category.is_empty() { "log" } else { category };
    format!("{}: {}{}", plain(category), plain(message), cut.unwrap_or_default())
}

/// The duration, marked as a lower bound when it is one.
fn bounded(fate: Fate, ns: u64) -> String {
    let mark = if fate == Fate::Complete { "" } else { "≥" };
    format!("{mark}{}", units::duration(ns.into()))
}

fn noted(name: String, fate: Fate) -> String {
    match note(fate) {
        Some(note) => format!("{name} ({note})"),
        None => name,
    }
}

fn note(fate: Fate) -> Option<&'static str> {
    match fate {
        Fate::Complete => None,
        Fate::BeganBefore => Some("began before the trace"),
        Fate::Open => Some("still open"),
        Fate::Throughout => Some("open from before the trace to its end"),
        Fate::EndLost => Some("its end was lost"),
    }
}

/// `size="large", beans=12`
fn arguments(args: &[Argument]) -> String {
    let args = args.iter().map(|argument| {
        let cut = argument.cut_from.map(|len| format!(" … (cut from {})", units::bytes(len)));
        format!("{}={}{}", plain(&argument.key), value(&argument.value), cut.unwrap_or_default())
    });
    args.collect::<Vec<_>>().join(", ")
}

fn value(value: &Value<'_>) -> String {
    match value {
        Value::I64(v) => v.to_string(),
        Value::U64(v) => v.to_string(),
        Value::I128(v) => v.to_string(),
        Value::U128(v) => v.to_string(),
        Value::F64(v) => v.to_string(),
        Value::Bool(v) => v.to_string(),
        Value::Str(v) => {
            let mut text = String::new();
            quote(&v.bytes, &mut text);
            text
        }
        Value::Debug(v) | Value::Display(v) => plain(&v.to_str()).into_owned(),
    }
}
