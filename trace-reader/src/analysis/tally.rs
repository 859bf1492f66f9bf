//! What is counted of a part of the trace, and of all parts together.

use trace_format::CallsiteId;

use super::counters;
use super::logs::Logs;
use super::loss::Losses;
use super::notes::Notes;
use super::regions::Regions;
use super::threads::ThreadActivity;
use crate::foretold::Brought;
use crate::lane::Taker;
use crate::step::{Fate, Item, RegionEnd, Step};
use crate::{Callsites, Problem, Thread};

/// What was counted, in whatever order the parts were read, and put down, for what needs order.
#[derive(Debug)]
pub(super) struct Tally<'t> {
    callsites: &'t Callsites,
    pub(super) regions: Regions,
    pub(super) logs: Logs,
    pub(super) losses: Losses,
    pub(super) threads: Vec<ThreadActivity>,
    pub(super) notes: Notes,
    /// Whether nothing was seen to be missing.
    pub(super) whole: bool,
    /// Regions of the first thread with numbers below this one were open where the part begins.
    brought: u64,
    /// Those of them that have ended.
    ended: Vec<Ended>,
}

/// The end of a region that was open where the part begins.
#[derive(Clone, Copy, Debug)]
struct Ended {
    number: u64,
    callsite: CallsiteId,
    self_ns: u64,
    fate: Fate,
    partial: bool,
}

impl<'t> Tally<'t> {
    pub(super) fn new(callsites: &'t Callsites, losses: Losses) -> Self {
        let (regions, logs, threads, notes, ended) = Default::default();
        Self { callsites, regions, logs, losses, threads, notes, whole: true, brought: 0, ended }
    }

    /// What follows is of this thread, so many of whose regions are open.
    pub(super) fn begin_thread(&mut self, thread: &Thread, open: usize) {
        self.threads.push(ThreadActivity::new(thread));
        self.brought = open as u64;
    }

    #[inline(always)]
    fn region_ended(&mut self, end: &RegionEnd) {
        self.regions.ended(self.callsites, end);
        if end.region < self.brought {
            self.brought_ended(end);
        }
    }

    #[cold]
    fn brought_ended(&mut self, end: &RegionEnd) {
        let &RegionEnd { region: number, callsite, self_ns, fate, partial, .. } = end;
        self.ended.push(Ended { number, callsite, self_ns, fate, partial });
    }

    /// Puts right what was counted of regions that were open where the part begins, now that it is
    /// known what they `brought` along. `false`, and nothing done, when that makes no sense.
    pub(super) fn put_right(&mut self, brought: &[Brought]) -> bool {
        let Some(thread) = self.threads.first_mut() else { return false };
        let brought = |ended: &Ended| brought.get(usize::try_from(ended.number).ok()?);
        // A sum that has reached its limit has forgotten what it is the sum of.
        let is_sum = thread.self_ns < u64::MAX;
        let makes_sense = |ended: &Ended| {
            brought(ended).is_some_and(|brought| brought.children_ns <= ended.self_ns)
        };
        if !is_sum || !self.ended.iter().all(makes_sense) {
            return false;
        }
        for ended in &self.ended {
            let Some(&Brought { children_ns, partial }) = brought(ended) else { continue };
            thread.self_ns -= children_ns;
            if ended.fate == Fate::Complete {
                let becomes_partial = partial && !ended.partial;
                self.regions.correct(self.callsites, ended.callsite, children_ns, becomes_partial);
            }
        }
        true
    }

    /// Adds what was counted of the next part, and returns what was put down of it.
    pub(super) fn add(&mut self, next: Self) -> Notes {
        self.regions.merge(self.callsites, next.regions);
        self.logs.merge(self.callsites, next.logs);
        self.losses.merge(next.losses);
        self.whole &= next.whole;
        for activity in next.threads {
            match self.threads.last_mut() {
                Some(last) if last.id == activity.id => last.go_on(&activity),
                _ => self.threads.push(activity),
            }
        }
        next.notes
    }
}

impl Taker for Tally<'_> {
    #[inline(always)]
    fn take(&mut self, item: Item<'_>) {
        if let Some(activity) = self.threads.last_mut() {
            activity.step(item.time, &item.step);
        }
        match &item.step {
            Step::RegionEnded(end) => self.region_ended(end),
            Step::TaskBegan { .. } | Step::TaskEnded { .. } => self.notes.task(&item),
            Step::Log { callsite, .. } => self.logs.log(self.callsites, item.time, *callsite),
            Step::Counter { callsite, value } => {
                if let Some(value) = counters::number(value) {
                    self.notes.counter(&item, *callsite, value);
                }
            }
            Step::Loss(loss) => {
                self.whole = false;
                self.losses.loss(loss);
            }
            Step::Gap { chunks, from } => {
                self.losses.gap(item.thread, *chunks, *from, item.time);
            }
            Step::Problem(problem) => {
                self.whole &= !matches!(problem, Problem::MalformedEvent { .. });
                self.notes.problem(problem);
            }
            _ => {}
        }
    }
}
