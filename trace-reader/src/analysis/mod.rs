//! Statistics of a whole trace, one subject per file, all in one pass over the threads.
//!
//! 1. The trace is cut into parts of about the same size, in the order in which one reader would come
//!    to them: threads by id, chunks by number (`parts`).
//! 2. Workers read them at the same time (`reading`). What can be counted in any order is counted
//!    (`tally`); of what cannot (`in_order`), as much is found as one part tells (`apart`), and the
//!    rest put down (`notes`).
//! 3. All that is put together in the order of the parts.
//!
//! One worker alone reads the parts in that order, and puts nothing down.
//!
//! So the result is that of one reader who goes through everything, to the last digit, whatever the
//! number of workers.
//!
//! Types of regions and tasks, log categories and counters are told apart by name: callsites of
//! the same name are one type, which lists them all.
//!
//! Memory depends on the number of callsites, threads and tasks that are open, and on nothing
//! else but a bit or two per task and future, and some megabytes per worker.

mod apart;
mod buckets;
mod counters;
mod durations;
mod futures;
mod groups;
mod in_order;
mod logs;
mod loss;
mod many;
mod notes;
mod parts;
mod pending;
mod reading;
mod regions;
mod tally;
mod tasks;
mod threads;

pub use counters::CounterStats;
pub use durations::{Bucket, Durations};
pub use futures::FutureType;
pub use logs::LogCategory;
pub use loss::{GapTotal, LossReport, LossTotal};
pub use regions::RegionType;
pub use tasks::TaskType;
pub use threads::ThreadActivity;

use crate::{Error, Problems, Trace, Workers};
use in_order::InOrder;
use many::Told;
use parts::Part;
use reading::{Ahead, Reading};
use tally::Tally;

/// All statistics of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The types of regions, those with the most time first.
    pub regions: Vec<RegionType>,
    /// The types of tasks, those with the most time first.
    pub tasks: Vec<TaskType>,
    /// The types of futures, those with the most time first.
    pub futures: Vec<FutureType>,
    /// The threads, by id.
    pub threads: Vec<ThreadActivity>,
    /// The log categories, those with the most messages first.
    pub logs: Vec<LogCategory>,
    /// The counters, by name.
    pub counters: Vec<CounterStats>,
    /// What was lost.
    pub loss: LossReport,
    /// What is wrong with the file and the events in it.
    pub problems: Problems,
    /// How many events the program emitted that are in the trace.
    pub events: u64,
}

impl Analysis {
    pub(crate) fn new(trace: &Trace, workers: Workers) -> Result<Self, Error> {
        let parts = Part::all_of(trace, workers.piece_len());
        let mut reading = Reading::new(trace);
        if workers.count() == 1 || parts.len() == 1 {
            parts.iter().try_for_each(|part| reading.read(part))?;
        } else {
            let told = Told::default();
            let ahead = |part: &Part| Ahead::read(trace, part, &told.so_far());
            workers.in_order(&parts, ahead, |part, ahead| {
                reading.join(part, ahead?)?;
                reading.tell(&told);
                Ok(())
            })?;
        }
        let Tally { regions, futures, logs, losses, threads, ordered: mut in_order, whole, .. } =
            reading.finish();
        in_order.end(whole && trace.is_whole());
        let InOrder { tasks, counters, problems, .. } = in_order;
        Ok(Self {
            regions: regions.finish(),
            tasks: tasks.finish(),
            futures: futures.finish(),
            events: threads.iter().map(|thread| thread.events).sum(),
            threads,
            logs: logs.finish(),
            counters: counters.finish(),
            loss: losses.finish(&problems),
            problems,
        })
    }
}
