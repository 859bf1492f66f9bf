//! The processes of a run, each with its trace, and the report of all.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::Verb;
use super::panicked::{Panicked, PanickedRow};
use crate::commands;
use crate::escape::plain;
use crate::flow::{joined, paragraph};
use crate::paint::{FAINT, HEADING, WARNING, paint};
use crate::report::{Joined, Report, SortKey, write_section};
use crate::table::{Cell, Column, Table};
use crate::{units, wall};

/// A run: the shape of `cargo trace run --json`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Processes {
    /// The command line.
    command: Vec<String>,
    /// The exit code.
    code: u8,
    /// Where the traces are.
    directory: String,
    /// Each process that wrote one, those that began first first.
    processes: Vec<ProcessRow>,
    /// Of tests, those that panicked, also where that is as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    panicked: Option<Vec<PanickedRow>>,
    /// The same, to be looked up.
    #[serde(skip)]
    tests: Option<Panicked>,
    /// What all of them say together; nothing, if none can be read.
    #[serde(flatten)]
    report: Option<Report>,
}

/// A process.
#[derive(Clone, Debug, Serialize)]
struct ProcessRow {
    /// The name of its trace, in the directory.
    file: String,
    /// Why the trace cannot be read, if it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The path of the program's executable.
    program: String,
    /// The process id.
    pid: u64,
    /// When the trace was started.
    start_wall_ns: Option<u64>,
    /// From the start to the stop, or to the last event.
    duration_ns: u64,
    /// Whether the trace was stopped, as it is when the process exits.
    stopped: bool,
    /// The size of the file.
    file_bytes: u64,
    /// Events that could be read.
    events: u64,
    /// Events that are known to be lost.
    events_lost: u64,
}

impl Processes {
    /// Reads these traces.
    pub(super) fn of(
        verb: Verb,
        command: Vec<String>,
        code: u8,
        directory: &Path,
        files: &[impl AsRef<Path>],
    ) -> Self {
        let mut all = Joined::default();
        let mut tests = (verb == Verb::Test).then(Panicked::default);
        let row = |file| ProcessRow::of(file, &mut all, tests.as_mut());
        let mut processes: Vec<_> = files.iter().map(AsRef::as_ref).map(row).collect();
        processes.sort_by_key(|row| row.start_wall_ns);
        let directory = directory.to_string_lossy().into_owned();
        let panicked = tests.as_ref().map(Panicked::rows);
        Self { command, code, directory, processes, panicked, tests, report: all.finish() }
    }

    /// Sorts the rows of every table of the report.
    pub(super) fn sort(&mut self, key: SortKey) {
        if let Some(report) = &mut self.report {
            report.sort(key);
        }
    }

    /// Keeps the first `limit` rows of every table of the report.
    pub(super) fn truncate(&mut self, limit: usize) {
        if let Some(report) = &mut self.report {
            report.truncate(limit);
        }
    }

    /// Writes all that in lines of at most `width` columns, and at most `rows` rows per table.
    pub(super) fn write(&self, out: &mut dyn Write, width: usize, rows: usize) -> io::Result<()> {
        let command = plain(&self.command.join(" ")).into_owned();
        writeln!(out, "\n{}", paint(HEADING, paragraph(&command, 2, width)))?;
        if let Some(report) = &self.report {
            let mut amounts = Vec::new();
            if let Some(ns) = report.start_wall_ns {
                amounts.push(format!("{} UTC", wall::date_and_time(ns)));
            }
            amounts.push(units::duration(report.duration_ns.into()));
            amounts.push(units::things(report.events, "event"));
            writeln!(out, "{}", joined(&amounts, width))?;
        }
        let place = format!("traces in {}", plain(&self.directory));
        writeln!(out, "{}", paint(FAINT, paragraph(&place, 2, width)))?;
        self.write_processes(out, width, rows)?;
        match (&self.report, &self.tests) {
            (Some(report), None) => report.write_tables(out, width, rows),
            (Some(report), Some(panicked)) => {
                report.write_tables_of_tests(&|name| panicked.count(name), out, width, rows)
            }
            (None, _) => Ok(()),
        }
    }

    fn write_processes(&self, out: &mut dyn Write, width: usize, rows: usize) -> io::Result<()> {
        let mut table = Table::new([
            Column::names("Processes"),
            Column::numbers("events"),
            Column::numbers("size"),
            Column::numbers("time").dropped(1),
            Column::words(""),
        ]);
        for row in self.processes.iter().take(rows) {
            let file = Cell::from(plain(&row.file));
            if let Some(error) = &row.error {
                table.row([file, Cell::styled(WARNING, plain(error))]);
                continue;
            }
            let state = if row.stopped { Cell::from("stopped") } else { not_stopped() };
            table.row([
                file,
                Cell::from(units::count(row.events)),
                Cell::from(units::bytes(row.file_bytes)),
                Cell::from(units::duration(row.duration_ns.into())),
                state,
            ]);
        }
        write_section(&table, out, width, self.processes.len().saturating_sub(rows))
    }
}

fn not_stopped() -> Cell {
    Cell::styled(WARNING, "not stopped: killed, crashed or still running")
}

impl ProcessRow {
    /// Reads a trace, and adds it to the others, and to `tests` those in it that panicked.
    fn of(path: &Path, all: &mut Joined, tests: Option<&mut Panicked>) -> Self {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read = commands::read_whole(path, |trace| {
            if let Some(tests) = tests {
                tests.add(trace)?;
            }
            all.add(trace).map(|report| Self {
                file: file.clone(),
                error: None,
                program: report.program.clone(),
                pid: report.pid,
                start_wall_ns: report.start_wall_ns,
                duration_ns: report.duration_ns,
                stopped: report.stopped,
                file_bytes: report.file_bytes,
                events: report.events,
                events_lost: report.loss.events,
            })
        });
        read.unwrap_or_else(|error| Self {
            file: file.clone(),
            error: Some(error.to_string()),
            program: String::new(),
            pid: 0,
            start_wall_ns: None,
            duration_ns: 0,
            stopped: false,
            file_bytes: path.metadata().map_or(0, |metadata| metadata.len()),
            events: 0,
            events_lost: 0,
        })
    }
}
