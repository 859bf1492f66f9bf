//! The tables of a report.
//!
//! When events were lost, a number that this may have changed says so: a count or a total is *at
//! least* what is shown, a minimum *at most*, and a mean or a percentile is that of what is left.

use std::io::{self, Write};

use crate::escape::plain;
use crate::flow::paragraph;
use crate::histogram::{Scale, share_bar};
use crate::paint::{BAR, FAINT, TEXT, WARNING, paint};
use crate::report::{Report, Times};
use crate::table::{self, Cell, Column, Table};
use crate::units;

/// How a number relates to the one that a trace without loss would have.
#[derive(Clone, Copy)]
struct Marks {
    lossy: bool,
}

impl Marks {
    fn of(report: &Report) -> Self {
        Self { lossy: !report.loss.is_empty() }
    }

    fn marked(self, mark: char, text: String) -> Cell {
        if self.lossy { Cell::from(format!("{mark}{text}")) } else { Cell::from(text) }
    }

    fn at_least(self, text: String) -> Cell {
        self.marked('≥', text)
    }

    fn at_most(self, text: String) -> Cell {
        self.marked('≤', text)
    }

    fn about(self, text: String) -> Cell {
        self.marked('~', text)
    }
}

pub(super) fn tasks(
    report: &Report,
    out: &mut dyn Write,
    width: usize,
    rows: usize,
) -> io::Result<()> {
    let marks = Marks::of(report);
    let scale = Scale::of(report.tasks.iter().map(|row| &row.times.histogram[..]));
    let open = Extra::when(report.tasks.iter().map(|row| row.open), "open");
    let before = Extra::when(report.tasks.iter().map(|row| row.began_before), "before");
    let mut columns = vec![Column::names("Tasks"), Column::numbers("count")];
    columns.extend(open.column().into_iter().chain(before.column()));
    columns.push(Column::numbers("total"));
    columns.extend(times_columns(&scale));
    let mut table = Table::new(columns);
    for row in report.tasks.iter().take(rows) {
        let mut cells = vec![name(&row.name), marks.at_least(units::count(row.count))];
        cells.extend(open.cell(row.open).into_iter().chain(before.cell(row.began_before)));
        cells.push(total(marks, row.count, row.times.total_ns));
        cells.extend(times_cells(marks, row.count, &row.times, &scale));
        table.row(cells);
    }
    write(&table, out, width, report.tasks.len().saturating_sub(rows))
}

/// The tasks of tests, those that panicked first.
pub(super) fn tests(
    report: &Report,
    panicked: &dyn Fn(&str) -> u64,
    out: &mut dyn Write,
    width: usize,
    rows: usize,
) -> io::Result<()> {
    let marks = Marks::of(report);
    let mut tasks: Vec<_> = report.tasks.iter().map(|row| (panicked(&row.name), row)).collect();
    tasks.sort_by_key(|(panicked, _)| *panicked == 0);
    let rows_of = || tasks.iter();
    let panicked = Extra::when(rows_of().map(|(panicked, _)| *panicked), "panicked");
    let open = Extra::when(rows_of().map(|(_, row)| row.open), "open");
    let several = rows_of().any(|(_, row)| row.count > 1);
    let mut columns = vec![Column::names("Tasks"), Column::numbers("count")];
    columns.extend(panicked.column().into_iter().chain(open.column()));
    columns.push(Column::numbers("total"));
    columns.extend(several.then(|| Column::numbers("max").dropped(3)));
    let mut table = Table::new(columns);
    for (panics, row) in tasks.iter().take(rows) {
        let mut cells = vec![name(&row.name), marks.at_least(units::count(row.count))];
        cells.extend(panicked.cell(*panics).into_iter().chain(open.cell(row.open)));
        cells.push(total(marks, row.count, row.times.total_ns));
        cells.extend(several.then(|| match row.count {
            // The total once more.
            0 | 1 => none(),
            _ => marks.at_least(units::duration(row.times.max_ns.into())),
        }));
        table.row(cells);
    }
    write(&table, out, width, tasks.len().saturating_sub(rows))
}

pub(super) fn regions(
    report: &Report,
    out: &mut dyn Write,
    width: usize,
    rows: usize,
) -> io::Result<()> {
    let marks = Marks::of(report);
    let scale = Scale::of(report.regions.iter().map(|row| &row.times.histogram[..]));
    let open = Extra::when(report.regions.iter().map(|row| row.open), "open");
    let before = Extra::when(report.regions.iter().map(|row| row.began_before), "before");
    let end_lost = Extra::when(report.regions.iter().map(|row| row.end_lost), "end lost");
    let mut columns = vec![Column::names("Regions"), Column::numbers("count")];
    columns.extend([&open, &before, &end_lost].into_iter().filter_map(Extra::column));
    columns.push(Column::numbers("total"));
    columns.push(Column::numbers("self").dropped(3));
    columns.extend(times_columns(&scale));
    let mut table = Table::new(columns);
    for row in report.regions.iter().take(rows) {
        let mut cells = vec![name(&row.name), marks.at_least(units::count(row.count))];
        let extras = [(&open, row.open), (&before, row.began_before), (&end_lost, row.end_lost)];
        cells.extend(extras.into_iter().filter_map(|(extra, count)| extra.cell(count)));
        cells.push(total(marks, row.count, row.times.total_ns));
        cells.push(match row.count {
            0 => none(),
            _ => marks.about(units::duration(row.self_ns.into())),
        });
        cells.extend(times_cells(marks, row.count, &row.times, &scale));
        table.row(cells);
    }
    write(&table, out, width, report.regions.len().saturating_sub(rows))
}

/// Nothing, unless there are futures.
pub(super) fn futures(
    report: &Report,
    out: &mut dyn Write,
    width: usize,
    rows: usize,
) -> io::Result<()> {
    let marks = Marks::of(report);
    let rows_of = || report.futures.iter();
    let scale = Scale::of(rows_of().map(|row| &row.times.histogram[..]));
    let pending = Extra::when(rows_of().map(|row| row.pending), "pending");
    let before = Extra::when(rows_of().map(|row| row.began_before), "before");
    let cancelled = Extra::when(rows_of().map(|row| row.cancelled), "cancelled");
    let panicked = Extra::when(rows_of().map(|row| row.panicked), "panicked");
    let mut columns = vec![Column::names("Futures"), Column::numbers("count")];
    let extras = [&pending, &before, &cancelled, &panicked];
    columns.extend(extras.into_iter().filter_map(Extra::column));
    columns.push(Column::numbers("total"));
    columns.extend(["busy", "ready", "idle"].map(Column::numbers));
    columns.push(Column::numbers("polls").dropped(4));
    columns.push(Column::numbers("self").dropped(3));
    columns.extend(times_columns(&scale));
    let mut table = Table::new(columns);
    for row in rows_of().take(rows) {
        let mut cells = vec![name(&row.name), marks.at_least(units::count(row.count))];
        let extras = [
            (&pending, row.pending),
            (&before, row.began_before),
            (&cancelled, row.cancelled),
            (&panicked, row.panicked),
        ];
        cells.extend(extras.into_iter().filter_map(|(extra, count)| extra.cell(count)));
        cells.push(total(marks, row.count, row.times.total_ns));
        for ns in [row.busy_ns, row.ready_ns, row.idle_ns] {
            cells.push(match row.count {
                0 => none(),
                _ => marks.about(units::share(ns, row.times.total_ns)),
            });
        }
        cells.push(marks.at_least(units::count(row.polls)));
        cells.push(marks.about(units::duration(row.self_ns.into())));
        cells.extend(times_cells(marks, row.count, &row.times, &scale));
        table.row(cells);
    }
    write(&table, out, width, report.futures.len().saturating_sub(rows))
}

pub(super) fn threads(
    report: &Report,
    out: &mut dyn Write,
    width: usize,
    rows: usize,
) -> io::Result<()> {
    let mut table = Table::new([
        Column::names("Threads"),
        Column::numbers("events"),
        Column::numbers("first").dropped(3),
        Column::numbers("last").dropped(2),
        Column::numbers("in regions"),
        Column::numbers("share"),
        Column::words("").dropped(4),
    ]);
    for row in report.threads.iter().take(rows) {
        let marks = Marks { lossy: row.lossy };
        let time = |ns: Option<i64>| ns.map_or_else(none, |ns| Cell::from(units::time(ns)));
        table.row([
            name(&row.name),
            marks.at_least(units::count(row.events)),
            time(row.first_time_ns),
            time(row.last_time_ns),
            marks.about(units::duration(row.in_regions_ns.into())),
            marks.about(units::share(row.in_regions_ns, report.duration_ns)),
            Cell::styled(BAR, share_bar(row.in_regions_ns, report.duration_ns)),
        ]);
    }
    write(&table, out, width, report.threads.len().saturating_sub(rows))
}

pub(super) fn logs(
    report: &Report,
    out: &mut dyn Write,
    width: usize,
    rows: usize,
) -> io::Result<()> {
    let marks = Marks::of(report);
    let mut table = Table::new([
        Column::names("Logs"),
        Column::numbers("count"),
        Column::numbers("first").dropped(2),
        Column::numbers("last").dropped(1),
    ]);
    for row in report.logs.iter().take(rows) {
        table.row([
            name(&row.category),
            marks.at_least(units::count(row.count)),
            Cell::from(units::time(row.first_time_ns)),
            Cell::from(units::time(row.last_time_ns)),
        ]);
    }
    write(&table, out, width, report.logs.len().saturating_sub(rows))
}

pub(super) fn counters(
    report: &Report,
    out: &mut dyn Write,
    width: usize,
    rows: usize,
) -> io::Result<()> {
    let marks = Marks::of(report);
    let mut table = Table::new([
        Column::names("Counters"),
        Column::numbers("count"),
        Column::numbers("min").dropped(2),
        Column::numbers("mean").dropped(1),
        Column::numbers("max"),
        Column::numbers("last").dropped(3),
    ]);
    for row in report.counters.iter().take(rows) {
        let count = marks.at_least(units::count(row.count));
        let last = marks.about(units::value(row.last));
        if row.min > row.max {
            // No value was a number.
            table.row([name(&row.name), count, none(), none(), none(), last]);
            continue;
        }
        table.row([
            name(&row.name),
            count,
            marks.at_most(units::value(row.min)),
            marks.about(units::value(row.mean)),
            marks.at_least(units::value(row.max)),
            last,
        ]);
    }
    write(&table, out, width, report.counters.len().saturating_sub(rows))
}

/// A column for what is rare: there only when a row has it.
struct Extra {
    title: Option<&'static str>,
}

impl Extra {
    fn when(mut counts: impl Iterator<Item = u64>, title: &'static str) -> Self {
        Self { title: counts.any(|count| count > 0).then_some(title) }
    }

    fn column(&self) -> Option<Column> {
        self.title.map(|title| Column::numbers(title).dropped(2))
    }

    fn cell(&self, count: u64) -> Option<Cell> {
        self.title.map(|_| match count {
            0 => none(),
            _ => Cell::styled(WARNING, units::count(count)),
        })
    }
}

fn times_columns(scale: &Scale) -> Vec<Column> {
    vec![
        Column::numbers("mean").dropped(7),
        Column::numbers("p50").dropped(4),
        Column::numbers("p90").dropped(8),
        Column::numbers("p99").dropped(1),
        Column::numbers("p99.9").dropped(9),
        Column::numbers("max"),
        Column::words(&scale.legend()).called("the histogram").dropped(6),
    ]
}

fn times_cells(marks: Marks, count: u64, times: &Times, scale: &Scale) -> Vec<Cell> {
    if count == 0 {
        // No number is better than one that looks like a very short duration.
        let bars = Cell::styled(BAR, scale.bars(&[]));
        return std::iter::repeat_with(none).take(6).chain([bars]).collect();
    }
    let about = |ns: u64| marks.about(units::duration(ns.into()));
    vec![
        about(times.mean_ns),
        about(times.p50_ns),
        about(times.p90_ns),
        about(times.p99_ns),
        about(times.p99_9_ns),
        marks.at_least(units::duration(times.max_ns.into())),
        Cell::styled(BAR, scale.bars(&times.histogram)),
    ]
}

fn total(marks: Marks, count: u64, ns: u64) -> Cell {
    if count == 0 { none() } else { marks.at_least(units::duration(ns.into())) }
}

fn name(text: &str) -> Cell {
    match text {
        "" => Cell::styled(FAINT, "(no name)"),
        text => Cell::styled(TEXT, plain(text)),
    }
}

fn none() -> Cell {
    Cell::styled(FAINT, "–")
}

/// Writes a section, unless it is empty: the table, and what of it is not shown.
pub(crate) fn write(
    table: &Table,
    out: &mut dyn Write,
    width: usize,
    more: usize,
) -> io::Result<()> {
    if table.is_empty() && more == 0 {
        return Ok(());
    }
    writeln!(out)?;
    let left_out = table.write(out, width)?;
    let mut notes = Vec::new();
    if more > 0 {
        notes.push(format!("… and {} more (--limit)", units::count(more as u64)));
    }
    notes.extend(table::left_out(left_out));
    for note in notes {
        writeln!(out, "{}", paint(FAINT, paragraph(&note, 2, width)))?;
    }
    Ok(())
}
