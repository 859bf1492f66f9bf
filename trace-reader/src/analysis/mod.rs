//! Statistics of a whole trace, one subject per file, all in one pass over the threads.
//!
//! Types of regions and tasks, log categories and counters are told apart by name: callsites of
//! the same name are one type, which lists them all.
//!
//! Memory depends on the number of callsites, threads and tasks that are open, and on nothing
//! else but a bit or two per task.

mod counters;
mod durations;
mod groups;
mod logs;
mod loss;
mod regions;
mod tasks;
mod threads;

pub use counters::CounterStats;
pub use durations::{Bucket, Durations};
pub use logs::LogCategory;
pub use loss::{GapTotal, LossReport, LossTotal};
pub use regions::RegionType;
pub use tasks::TaskType;
pub use threads::ThreadActivity;

use crate::ledger::{Entry, Ledger};
use crate::step::Step;
use crate::{Error, Problem, Problems, Trace};

/// All statistics of a trace.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The types of regions, those with the most time first.
    pub regions: Vec<RegionType>,
    /// The types of tasks, those with the most time first.
    pub tasks: Vec<TaskType>,
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
    pub(crate) fn new(trace: &Trace) -> Result<Self, Error> {
        let mut regions = regions::Regions::default();
        let mut tasks = tasks::Tasks::default();
        let mut logs = logs::Logs::default();
        let mut counters = counters::Counters::default();
        let mut losses = loss::Losses::new(trace.losses());
        let mut problems = trace.problems().clone();
        let mut ledger = Ledger::default();
        let mut threads = Vec::with_capacity(trace.threads().len());
        let mut whole = trace.is_whole();
        let callsites = trace.callsites();
        for thread in trace.threads() {
            let mut activity = ThreadActivity::new(thread);
            let mut steps = trace.steps(thread.id);
            while let Some(item) = steps.next()? {
                activity.step(item.time, &item.step);
                match &item.step {
                    Step::RegionEnded(end) => regions.ended(callsites, end),
                    Step::TaskBegan { .. } | Step::TaskEnded { .. } => match ledger.enter(&item) {
                        Entry::Again(problem) => problems.push(problem),
                        _ => tasks.step(callsites, item.time, &item.step),
                    },
                    Step::Log { callsite, .. } => logs.log(callsites, item.time, *callsite),
                    Step::Counter { callsite, value } => {
                        counters.value(callsites, item.time, *callsite, value);
                    }
                    Step::Loss(lost) => {
                        whole = false;
                        losses.loss(lost);
                    }
                    Step::Gap { chunks, from } => {
                        losses.gap(item.thread, *chunks, *from, item.time);
                    }
                    Step::Problem(problem) => {
                        whole &= !matches!(problem, Problem::MalformedEvent { .. });
                        problems.push(problem.clone());
                    }
                    _ => {}
                }
            }
            threads.push(activity);
        }
        if whole {
            ledger.loose().for_each(|problem| problems.push(problem));
        }
        Ok(Self {
            regions: regions.finish(),
            tasks: tasks.finish(),
            events: threads.iter().map(|thread| thread.events).sum(),
            threads,
            logs: logs.finish(),
            counters: counters.finish(),
            loss: losses.finish(&problems),
            problems,
        })
    }
}
