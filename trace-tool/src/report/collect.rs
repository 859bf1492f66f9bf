//! From a trace to its [`Report`].

use trace_reader::analysis::{self, Analysis, Durations, LossReport};
use trace_reader::{Time, Trace};

use super::{
    CounterRow, FutureRow, GapRow, LogRow, Loss, LossRow, Problems, RegionRow, Report, TaskRow,
    ThreadRows, Times,
};
use crate::error::Error;
use crate::histogram::buckets;
use crate::threads::ThreadNames;

/// How many problems are told in full.
pub(super) const PROBLEMS_SHOWN: usize = 10;

impl Report {
    /// Reads the whole trace once.
    ///
    /// # Errors
    /// When the trace cannot be read.
    pub fn of(trace: &Trace) -> Result<Self, Error> {
        let analysis = trace.analyze()?;
        Ok(Self::from_analysis(trace, analysis))
    }

    /// The report that an analysis of this trace gives.
    pub(super) fn from_analysis(trace: &Trace, analysis: Analysis) -> Self {
        let names = ThreadNames::of(trace);
        let header = trace.header();
        let start_wall_ns =
            trace.clock().wall_ns(Time::START).or_else(|| header.map(|header| header.wall_ns));
        // Taken apart, so that what has a row is not kept beside it.
        let Analysis { regions, tasks, futures, threads, logs, counters, loss, problems, events } =
            analysis;
        let loss = self::loss(&loss, &names);
        Self {
            program: header.map(|h| h.program.clone()).unwrap_or_default(),
            pid: header.map_or(0, |h| h.pid),
            host: header.map(|h| h.host.clone()).unwrap_or_default(),
            command_line: header.map(|h| h.command_line.clone()).unwrap_or_default(),
            start_wall_ns,
            duration_ns: trace.end().since(Time::START),
            stopped: trace.summary().is_some(),
            file_bytes: trace.file_len(),
            events,
            chunks: chunks(trace),
            tasks: tasks.into_iter().map(task).collect(),
            regions: regions.into_iter().map(region).collect(),
            futures: futures.into_iter().map(future).collect(),
            threads: ThreadRows::new(threads, names, &loss),
            logs: logs.into_iter().map(log).collect(),
            counters: counters.into_iter().map(counter).collect(),
            problems: Problems {
                total: problems.total(),
                first: problems
                    .iter()
                    .take(PROBLEMS_SHOWN)
                    .map(|problem| trace.describe(problem))
                    .collect(),
            },
            loss,
        }
    }
}

/// How many chunks the trace holds.
pub(crate) fn chunks(trace: &Trace) -> u64 {
    trace.threads().iter().map(|thread| thread.chunks() as u64).sum()
}

fn loss(loss: &LossReport, names: &ThreadNames) -> Loss {
    let losses = loss.losses.iter().map(|loss| LossRow {
        thread: loss.thread.map(|thread| thread.0),
        thread_name: loss.thread.map(|thread| names.of_thread(thread).into_owned()),
        cause: loss.cause.word(),
        explanation: loss.cause.doc(),
        count: loss.count,
        from_time_ns: loss.from.ns(),
        to_time_ns: loss.to.ns(),
    });
    let gaps = loss.gaps.iter().map(|gap| GapRow {
        thread: gap.thread.0,
        thread_name: names.of_thread(gap.thread).into_owned(),
        chunks: gap.chunks,
        from_time_ns: gap.from.ns(),
        to_time_ns: gap.to.ns(),
    });
    Loss {
        events: loss.total,
        losses: losses.collect(),
        gaps: gaps.collect(),
        damaged: loss.damaged,
    }
}

fn times(durations: &Durations) -> Times {
    Times {
        total_ns: saturated(durations.total_ns()),
        mean_ns: durations.mean_ns(),
        min_ns: durations.min_ns(),
        p50_ns: durations.percentile_ns(50.0),
        p90_ns: durations.percentile_ns(90.0),
        p99_ns: durations.percentile_ns(99.0),
        p99_9_ns: durations.percentile_ns(99.9),
        max_ns: durations.max_ns(),
        histogram: buckets(durations),
    }
}

/// A sum that fits the 584 years of a `u64`, which is what JSON readers can be trusted with.
fn saturated(ns: u128) -> u64 {
    u64::try_from(ns).unwrap_or(u64::MAX)
}

pub(super) fn task(row: analysis::TaskType) -> TaskRow {
    TaskRow {
        name: row.name,
        count: row.durations.count(),
        times: times(&row.durations),
        open: row.open,
        began_before: row.began_before,
    }
}

pub(super) fn region(row: analysis::RegionType) -> RegionRow {
    RegionRow {
        name: row.name,
        count: row.durations.count(),
        times: times(&row.durations),
        self_ns: saturated(row.self_ns),
        open: row.open,
        began_before: row.began_before,
        end_lost: row.lost,
        partial: row.partial,
    }
}

pub(super) fn future(row: analysis::FutureType) -> FutureRow {
    FutureRow {
        count: row.durations.count(),
        times: times(&row.durations),
        busy_ns: saturated(row.busy_ns),
        ready_ns: saturated(row.ready_ns),
        idle_ns: saturated(row.idle_ns()),
        polls: row.polls,
        self_ns: saturated(row.self_ns),
        began: row.began,
        pending: row.pending,
        began_before: row.began_before,
        cancelled: row.cancelled,
        panicked: row.panicked,
        name: row.name,
    }
}

fn log(row: analysis::LogCategory) -> LogRow {
    LogRow {
        category: row.name,
        count: row.count,
        first_time_ns: row.first.ns(),
        last_time_ns: row.last.ns(),
    }
}

pub(super) fn counter(row: analysis::CounterStats) -> CounterRow {
    CounterRow {
        name: row.name,
        count: row.count,
        min: row.min,
        mean: row.mean,
        max: row.max,
        last: row.last,
    }
}
