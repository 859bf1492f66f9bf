//! The report of several traces: of processes that ran one after the other, or side by side.
//!
//! Tasks, regions, futures, logs and counters of the same name are one row, as if one process had done all that:
//! durations are put together before anything is told of them, so that percentiles are those of all.
//! Threads and what was lost stay apart, under the name of their process. Times are those since the start of
//! the first trace.
//!
//! Invariant: the report of one trace is that of [`Report::of`].

use std::collections::BTreeMap;
use std::path::Path;

use trace_reader::Trace;
use trace_reader::analysis::{CounterStats, FutureType, RegionType, TaskType};

use super::collect::{self, PROBLEMS_SHOWN};
use super::{LogRow, Loss, Problems, Report, ThreadRow, ThreadRows};
use crate::error::Error;

/// Traces that are reported together.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    tasks: BTreeMap<String, TaskType>,
    regions: BTreeMap<String, RegionType>,
    futures: BTreeMap<String, FutureType>,
    /// Each with the trace that it is of, whose start is not known before all are there.
    counters: Vec<(usize, CounterStats)>,
    /// The rest, of each trace by itself.
    reports: Vec<Report>,
}

impl Joined {
    /// Reads a whole trace once, and adds it. Returns its own report.
    ///
    /// # Errors
    /// When the trace cannot be read; nothing is added then.
    pub(crate) fn add(&mut self, trace: &Trace) -> Result<&Report, Error> {
        let analysis = trace.analyze()?;
        // Callsites have other numbers in each trace, and no row tells them.
        for task in &analysis.tasks {
            add(&mut self.tasks, task, |task| &task.name, |own, other| own.add(other.clone()));
        }
        for region in &analysis.regions {
            add(
                &mut self.regions,
                region,
                |region| &region.name,
                |own, other| own.add(other.clone()),
            );
        }
        for future in &analysis.futures {
            add(
                &mut self.futures,
                future,
                |future| &future.name,
                |own, other| own.add(other.clone()),
            );
        }
        let of = self.reports.len();
        self.counters.extend(analysis.counters.iter().map(|counter| (of, counter.clone())));
        self.reports.push(Report::from_analysis(trace, analysis));
        Ok(&self.reports[of])
    }

    /// The report of all; `None` when there was no trace.
    pub(crate) fn finish(self) -> Option<Report> {
        let Self { tasks, regions, futures, counters, mut reports } = self;
        if reports.len() < 2 {
            return reports.pop();
        }
        let first = reports.iter().filter_map(|report| report.start_wall_ns).min();
        let since_first = |report: &Report| match (report.start_wall_ns, first) {
            (Some(start), Some(first)) => i64::try_from(start - first).unwrap_or(i64::MAX),
            _ => 0,
        };
        let starts: Vec<i64> = reports.iter().map(since_first).collect();
        let ends = || {
            let durations = reports.iter().map(|report| report.duration_ns);
            durations.zip(&starts).map(|(duration, start)| duration.saturating_add(*start as u64))
        };
        Some(Report {
            program: common(&reports, |report| &report.program),
            pid: 0,
            host: common(&reports, |report| &report.host),
            command_line: common(&reports, |report| &report.command_line),
            start_wall_ns: first,
            duration_ns: ends().max().unwrap_or(0),
            stopped: reports.iter().all(|report| report.stopped),
            file_bytes: sum(&reports, |report| report.file_bytes),
            events: sum(&reports, |report| report.events),
            chunks: sum(&reports, |report| report.chunks),
            tasks: tasks.into_values().map(collect::task).collect(),
            regions: regions.into_values().map(collect::region).collect(),
            futures: futures.into_values().map(collect::future).collect(),
            threads: ThreadRows::joined(threads(&reports, &starts)),
            logs: logs(&reports, &starts),
            counters: join_counters(counters, &starts).map(collect::counter).collect(),
            problems: problems(&reports),
            loss: loss(reports, &starts),
        })
    }
}

/// What all traces say, or nothing.
fn common(reports: &[Report], of: fn(&Report) -> &String) -> String {
    let first = of(&reports[0]);
    if reports.iter().all(|report| of(report) == first) { first.clone() } else { String::new() }
}

fn sum(reports: &[Report], of: fn(&Report) -> u64) -> u64 {
    reports.iter().map(of).fold(0, u64::saturating_add)
}

/// The name of a process: `coffee 4711`.
fn process(report: &Report) -> String {
    let name = Path::new(&report.program).file_stem().unwrap_or("unknown program".as_ref());
    format!("{} {}", name.to_string_lossy(), report.pid)
}

/// Adds a row to that of its name.
fn add<T: Clone>(
    rows: &mut BTreeMap<String, T>,
    row: &T,
    name: fn(&T) -> &String,
    join: fn(&mut T, &T),
) {
    match rows.get_mut(name(row)) {
        Some(own) => join(own, row),
        None => _ = rows.insert(name(row).clone(), row.clone()),
    }
}

fn join_counters(
    counters: Vec<(usize, CounterStats)>,
    starts: &[i64],
) -> impl Iterator<Item = CounterStats> {
    let mut joined = BTreeMap::new();
    for (of, mut counter) in counters {
        counter.last_time.0 = counter.last_time.0.saturating_add(starts[of]);
        add(
            &mut joined,
            &counter,
            |counter| &counter.name,
            |own, other| {
                let count = own.count + other.count;
                own.mean += (other.mean - own.mean) * (other.count as f64 / count.max(1) as f64);
                own.count = count;
                own.min = own.min.min(other.min);
                own.max = own.max.max(other.max);
                if other.last_time >= own.last_time {
                    (own.last, own.last_time) = (other.last, other.last_time);
                }
            },
        );
    }
    joined.into_values()
}

fn threads(reports: &[Report], starts: &[i64]) -> Vec<ThreadRow> {
    let of = |(report, &start): (&Report, &i64)| {
        let (process, later) = (process(report), move |ns: i64| ns.saturating_add(start));
        let rows = report.threads.iter().map(|row| ThreadRow {
            name: format!("{process}: {}", row.name),
            first_time_ns: row.first_time_ns.map(later),
            last_time_ns: row.last_time_ns.map(later),
            ..row
        });
        rows.collect::<Vec<_>>()
    };
    reports.iter().zip(starts).flat_map(of).collect()
}

fn logs(reports: &[Report], starts: &[i64]) -> Vec<LogRow> {
    let mut joined = BTreeMap::new();
    for (report, start) in reports.iter().zip(starts) {
        for row in &report.logs {
            let mut row = row.clone();
            row.first_time_ns = row.first_time_ns.saturating_add(*start);
            row.last_time_ns = row.last_time_ns.saturating_add(*start);
            add(
                &mut joined,
                &row,
                |row| &row.category,
                |own, other| {
                    own.count += other.count;
                    own.first_time_ns = own.first_time_ns.min(other.first_time_ns);
                    own.last_time_ns = own.last_time_ns.max(other.last_time_ns);
                },
            );
        }
    }
    joined.into_values().collect()
}

fn problems(reports: &[Report]) -> Problems {
    let first = reports.iter().flat_map(|report| {
        let process = process(report);
        report.problems.first.iter().map(move |problem| format!("{process}: {problem}"))
    });
    Problems {
        total: sum(reports, |report| report.problems.total),
        first: first.take(PROBLEMS_SHOWN).collect(),
    }
}

fn loss(reports: Vec<Report>, starts: &[i64]) -> Loss {
    let mut joined = Loss { events: 0, losses: Vec::new(), gaps: Vec::new(), damaged: 0 };
    for (report, &start) in reports.into_iter().zip(starts) {
        let process = process(&report);
        let Loss { events, mut losses, mut gaps, damaged } = report.loss;
        joined.events = joined.events.saturating_add(events);
        joined.damaged = joined.damaged.saturating_add(damaged);
        for row in &mut losses {
            let thread = row.thread_name.as_deref().unwrap_or("any thread");
            row.thread_name = Some(format!("{process}: {thread}"));
            row.from_time_ns = row.from_time_ns.saturating_add(start);
            row.to_time_ns = row.to_time_ns.saturating_add(start);
        }
        for row in &mut gaps {
            row.thread_name = format!("{process}: {}", row.thread_name);
            row.from_time_ns = row.from_time_ns.saturating_add(start);
            row.to_time_ns = row.to_time_ns.saturating_add(start);
        }
        joined.losses.append(&mut losses);
        joined.gaps.append(&mut gaps);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Times;

    fn trace(name: &str) -> Trace {
        let path = format!("{}/tests/data/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("the text form is there");
        let bytes = trace_format::text_to_file(&text).expect("the text form is right");
        Trace::from_bytes(bytes).expect("a trace")
    }

    fn joined(traces: &[Trace]) -> Report {
        let mut all = Joined::default();
        for trace in traces {
            all.add(trace).expect("it can be read");
        }
        all.finish().expect("a report")
    }

    fn json(value: &impl serde::Serialize) -> serde_json::Value {
        serde_json::to_value(value).expect("JSON")
    }

    #[trace::test]
    fn one_alone_is_reported_as_it_is() {
        let trace = trace("busy_morning");
        let alone = Report::of(&trace).expect("it can be read");
        assert_eq!(json(&joined(&[trace])), json(&alone));
        assert!(Joined::default().finish().is_none());
    }

    #[trace::test]
    fn what_all_did_is_as_if_one_had() {
        let once = Report::of(&trace("busy_morning")).expect("it can be read");
        let twice = joined(&[trace("busy_morning"), trace("busy_morning")]);
        assert_eq!(twice.events, 2 * once.events);
        assert_eq!(twice.duration_ns, once.duration_ns);
        assert_eq!(twice.threads.len(), 2 * once.threads.len());
        assert_eq!(twice.tasks.len(), once.tasks.len());
        for row in &once.tasks {
            let both = twice.tasks.iter().find(|both| both.name == row.name).expect("a row");
            assert_eq!((both.count, both.open), (2 * row.count, 2 * row.open));
            let times =
                |row: &Times| [row.min_ns, row.mean_ns, row.p50_ns, row.p99_9_ns, row.max_ns];
            assert_eq!(times(&both.times), times(&row.times), "{}", row.name);
        }
        for row in &once.regions {
            let both = twice.regions.iter().find(|both| both.name == row.name).expect("a row");
            assert_eq!((both.count, both.self_ns), (2 * row.count, 2 * row.self_ns));
        }
        for row in &once.counters {
            let both = twice.counters.iter().find(|both| both.name == row.name).expect("a row");
            assert_eq!((both.count, both.mean, both.last), (2 * row.count, row.mean, row.last));
        }
        for row in &once.logs {
            let both = twice.logs.iter().find(|both| both.category == row.category).expect("a row");
            assert_eq!((both.count, both.last_time_ns), (2 * row.count, row.last_time_ns));
        }
    }

    /// A file may say what no program did.
    #[trace::test]
    fn counts_without_bounds_do_not_overflow() {
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/futures.txt"));
        let text = text
            .expect("the text form is there")
            .replace(" polls=2 ", " polls=18446744073709551615 ");
        let bytes = || trace_format::text_to_file(&text).expect("the text form is right");
        let both =
            joined(&[bytes(), bytes()].map(|bytes| Trace::from_bytes(bytes).expect("a trace")));
        let polls: Vec<_> = both.futures.iter().map(|row| (&row.name[..], row.polls)).collect();
        assert!(polls.contains(&("steamMilk", u64::MAX)), "{polls:?}");
    }

    #[trace::test]
    fn percentiles_are_those_of_all() {
        let traces = ["busy_morning", "cappuccino"].map(trace);
        let both = joined(&traces);
        let mut found = 0;
        for row in &both.tasks {
            let mut all: Vec<u64> = traces
                .iter()
                .flat_map(|trace| {
                    trace.load().expect("it can be read").tasks.into_iter().map(move |task| {
                        (
                            trace.callsites().name(task.callsite.unwrap_or_default()).into_owned(),
                            task,
                        )
                    })
                })
                .filter(|(name, _)| *name == row.name)
                .filter_map(|(_, task)| Some(task.end?.since(task.begin?)))
                .collect();
            all.sort_unstable();
            assert_eq!(all.len() as u64, row.count);
            if let [first, .., last] = all[..] {
                assert_eq!((row.times.min_ns, row.times.max_ns), (first, last));
                assert_eq!(row.times.p50_ns, all[all.len().div_ceil(2) - 1]);
                found += 1;
            }
        }
        assert!(found > 0);
    }
}
