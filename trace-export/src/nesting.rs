//! The regions of a thread as begins and ends that nest, whatever the program did.
//!
//! Other tools put what begins and ends on a stack. So:
//!
//! 1. A region that is found open, without its begin, begins when it is known to have begun, but not
//!    before what was told already of its thread.
//! 2. When a region ends while others are open that began in it, these are cut: they end, and the rest
//!    of each begins when that region has ended. Of more than [`CUT_LIMIT`] that would take too much:
//!    the region goes on until they have ended, or until most of what is open goes on like that. Then all
//!    of these end at once.
//! 3. A region of which nothing was told before its end is told alone, and does not take part in the
//!    nesting.
//!
//! Invariants: times of edges ascend; an end is that of the last begin that has not ended; behind the
//! last step of a thread nothing is open.

use trace_reader::{CallsiteId, Fate, FiberId, Item, RegionEnd, Step, TaskId, Time};

/// So many regions are cut at most when one ends that they began in. Only programs that go out of their
/// way, and files made for it, have more.
const CUT_LIMIT: usize = 8;

/// A region, a poll of a future, or the rest of one of these, while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The region's number within its thread.
    pub(crate) region: u64,
    /// What it is.
    pub(crate) callsite: CallsiteId,
    /// The task that it belongs to.
    pub(crate) task: TaskId,
    /// Of a poll, the future; else none.
    pub(crate) fiber: FiberId,
    /// The future in a poll of which it is, which is not that of the poll itself; else none.
    pub(crate) within: FiberId,
    /// When it begins here.
    pub(crate) begin: Time,
    /// It is the rest of one that was cut.
    pub(crate) is_rest: bool,
    /// Its region began earlier, but something was told already that was later than that.
    pub(crate) is_short: bool,
    /// Its region has ended, and it waits for those inside.
    is_over: bool,
    /// No region of the same task, nor a poll, is around it on this thread.
    pub(crate) is_outermost: bool,
}

impl Slice {
    /// Whether it is a poll of a future.
    pub(crate) fn is_poll(&self) -> bool {
        self.fiber != FiberId::NONE
    }
}

/// How a slice ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Its region ends.
    Ended,
    /// It does not: that is the end of the trace.
    Open,
    /// Nobody knows: events are missing from here on.
    Lost,
    /// Another slice is the rest of it.
    Cut,
    /// Its region had ended before.
    Late,
}

/// What happens to the nesting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// A slice begins. Of a poll: for how long its future could have been polled.
    Begin(Slice, u64),
    /// The slice that began last ends.
    End(Slice, Ending),
    /// A region has ended of which nothing was told.
    Alone(RegionEnd),
}

/// What is open of a thread.
#[derive(Debug)]
pub(crate) struct Nesting {
    open: Vec<Slice>,
    /// How many of these are over.
    over: usize,
    /// The latest edge.
    last: Time,
}

impl Default for Nesting {
    fn default() -> Self {
        Self { open: Vec::new(), over: 0, last: Time(i64::MIN) }
    }
}

impl Nesting {
    /// What is open, from the outside in.
    pub(crate) fn open(&self) -> &[Slice] {
        &self.open
    }

    /// The future that is being polled, if one is.
    pub(crate) fn polled(&self) -> FiberId {
        self.open.last().map_or(FiberId::NONE, |slice| match slice.is_poll() {
            true => slice.fiber,
            false => slice.within,
        })
    }

    /// Takes a step of the thread, and tells what it changes and when. Steps that are not about regions
    /// change nothing.
    #[inline]
    pub(crate) fn step(&mut self, item: &Item<'_>, mut tell: impl FnMut(Time, Edge)) {
        match item.step {
            Step::RegionBegan { region, callsite, task, .. } => {
                self.begin(region, callsite, task, FiberId::NONE, item.time, 0, &mut tell);
            }
            Step::PollBegan { region, callsite, task, fiber, waited_ns, .. } => {
                self.begin(region, callsite, task, fiber, item.time, waited_ns, &mut tell);
            }
            Step::RegionFound { region, callsite, task, fiber, begin, .. } => {
                self.begin(region, callsite, task, fiber, begin, 0, &mut tell);
            }
            Step::RegionEnded(ref end) => self.end(end, item.time, &mut tell),
            _ => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of three kinds of steps")]
    fn begin(
        &mut self,
        region: u64,
        callsite: CallsiteId,
        task: TaskId,
        fiber: FiberId,
        begin: Time,
        waited_ns: u64,
        tell: &mut impl FnMut(Time, Edge),
    ) {
        let began = begin;
        let begin = self.reach(began);
        let within = self.polled();
        let around = self.open.last();
        let is_outermost = around.is_none_or(|around| around.is_poll() || around.task != task);
        let slice = Slice {
            region,
            callsite,
            task,
            fiber,
            within,
            begin,
            is_rest: false,
            is_short: began < begin,
            is_over: false,
            is_outermost,
        };
        self.open.push(slice);
        tell(begin, Edge::Begin(slice, waited_ns));
    }

    fn end(&mut self, end: &RegionEnd, now: Time, tell: &mut impl FnMut(Time, Edge)) {
        let known = match self.open.last() {
            Some(last) if last.region == end.region && !end.untold => Some(self.open.len() - 1),
            _ => self.position(end),
        };
        let Some(at) = known else { return tell(now, Edge::Alone(*end)) };
        let time = self.reach(end.end);
        let ending = match end.fate {
            Fate::Complete | Fate::BeganBefore => Ending::Ended,
            Fate::Open => Ending::Open,
            Fate::Lost => Ending::Lost,
        };
        if at + 1 < self.open.len() {
            self.end_around(at, ending, time, tell);
        } else if let Some(slice) = self.open.pop() {
            tell(time, Edge::End(slice, ending));
        }
        while let Some(over) = self.open.last().copied().filter(|slice| slice.is_over) {
            self.open.pop();
            self.over -= 1;
            tell(time, Edge::End(over, Ending::Late));
        }
    }

    /// Ends a slice in which others are open.
    #[cold]
    fn end_around(
        &mut self,
        at: usize,
        ending: Ending,
        time: Time,
        tell: &mut impl FnMut(Time, Edge),
    ) {
        if self.open.len() - at > CUT_LIMIT + 1 {
            self.open[at].is_over = true;
            self.over += 1;
            if self.over > CUT_LIMIT && self.over > self.open.len() / 2 {
                self.end_over(time, tell);
            }
            return;
        }
        for inside in self.open[at + 1..].iter().rev() {
            tell(time, Edge::End(*inside, Ending::Cut));
        }
        tell(time, Edge::End(self.open.remove(at), ending));
        for inside in &mut self.open[at..] {
            inside.begin = time;
            inside.is_rest = true;
            tell(time, Edge::Begin(*inside, 0));
        }
    }

    /// Ends all slices whose regions have ended. There are as many of them as of others, so that this takes
    /// time in proportion to their number.
    fn end_over(&mut self, time: Time, tell: &mut impl FnMut(Time, Edge)) {
        let first = self.open.iter().position(|slice| slice.is_over).unwrap_or(self.open.len());
        for slice in self.open[first..].iter().rev() {
            tell(time, Edge::End(*slice, if slice.is_over { Ending::Late } else { Ending::Cut }));
        }
        self.open.retain(|slice| !slice.is_over);
        self.over = 0;
        for inside in &mut self.open[first..] {
            inside.begin = time;
            inside.is_rest = true;
            tell(time, Edge::Begin(*inside, 0));
        }
    }

    /// Regions are numbered in the order in which they were told.
    #[cold]
    fn position(&self, end: &RegionEnd) -> Option<usize> {
        if end.untold {
            return None;
        }
        let at = self.open.binary_search_by_key(&end.region, |slice| slice.region).ok()?;
        (!self.open[at].is_over).then_some(at)
    }

    /// The time, or that of the latest edge when it is before that.
    fn reach(&mut self, time: Time) -> Time {
        self.last = self.last.max(time);
        self.last
    }
}
