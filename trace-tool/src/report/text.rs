//! The text of a [`Report`]: the head of it, then one table per section.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use super::{Loss, Problems, Report};
use crate::escape::{plain, shorten_middle};
use crate::flow::{joined, paragraph};
use crate::paint::{ALARM, FAINT, HEADING, WARNING, paint};
use crate::table::{self, Cell, Column, Table};
use crate::{loss, units, wall};

mod sections;

pub(crate) use sections::write as write_section;

/// The width when nobody says another one.
pub(crate) const DEFAULT_WIDTH: usize = 100;

impl Report {
    /// Writes the report in lines of at most `width` columns, and at most `rows` rows per table.
    ///
    /// The text is styled with ANSI escape codes; `anstream` takes them out again where they are
    /// not wanted. Nothing in it that comes from the trace can be one.
    ///
    /// # Errors
    /// What `out` returns.
    pub fn write(&self, out: &mut dyn Write, width: usize, rows: usize) -> io::Result<()> {
        self.write_head(out, width)?;
        self.write_tables(out, width, rows)
    }

    /// The same without what tells which program it was, and when.
    pub(crate) fn write_tables(
        &self,
        out: &mut dyn Write,
        width: usize,
        rows: usize,
    ) -> io::Result<()> {
        self.write_loss(out, width)?;
        sections::tasks(self, out, width, rows)?;
        sections::regions(self, out, width, rows)?;
        sections::futures(self, out, width, rows)?;
        sections::threads(self, out, width, rows)?;
        self.write_logs_and_problems(out, width, rows)
    }

    /// The same of tests, of each of whose names so many panicked: most tasks are one each, and have names that
    /// tell much. The harness has a thread for each, called after it, of which there is nothing more to say.
    pub(crate) fn write_tables_of_tests(
        &self,
        panicked: &dyn Fn(&str) -> u64,
        out: &mut dyn Write,
        width: usize,
        rows: usize,
    ) -> io::Result<()> {
        self.write_loss(out, width)?;
        sections::tests(self, panicked, out, width, rows)?;
        sections::regions(self, out, width, rows)?;
        sections::futures(self, out, width, rows)?;
        self.write_logs_and_problems(out, width, rows)
    }

    fn write_loss(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        if self.loss.is_empty() { Ok(()) } else { self.loss.write(out, width) }
    }

    fn write_logs_and_problems(
        &self,
        out: &mut dyn Write,
        width: usize,
        rows: usize,
    ) -> io::Result<()> {
        sections::logs(self, out, width, rows)?;
        sections::counters(self, out, width, rows)?;
        if self.problems.total > 0 {
            self.problems.write(out, width)?;
        }
        Ok(())
    }

    fn write_head(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let program = match self.program.as_str() {
            "" => "unknown program".into(),
            program => shorten_middle(&plain(program), width).into_owned(),
        };
        writeln!(out, "{}", paint(HEADING, program))?;
        if !self.command_line.is_empty() {
            writeln!(out, "{}", paint(FAINT, paragraph(&plain(&self.command_line), 2, width)))?;
        }
        let mut place = Vec::new();
        if let Some(ns) = self.start_wall_ns {
            place.push(format!("{} UTC", wall::date_and_time(ns)));
        }
        if self.pid != 0 {
            place.push(format!("pid {}", self.pid));
        }
        if !self.host.is_empty() {
            place.push(format!("on {}", plain(&self.host)));
        }
        if !place.is_empty() {
            writeln!(out, "{}", joined(&place, width))?;
        }
        let amounts = [
            units::duration(self.duration_ns.into()),
            units::things(self.threads.len() as u64, "thread"),
            units::things(self.events, "event"),
            units::bytes(self.file_bytes),
        ];
        let mut amounts = amounts.to_vec();
        if self.stopped {
            amounts.push("stopped cleanly".to_owned());
        }
        writeln!(out, "{}", joined(&amounts, width))?;
        if !self.stopped {
            let text = "not stopped: the program was killed, crashed or is still running";
            writeln!(out, "{}", paint(WARNING, paragraph(text, 0, width)))?;
        }
        Ok(())
    }
}

/// As on a terminal of 100 columns, in full and without colours.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::new();
        self.write(&mut bytes, DEFAULT_WIDTH, usize::MAX).map_err(|_| fmt::Error)?;
        write!(f, "{}", anstream::adapter::strip_str(&String::from_utf8_lossy(&bytes)))
    }
}

impl Loss {
    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let chunks = loss::total(self.gaps.iter().map(|gap| gap.chunks));
        let alarm = loss::alarm(self.events, chunks, self.damaged);
        writeln!(out, "\n{}", paint(ALARM, paragraph(&alarm, 0, width)))?;
        let marks = "Numbers that this may have changed are marked: ≥ at least, ≤ at most, ~ of what is left.";
        writeln!(out, "{}", paragraph(marks, 0, width))?;
        let mut table = Table::new([
            Column::numbers(""),
            Column::words("").shortened(),
            Column::words(""),
            Column::words("").called("the cause").dropped(1),
        ]);
        let mut reasons = BTreeMap::new();
        let between = |from, to| format!("{} … {}", units::time(from), units::time(to));
        for loss in &self.losses {
            table.row([
                Cell::styled(ALARM, units::things(loss.count, "event")),
                Cell::from(loss.thread_name.as_deref().map_or("any thread".into(), plain)),
                Cell::from(between(loss.from_time_ns, loss.to_time_ns)),
                Cell::from(loss.cause),
            ]);
            reasons.insert(loss.cause, loss.explanation);
        }
        for gap in &self.gaps {
            table.row([
                Cell::styled(ALARM, units::things(gap.chunks, "chunk")),
                Cell::from(plain(&gap.thread_name)),
                Cell::from(between(gap.from_time_ns, gap.to_time_ns)),
                Cell::from("missing"),
            ]);
            reasons.insert("missing", "The file does not have them, or they are damaged.");
        }
        let left_out = table::left_out(table.write(out, width)?);
        let reasons = reasons.iter().map(|(cause, reason)| format!("{cause}: {reason}"));
        for note in left_out.into_iter().chain(reasons) {
            writeln!(out, "{}", paint(FAINT, paragraph(&note, 2, width)))?;
        }
        Ok(())
    }
}

impl Problems {
    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        writeln!(out, "\n{}", paint(WARNING, units::things(self.total, "problem")))?;
        for problem in &self.first {
            writeln!(out, "  {}", paragraph(&plain(problem), 4, width.saturating_sub(2)))?;
        }
        let more = self.total.saturating_sub(self.first.len() as u64);
        if more > 0 {
            writeln!(out, "  … and {} more", units::count(more))?;
        }
        let hint = "`cargo trace validate` checks more strictly and lists all";
        writeln!(out, "  {}", paint(FAINT, paragraph(hint, 2, width.saturating_sub(2))))
    }
}
