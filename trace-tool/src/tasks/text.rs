//! The text of [`Tasks`]: a heading and a tree for each.
//!
//! Every line fits the width. What is longer is shortened, and shows that it is. Only headings
//! tell a task's number, which `--id` takes, and its arguments in full, in as many lines as that
//! takes; `--json` shortens nothing.

mod branches;

use std::collections::BTreeSet;
use std::io::{self, Write};

use anstyle::Style;
use trace_format::text::quote;
use trace_reader::Value;

use self::branches::Branch;
use super::{Argument, Entry, Fate, Task, Tasks, What, Whereabouts};
use crate::escape::{self, plain, shorten_end, shorten_middle};
use crate::flow::{joined, paragraph};
use crate::paint::{ALARM, FAINT, HEADING, LOG, TASK, TEXT, WARNING, paint};
use crate::table::{self, Cell, Column, Table};
use crate::{loss, units, wall};

/// The longest name of a thread in the tree, in columns.
const MAX_THREAD_WIDTH: usize = 24;

/// The longest list of arguments in the tree; headings tell them in full.
const MAX_ARGS_LEN: usize = 400;

/// What stands between a title, its latency and the note about that.
const GAP: &str = "  ";

impl Tasks {
    /// Writes the tasks in lines of at most `width` columns, styled with ANSI escape codes. A
    /// heading may need 40.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        if self.lost_events > 0 || self.lost_chunks > 0 {
            let alarm = loss::alarm(self.lost_events, self.lost_chunks, 0);
            let alarm = format!("{alarm}, and entries perhaps from below");
            writeln!(out, "{}\n", paint(ALARM, paragraph(&alarm, 0, width)))?;
        }
        let mut left_out = BTreeSet::new();
        for (i, task) in self.tasks.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            task.write_heading(out, width)?;
            left_out.extend(task.write_tree(out, width)?);
        }
        let mut notes = Vec::new();
        let more = self.candidates.saturating_sub(self.tasks.len() as u64);
        if self.tasks.is_empty() {
            writeln!(out, "no tasks in this trace")?;
        } else if more > 0 {
            notes.push(format!("… and {} that took less (--slowest)", units::things(more, "task")));
        }
        if self.arguments_left_out > 0 {
            let arguments = units::things(self.arguments_left_out, "argument");
            notes.push(format!("… and {arguments} of regions and tasks that have very many"));
        }
        notes.extend(table::left_out(left_out));
        if !notes.is_empty() {
            writeln!(out)?;
        }
        notes.iter().try_for_each(|note| write_note(out, note, width))
    }
}

impl Task {
    /// Writes what the task is, how long it took, and what else is known of it. The latency
    /// stands in the first line, the note about it too if there is room beside the whole title.
    fn write_heading(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let latency = bounded(self.fate, self.latency_ns);
        let outcome = unusual(self.outcome);
        let around = GAP.len() + escape::width(&latency) + outcome.len();
        let room = width.saturating_sub(around);
        let title = title(self.task_type.as_deref(), self.task, room) + &outcome;
        write!(out, "{}{GAP}{}", paint(TASK, &title), paint(HEADING, latency))?;
        if let Some(note) = note(self.fate) {
            let fits = escape::width(&title) + GAP.len() + note.len() <= room + outcome.len();
            let between = if fits { GAP } else { "\n" };
            write!(out, "{between}{}", paint(WARNING, note))?;
        }
        writeln!(out)?;
        let mut facts = Vec::new();
        if let Some(ns) = self.begin_time_ns {
            facts.push(format!("began at {}", units::time(ns)));
        }
        if let Some(ns) = self.begin_wall_ns {
            facts.push(format!("{} UTC", wall::date_and_time(ns)));
        }
        facts.extend(self.threads(width));
        if self.parent != 0 {
            facts.push(format!("part of #{}", self.parent));
        }
        facts.extend(self.future.iter().flat_map(|future| whereabouts(future, Some(width))));
        if !facts.is_empty() {
            writeln!(out, "{}", paint(FAINT, joined(&facts, width)))?;
        }
        if !self.args.is_empty() {
            writeln!(out, "{}", paragraph(&arguments(&self.args), 2, width))?;
        }
        Ok(())
    }

    /// Writes what happened in the task, and returns what the columns are called for which there
    /// was no room.
    fn write_tree(&self, out: &mut dyn Write, width: usize) -> io::Result<Vec<String>> {
        let mut left_out = Vec::new();
        if !self.entries.is_empty() {
            let tree = self.tree(width);
            left_out.extend(tree.write(out, width)?.into_iter().map(String::from));
        }
        if self.more_entries > 0 {
            let more = units::count(self.more_entries);
            write_note(out, &format!("… and {more} more entries (--entries)"), width)?;
        }
        Ok(left_out)
    }

    /// Where the task ran. Of two names that are too long together both ends stay, each.
    fn threads(&self, width: usize) -> Option<String> {
        match (&self.begin_thread, &self.end_thread) {
            (Some(begin), Some(end)) if begin != end => {
                let (begin, end) = (plain(begin), plain(end));
                let room = width.saturating_sub("from  to ".len());
                // One that is short leaves more than half to the other.
                let left_by = |other| room.saturating_sub(escape::width(other)).max(room / 2);
                Some(format!(
                    "from {} to {}",
                    shorten_middle(&begin, left_by(&end)),
                    shorten_middle(&end, left_by(&begin)),
                ))
            }
            (Some(begin), _) => Some(format!("on {}", plain(begin))),
            (None, Some(end)) => Some(format!("ended on {}", plain(end))),
            (None, None) => None,
        }
    }

    fn tree(&self, width: usize) -> Table {
        let mut table = Table::new([
            Column::numbers(""),
            Column::names("").shortened(),
            Column::numbers("time"),
            Column::numbers("self").dropped(2),
            Column::words("thread").dropped(1),
        ]);
        let begin = self.begin_time_ns.unwrap_or(0);
        for (entry, branch) in self.entries.iter().zip(branches::of(&self.entries, width)) {
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
            What::Future { name, fate, outcome, .. } => {
                (noted(plain(name).into(), *fate) + &unusual(*outcome), TEXT)
            }
            What::Task { task_type, task, fate, outcome, .. } => {
                let title = title(task_type.as_deref(), *task, usize::MAX);
                (noted(format!("task {title}"), *fate) + &unusual(*outcome), TASK)
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
                table.row([offset, what, time.into(), self_time.into(), thread_cell(thread)]);
                arguments_row(table, branch, args);
            }
            What::Future { fate, duration_ns, whereabouts, args, .. } => {
                let threads = Cell::from(names(&whereabouts.threads, MAX_THREAD_WIDTH));
                let time = bounded(*fate, *duration_ns);
                table.row([offset, what, time.into(), Cell::default(), threads]);
                let below = self::whereabouts(whereabouts, None).join(", ");
                let below = Cell::styled(FAINT, below);
                table.row([Cell::default(), below.after(FAINT, branch.below.clone())]);
                arguments_row(table, branch, args);
            }
            What::Task { fate, latency_ns, thread, args, .. } => {
                let thread = thread.as_deref().map(thread_cell).unwrap_or_default();
                let time = bounded(*fate, *latency_ns);
                table.row([offset, what, time.into(), Cell::default(), thread]);
                arguments_row(table, branch, args);
            }
            What::Log { .. } => table.row([offset, what]),
        }
    }
}

/// `busy 12 µs, ready 3 µs, idle 1.2 ms`, `4 polls by worker 1`, `last woken by worker 2`, each of which fits the
/// width. Without one, it is told elsewhere who polled.
fn whereabouts(of: &Whereabouts, width: Option<usize>) -> Vec<String> {
    let [busy, ready, idle] =
        [of.busy_ns, of.ready_ns, of.idle_ns].map(|ns| units::duration(ns.into()));
    let mut told = vec![format!("busy {busy}, ready {ready}, idle {idle}")];
    let polls = units::things(of.polls, "poll");
    told.push(match width {
        Some(width) if !of.threads.is_empty() => {
            let polls = format!("{polls} by ");
            let names = names(&of.threads, width.saturating_sub(polls.len()));
            format!("{polls}{names}")
        }
        _ => polls,
    });
    told.extend(of.last_woken_by.as_ref().map(|name| {
        let woken = "last woken by ";
        let room = width.map_or(MAX_THREAD_WIDTH, |width| width.saturating_sub(woken.len()));
        format!("{woken}{}", shorten_middle(&plain(name), room))
    }));
    told
}

/// As many of these names of threads as fit, and how many there are besides.
fn names(threads: &[String], limit: usize) -> String {
    let plain: Vec<_> = threads.iter().take(limit).map(|name| plain(name)).collect();
    let first = |n: usize| {
        let more = threads.len() - n;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        (plain[..n].join(", "), more)
    };
    let fits = |(names, more): &(String, String)| escape::width(names) + more.len() <= limit;
    match (1..=plain.len()).rev().map(first).find(fits) {
        Some((names, more)) => names + &more,
        None if plain.is_empty() => String::new(),
        None => {
            let (name, more) = first(1);
            let name = shorten_middle(&name, limit.saturating_sub(more.len())).into_owned();
            name + &more
        }
    }
}

fn thread_cell(name: &str) -> Cell {
    Cell::from(shorten_middle(&plain(name), MAX_THREAD_WIDTH))
}

fn arguments_row(table: &mut Table, branch: &Branch, args: &[Argument]) {
    if !args.is_empty() {
        let text = shorten_end(&arguments(args), MAX_ARGS_LEN).into_owned();
        let cell = Cell::styled(FAINT, text).after(FAINT, branch.below.clone());
        table.row([Cell::default(), cell]);
    }
}

/// Type and number in `limit` columns, or as many as the number takes. A task that began while
/// nothing was recorded has no number.
fn title(task_type: Option<&str>, task: u64, limit: usize) -> String {
    let name = plain(task_type.unwrap_or("(unknown type)"));
    let number = if task == 0 { String::new() } else { format!(" #{task}") };
    format!("{}{number}", shorten_middle(&name, limit.saturating_sub(number.len())))
}

fn log(category: &str, message: &str, cut_from: Option<u64>) -> String {
    let cut = cut_from.map(|len| format!(" … (cut from {})", units::bytes(len)));
    let category = if category.is_empty() { "log" } else { category };
    format!("{}: {}{}", plain(category), plain(message), cut.unwrap_or_default())
}

fn write_note(out: &mut dyn Write, note: &str, width: usize) -> io::Result<()> {
    writeln!(out, "{}", paint(FAINT, paragraph(note, 2, width)))
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

/// How a future ended, if it did not give a result.
fn unusual(outcome: Option<&'static str>) -> String {
    let outcome = outcome.filter(|&outcome| outcome != "completed");
    outcome.map_or_else(String::new, |outcome| format!(" ({outcome})"))
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
