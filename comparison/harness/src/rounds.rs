//! Timing of rows, interleaved, in rounds.
//!
//! Every round runs each row once, one after the other, so that a machine that gets slower does so
//! for all of them. A row that has used up its share of time is left out of further rounds.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::controls::{self, Memory};
use crate::lines::{Line, Mode, Row, Unit};
use crate::peer::{Operation, Operations, Peer};
use crate::{BATCH, OPERATIONS};

const ROUNDS: usize = 7;
/// What a row may take, the peer's settling included. It is run once in any case.
const SHARE: Duration = Duration::from_millis(800);

/// Times every row with recording off, if there is such a thing.
pub(crate) fn off(peer: &impl Peer) {
    let switchable = peer.facts().off.is_some();
    let rows = if switchable { rows(peer.operations()) } else { Vec::new() };
    time(Mode::Off, rows, |_, operation| time_of(|| operations(operation, OPERATIONS)));
}

/// Times every row with recording on, after a few operations that are not timed.
pub(crate) fn on(peer: &mut impl Peer) {
    let output = tempfile::tempdir().expect("a directory for the output");
    peer.start(output.path());
    for (_, operation) in rows(peer.operations()) {
        peer.batch(&mut || operations(operation, BATCH));
    }
    let rows = rows(peer.operations());
    time(Mode::On, rows, |row, operation| {
        let took = time_of(|| {
            for _ in 0..OPERATIONS / BATCH {
                if row == Row::Task {
                    operations(operation, BATCH);
                } else {
                    peer.batch(&mut || operations(operation, BATCH));
                }
            }
        });
        peer.settle();
        took
    });
    peer.stop();
}

/// `count` times the operation, each through a call that is not inlined.
pub(crate) fn operations(operation: Operation, count: u64) {
    for x in 0..count {
        black_box(operation(black_box(x)));
    }
}

fn rows(operations: Operations) -> Vec<(Row, Operation)> {
    [
        (Row::Region, Some(operations.region)),
        (Row::RegionWithInteger, operations.region_with_integer),
        (Row::Log, operations.log),
        (Row::Task, operations.task),
    ]
    .into_iter()
    .filter_map(|(row, operation)| Some((row, operation?)))
    .collect()
}

/// Runs the controls and `rows` in rounds, a row by `once`, and prints them.
fn time(mode: Mode, rows: Vec<(Row, Operation)>, mut once: impl FnMut(Row, Operation) -> Duration) {
    let memory = Memory::new();
    let mut rows: Vec<Timed> = rows.into_iter().map(Timed::new).collect();
    let mut controls = [Row::Floor, Row::Plain, Row::Arithmetic, Row::Memory].map(Timed::control);
    for _ in 0..ROUNDS {
        for control in &mut controls {
            let took = time_of(|| match control.row {
                Row::Floor => (0..OPERATIONS).for_each(|_| controls::floor()),
                Row::Plain => operations(controls::plain, OPERATIONS),
                Row::Arithmetic => _ = controls::arithmetic(OPERATIONS),
                _ => _ = memory.walk(OPERATIONS),
            });
            control.add(took);
        }
        for row in &mut rows {
            if row.spent < SHARE {
                let begin = Instant::now();
                row.add(once(row.row, row.operation));
                row.spent += begin.elapsed();
            }
        }
    }
    for row in controls.into_iter().chain(rows) {
        row.into_line(mode).print();
    }
}

fn time_of(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

struct Timed {
    row: Row,
    operation: Operation,
    spent: Duration,
    values: Vec<f64>,
}

impl Timed {
    fn new((row, operation): (Row, Operation)) -> Self {
        Self { row, operation, spent: Duration::ZERO, values: Vec::new() }
    }

    fn control(row: Row) -> Self {
        Self::new((row, controls::plain))
    }

    fn add(&mut self, took: Duration) {
        self.values.push(took.as_nanos() as f64 / OPERATIONS as f64);
    }

    fn into_line(self, mode: Mode) -> Line {
        Line::Row { mode, row: self.row, unit: Unit::Nanoseconds, values: self.values }
    }
}
