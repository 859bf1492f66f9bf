//! What is counted of a part of the trace, and of all parts together.

use trace_format::{CallsiteId, FiberId};

use super::apart::Apart;
use super::counters;
use super::futures::Futures;
use super::in_order::{InOrder, Ordered};
use super::logs::Logs;
use super::loss::Losses;
use super::regions::Regions;
use super::threads::ThreadActivity;
use crate::foretold::Brought;
use crate::lane::{Plain, Taker};
use crate::ledger::Half;
use crate::pairing::Now;
use crate::step::{At, Fate, Item, RegionEnd, Step};
use crate::{Callsites, Problem, Thread, ThreadId};

/// What was counted, in whatever order the parts were read, and told, for what needs order.
#[derive(Debug)]
pub(super) struct Tally<'t, O> {
    callsites: &'t Callsites,
    pub(super) regions: Regions,
    pub(super) futures: Futures,
    pub(super) logs: Logs,
    pub(super) losses: Losses,
    pub(super) threads: Vec<ThreadActivity>,
    pub(super) ordered: O,
    /// Whether nothing was seen to be missing.
    pub(super) whole: bool,
    /// What the thread did that is being read.
    thread: ThreadActivity,
    /// Its regions with numbers below this one were open where the part begins.
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
    is_poll: bool,
}

impl<'t, O: Ordered> Tally<'t, O> {
    pub(super) fn new(callsites: &'t Callsites, losses: Losses, ordered: O) -> Self {
        let (regions, futures, logs, threads, ended) = Default::default();
        let thread = ThreadActivity::new(ThreadId(0));
        let (whole, brought) = (true, 0);
        Self {
            callsites,
            regions,
            futures,
            logs,
            losses,
            threads,
            ordered,
            whole,
            thread,
            brought,
            ended,
        }
    }

    /// What follows is of this thread, so many of whose regions are open.
    pub(super) fn begin_thread(&mut self, thread: &Thread, open: usize) {
        self.thread = ThreadActivity::new(thread.id);
        self.brought = open as u64;
    }

    /// Nothing more of the thread follows, or of the part of it.
    pub(super) fn end_thread(&mut self) {
        let activity = std::mem::replace(&mut self.thread, ThreadActivity::new(ThreadId(0)));
        self.add_thread(activity);
    }

    fn add_thread(&mut self, activity: ThreadActivity) {
        match self.threads.last_mut() {
            Some(last) if last.id == activity.id => last.go_on(&activity),
            _ => self.threads.push(activity),
        }
    }

    #[inline(always)]
    fn region_ended(&mut self, end: &RegionEnd) {
        self.thread.region_ended(end);
        if end.fiber == FiberId::NONE {
            self.regions.ended(self.callsites, end);
        } else {
            self.futures.polled(self.callsites, end);
        }
        if end.region < self.brought {
            let &RegionEnd { region: number, callsite, self_ns, fate, partial, fiber, .. } = end;
            let is_poll = fiber != FiberId::NONE;
            self.brought_ended(Ended { number, callsite, self_ns, fate, partial, is_poll });
        }
    }

    #[cold]
    fn brought_ended(&mut self, ended: Ended) {
        self.ended.push(ended);
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
            if ended.fate != Fate::Complete {
                continue;
            }
            if ended.is_poll {
                self.futures.correct(self.callsites, ended.callsite, children_ns);
            } else {
                let becomes_partial = partial && !ended.partial;
                self.regions.correct(self.callsites, ended.callsite, children_ns, becomes_partial);
            }
        }
        true
    }
}

impl Tally<'_, Apart<'_>> {
    /// Is of a part that is read ahead.
    pub(super) fn of_part(&mut self) {
        self.regions.of_part();
        self.futures.of_part();
        self.ordered.tasks.of_part();
        self.logs.of_part();
    }

    /// Whether names were put together that may be told apart in the whole trace.
    pub(super) fn is_full(&self) -> bool {
        self.regions.is_full()
            || self.futures.is_full()
            || self.ordered.tasks.is_full()
            || self.logs.is_full()
    }
}

impl Tally<'_, InOrder<'_>> {
    /// Adds what was counted of the next part.
    pub(super) fn add(&mut self, next: Tally<'_, Apart<'_>>) {
        self.regions.merge(self.callsites, next.regions);
        self.futures.merge(self.callsites, next.futures);
        self.logs.merge(self.callsites, next.logs);
        self.losses.merge(next.losses);
        self.whole &= next.whole;
        next.threads.into_iter().for_each(|activity| self.add_thread(activity));
        let (callsites, futures) = (self.callsites, &mut self.futures);
        self.ordered.join(next.ordered, |callsite| futures.paired(callsites, callsite));
    }
}

impl<O: Ordered> Taker for Tally<'_, O> {
    #[inline(always)]
    fn plain(&mut self, now: Now, plain: Plain<'_>) {
        let Now { time, offset, .. } = now;
        let at = At { thread: self.thread.id, time, offset };
        let is_event = match plain {
            Plain::RegionEnded(end) => {
                self.region_ended(&end);
                end.is_event()
            }
            Plain::TaskBegan { task, callsite } => {
                self.ordered.task_began(at, task, callsite);
                true
            }
            Plain::TaskEnded { task, callsite, begin } => {
                self.ordered.task_ended(at, task, callsite, begin);
                true
            }
            Plain::FiberBegan { fiber, callsite } => {
                let pair = self.ordered.future(Half::Begin, fiber, callsite);
                self.futures.began(self.callsites, callsite, pair);
                true
            }
            Plain::FiberEnded(end) => {
                let pair = self.ordered.future(Half::End, end.fiber, end.callsite);
                self.futures.ended(self.callsites, end, time, pair);
                true
            }
            Plain::Log { callsite } => {
                self.logs.log(self.callsites, time, callsite);
                true
            }
            Plain::Counter { callsite, value } => {
                if let Some(value) = counters::number(value) {
                    self.ordered.counter(at, callsite, value);
                }
                true
            }
            Plain::Other => true,
        };
        if is_event {
            self.thread.event(time);
        }
    }

    fn take(&mut self, item: Item<'_>) {
        let Item { thread, time, offset, ref step } = item;
        if let Some(plain) = Plain::of(step) {
            self.plain(Now { ticks: 0, time, offset }, plain);
        }
        match step {
            Step::Loss(loss) => {
                self.whole = false;
                self.losses.loss(loss);
            }
            Step::Gap { chunks, from } => self.losses.gap(thread, *chunks, *from, time),
            Step::Problem(problem) => {
                self.whole &= !matches!(problem, Problem::MalformedEvent { .. });
                self.ordered.problem(problem);
            }
            _ => {}
        }
    }
}
