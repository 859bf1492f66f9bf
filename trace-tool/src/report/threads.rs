//! The threads of a report: a row for each, made when it is asked for, since a trace may have millions.

use std::cmp::Reverse;
use std::collections::HashSet;

use serde::{Serialize, Serializer};
use trace_reader::Time;
use trace_reader::analysis::ThreadActivity;

use super::{Loss, SortKey};
use crate::threads::ThreadNames;

/// What a thread did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ThreadRow {
    /// Its number.
    pub thread: u64,
    /// Its name, or `thread 3` when it has none.
    pub name: String,
    /// Events that could be read.
    pub events: u64,
    /// The first of them.
    pub first_time_ns: Option<i64>,
    /// The last of them.
    pub last_time_ns: Option<i64>,
    /// Time in outermost regions.
    pub in_regions_ns: u64,
    /// How many outermost regions there were.
    pub outermost: u64,
    /// Whether events of this thread are missing.
    pub lossy: bool,
}

/// What the threads did: in JSON a list of [rows](ThreadRow).
#[derive(Clone, Debug)]
pub struct ThreadRows(Rows);

#[derive(Clone, Debug)]
enum Rows {
    /// Those of one trace.
    OfTrace(OfTrace),
    /// Those of several.
    Joined(Vec<ThreadRow>),
}

#[derive(Clone, Debug)]
struct OfTrace {
    threads: Vec<ThreadActivity>,
    names: ThreadNames,
    /// Those of which something is known to be lost; `None` stands for any.
    lossy: HashSet<Option<u64>>,
}

impl ThreadRows {
    pub(super) fn new(threads: Vec<ThreadActivity>, names: ThreadNames, loss: &Loss) -> Self {
        let of_losses = loss.losses.iter().map(|loss| loss.thread);
        let of_gaps = loss.gaps.iter().map(|gap| Some(gap.thread));
        let lossy = of_losses.chain(of_gaps).collect();
        Self(Rows::OfTrace(OfTrace { threads, names, lossy }))
    }

    /// Of several traces. Programs that are traced together are not made to have millions of threads, so that
    /// these rows are kept.
    pub(super) fn joined(rows: Vec<ThreadRow>) -> Self {
        Self(Rows::Joined(rows))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Rows::OfTrace(of) => of.threads.len(),
            Rows::Joined(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One row after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ThreadRow> {
        (0..self.len()).map(|at| match &self.0 {
            Rows::OfTrace(of) => of.row(&of.threads[at]),
            Rows::Joined(rows) => rows[at].clone(),
        })
    }

    /// Equal ones by number.
    pub(super) fn sort(&mut self, key: SortKey) {
        match &mut self.0 {
            Rows::OfTrace(of) => of.sort(key),
            Rows::Joined(rows) => match key {
                SortKey::Name => rows.sort_by(|a, b| a.name.cmp(&b.name)),
                SortKey::Count => rows.sort_by_key(|row| Reverse(row.events)),
                _ => rows.sort_by_key(|row| Reverse(row.in_regions_ns)),
            },
        }
    }

    pub(super) fn truncate(&mut self, limit: usize) {
        match &mut self.0 {
            Rows::OfTrace(of) => of.threads.truncate(limit),
            Rows::Joined(rows) => rows.truncate(limit),
        }
    }
}

impl OfTrace {
    fn row(&self, thread: &ThreadActivity) -> ThreadRow {
        let number = thread.id.0;
        ThreadRow {
            thread: number,
            name: self.names.of_thread(thread.id).into_owned(),
            events: thread.events,
            first_time_ns: thread.span.map(|(first, _)| first).map(Time::ns),
            last_time_ns: thread.span.map(|(_, last)| last).map(Time::ns),
            in_regions_ns: thread.covered_ns,
            outermost: thread.outermost,
            // What was lost on an unknown thread may have been lost on any.
            lossy: self.lossy.contains(&Some(number)) || self.lossy.contains(&None),
        }
    }

    fn sort(&mut self, key: SortKey) {
        let Self { threads, names, .. } = self;
        match key {
            SortKey::Name => threads.sort_unstable_by(|a, b| {
                names.of_thread(a.id).cmp(&names.of_thread(b.id)).then(a.id.cmp(&b.id))
            }),
            SortKey::Count => threads.sort_unstable_by_key(|row| (Reverse(row.events), row.id)),
            _ => threads.sort_unstable_by_key(|row| (Reverse(row.covered_ns), row.id)),
        }
    }
}

impl Serialize for ThreadRows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
