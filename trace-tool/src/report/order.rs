//! In which order the rows of a report stand.

use std::cmp::Reverse;

use super::{Report, Times};

/// What the rows of a report are sorted by: the largest first, names alphabetically.
///
/// Where a table has no such column, its nearest relative counts: for tasks, which have no self
/// time, the total; for threads the number of events or the time in regions; for logs and counters,
/// which have no durations, the count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum SortKey {
    /// How many there are.
    Count,
    /// The sum of their durations.
    #[default]
    Total,
    /// The sum of their durations without regions within them.
    #[value(name = "self")]
    SelfTime,
    /// The mean of their durations.
    Mean,
    /// The duration that 99 % of them do not exceed.
    P99,
    /// The longest duration.
    Max,
    /// The name.
    Name,
}

impl Report {
    /// Sorts the rows of every table; equal ones by name, threads by number.
    pub fn sort(&mut self, key: SortKey) {
        self.tasks.sort_by(|a, b| a.name.cmp(&b.name));
        self.regions.sort_by(|a, b| a.name.cmp(&b.name));
        self.futures.sort_by(|a, b| a.name.cmp(&b.name));
        self.logs.sort_by(|a, b| a.category.cmp(&b.category));
        self.counters.sort_by(|a, b| a.name.cmp(&b.name));
        self.threads.sort(key);
        if key == SortKey::Name {
            return;
        }
        self.tasks.sort_by_key(|row| Reverse(rank(key, row.count, &row.times, None)));
        self.regions
            .sort_by_key(|row| Reverse(rank(key, row.count, &row.times, Some(row.self_ns))));
        self.futures
            .sort_by_key(|row| Reverse(rank(key, row.count, &row.times, Some(row.self_ns))));
        self.logs.sort_by_key(|row| Reverse(row.count));
        self.counters.sort_by_key(|row| Reverse(row.count));
    }

    /// Keeps the first `limit` rows of every table.
    pub fn truncate(&mut self, limit: usize) {
        self.tasks.truncate(limit);
        self.regions.truncate(limit);
        self.futures.truncate(limit);
        self.threads.truncate(limit);
        self.logs.truncate(limit);
        self.counters.truncate(limit);
    }
}

fn rank(key: SortKey, count: u64, times: &Times, self_ns: Option<u64>) -> u64 {
    match key {
        SortKey::Count | SortKey::Name => count,
        SortKey::Total => times.total_ns,
        SortKey::SelfTime => self_ns.unwrap_or(times.total_ns),
        SortKey::Mean => times.mean_ns,
        SortKey::P99 => times.p99_ns,
        SortKey::Max => times.max_ns,
    }
}
