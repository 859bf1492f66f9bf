//! Ends find their begins: the state of one thread, as the recorder had it.
//!
//! The recorder keeps a stack of open regions and a current task per thread; this is its mirror.
//!
//! 1. A begin puts a region on the stack. It belongs to the current task; a begin that names
//!    another task makes that one current, and the stack remembers the task that was.
//! 2. `RegionEnd` takes the innermost region off the stack; if its begin named a task, the task
//!    that was is current again.
//! 3. `WholeRegionEnd` tells how many regions are open inside of the one that ends. Usually none:
//!    then it is as in 2. Otherwise regions are mis-nested: that one is taken out from between the
//!    others, the current task stays, and the region directly inside of it restores the task that
//!    it would have. What such an end tells of its begin is checked against the stack; when the
//!    stack does not know the region, what the end tells is enough.
//! 4. `UnseenRegionEnd` ends a region that never was on the stack, and leaves it alone.
//! 5. Arguments belong to the begin directly before them, or say which open region they mean.
//! 6. A chunk's head says what is open. When nothing is missing before it, that must be what is on
//!    the stack. Otherwise see [`resume`](crate::resume).
//! 7. What is on the stack behind the last event is open at the end of the trace.
//!
//! Invariant: each event gives exactly one step. What else there is to tell follows it.

use std::collections::{HashSet, VecDeque};

use trace_format::{CallsiteId, Event, FiberId, TaskId};

use crate::clock::Clock;
use crate::stack::{Open, Stack};
use crate::step::{Fate, FiberEnd, FiberLife, Item, RegionEnd, Step};
use crate::strict::Strict;
use crate::{Callsites, Loss, Problem, ThreadId, Time};

/// How far inside of others a region may be that ends before them, or else is left on the stack up
/// to the next chunk. Taking it out takes time in proportion.
const MISNESTED_LIMIT: usize = 1024;

/// Where the reader is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) ticks: u64,
    pub(crate) time: Time,
    pub(crate) offset: u64,
}

/// What began with the event before, whose arguments may follow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begun {
    Nothing,
    Region(u64, CallsiteId),
    Fiber(FiberId, CallsiteId),
    Task(TaskId, CallsiteId),
}

/// The state of a thread.
#[derive(Debug)]
pub(crate) struct Pairing<'t> {
    pub(crate) thread: ThreadId,
    pub(crate) clock: &'t Clock,
    callsites: &'t Callsites,
    pub(crate) stack: Stack,
    pub(crate) task: TaskId,
    pub(crate) regions: u64,
    pub(crate) begun: Begun,
    /// Which of the thread's chunks is being read.
    pub(crate) chunk: usize,
    /// Events of the chunk could not be read: what the state is now is not known.
    pub(crate) interrupted: bool,
    pub(crate) missing: HashSet<CallsiteId>,
    pub(crate) strict: Option<Strict<'t>>,
    /// What follows the step that an event gave.
    pub(crate) pending: VecDeque<Item<'static>>,
}

impl<'t> Pairing<'t> {
    pub(crate) fn new(
        thread: ThreadId,
        clock: &'t Clock,
        callsites: &'t Callsites,
        strict: Option<Strict<'t>>,
    ) -> Self {
        Self {
            thread,
            clock,
            callsites,
            stack: Stack::default(),
            task: TaskId::BACKGROUND,
            regions: 0,
            begun: Begun::Nothing,
            chunk: 0,
            interrupted: false,
            missing: HashSet::new(),
            strict,
            pending: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, now: Now, step: Step<'static>) {
        let Now { time, offset, .. } = now;
        self.pending.push_back(Item { thread: self.thread, time, offset, step });
    }

    pub(crate) fn problem(&mut self, now: Now, problem: Problem) {
        self.push(now, Step::Problem(problem));
    }

    /// The number of a region that appears now.
    pub(crate) fn number(&mut self) -> u64 {
        self.regions += 1;
        self.regions - 1
    }

    /// When something was that is so many ticks old.
    fn time_of(&self, now: Now, age: u64) -> Time {
        self.clock.time(now.ticks.saturating_sub(age)).min(now.time)
    }

    /// Takes an event and tells what it means.
    #[inline]
    pub(crate) fn apply<'a>(&mut self, event: Event<'a>, now: Now) -> Step<'a> {
        if let Some(id) = event.callsite() {
            if self.callsites.index(id).is_none() {
                self.missing_callsite(id, now);
            }
        }
        if self.strict.is_some() {
            self.check(&event, now);
        }
        let begun = std::mem::replace(&mut self.begun, Begun::Nothing);
        match event {
            Event::RegionBegin { callsite } => self.begin(callsite, self.task, None, now),
            Event::TaskRegionBegin { callsite, task } => {
                let outer = std::mem::replace(&mut self.task, task);
                self.begin(callsite, task, Some(outer), now)
            }
            Event::RegionEnd {} => match self.end(now) {
                Some(end) => Step::RegionEnded(end),
                None => {
                    let (thread, Now { time, offset, .. }) = (self.thread, now);
                    Step::Problem(Problem::NothingOpen { offset, thread, time })
                }
            },
            Event::WholeRegionEnd { callsite, age, task, inner } => {
                Step::RegionEnded(self.whole_end(callsite, age, task, inner, now))
            }
            Event::UnseenRegionEnd { callsite } => Step::RegionEnded(RegionEnd {
                begin: None,
                fate: Fate::BeganBefore,
                ..self.apart(callsite, self.task, now)
            }),
            Event::RegionArgs { values } => {
                let region = match begun {
                    Begun::Region(region, callsite) => {
                        self.check_arguments(callsite, &values, now);
                        Some(region)
                    }
                    Begun::Fiber(fiber, callsite) => {
                        self.check_arguments(callsite, &values, now);
                        return Step::FiberArgs { fiber, values };
                    }
                    _ => self.stray(now),
                };
                Step::RegionArgs { region, values }
            }
            Event::RegionArg { key, outward, value } => {
                let outward_len = usize::try_from(outward).unwrap_or(usize::MAX);
                let open = self.stack.open.iter().rev().nth(outward_len);
                let region = match open.map(|open| open.number) {
                    None if outward >= self.stack.depth() => self.stray(now),
                    region => region,
                };
                Step::RegionArg { region, key, value }
            }
            Event::TaskBegin { callsite, task, parent } => {
                self.begun = Begun::Task(task, callsite);
                Step::TaskBegan { task, callsite, parent }
            }
            Event::TaskEnd { callsite, task, parent, age } => {
                let begin = Some(self.time_of(now, age));
                Step::TaskEnded { task, callsite, parent: Some(parent), begin }
            }
            Event::UnseenTaskEnd { callsite, task } => {
                Step::TaskEnded { task, callsite, parent: None, begin: None }
            }
            Event::TaskArgs { values } => {
                let task = match begun {
                    Begun::Task(task, callsite) => {
                        self.check_arguments(callsite, &values, now);
                        Some(task)
                    }
                    _ => self.stray(now),
                };
                Step::TaskArgs { task, values }
            }
            Event::TaskArg { key, task, value } => Step::TaskArg { task, key, value },
            Event::TaskEnter { task } => {
                self.task = task;
                Step::TaskEntered { task }
            }
            Event::Log { callsite, message } => {
                let (task, region) = (self.task, self.stack.innermost());
                Step::Log { callsite, task, region, message }
            }
            Event::TaskLog { callsite, task, message } => {
                Step::Log { callsite, task, region: self.stack.innermost(), message }
            }
            Event::Counter { callsite, value } => Step::Counter { callsite, value },
            Event::Loss { cause, count, age } => Step::Loss(Loss {
                thread: Some(self.thread),
                cause,
                count,
                from: self.time_of(now, age),
                to: now.time,
            }),
            Event::FiberBegin { callsite, fiber, parent, task } => {
                self.begun = Begun::Fiber(fiber, callsite);
                Step::FiberBegan { fiber, callsite, parent, task }
            }
            Event::PollBegin { callsite, fiber, waited } => {
                self.poll_begin(callsite, fiber, waited, self.task, None, now)
            }
            Event::TaskPollBegin { callsite, fiber, waited, task } => {
                let outer = std::mem::replace(&mut self.task, task);
                self.poll_begin(callsite, fiber, waited, task, Some(outer), now)
            }
            Event::FiberEnd {
                callsite,
                fiber,
                parent,
                task,
                age,
                busy,
                waited,
                polls,
                outcome,
            } => {
                let ns = |ticks| self.clock.elapsed_ns(ticks, now.ticks);
                let (busy_ns, waited_ns) = (ns(busy), ns(waited));
                let begin = self.time_of(now, age);
                let life = FiberLife { parent, task, begin, busy_ns, waited_ns, polls };
                Step::FiberEnded(FiberEnd { fiber, callsite, outcome, life: Some(life) })
            }
            Event::UnseenFiberEnd { callsite, fiber, outcome } => {
                Step::FiberEnded(FiberEnd { fiber, callsite, outcome, life: None })
            }
            Event::Wake { fiber } => Step::Woken { fiber },
            // `Clock` is the reader's business, and of others this version knows nothing.
            _ => Step::TaskEntered { task: self.task },
        }
    }

    fn begin(
        &mut self,
        callsite: CallsiteId,
        task: TaskId,
        outer: Option<TaskId>,
        now: Now,
    ) -> Step<'static> {
        if self.stack.is_full() {
            self.let_go_of_half(now);
        }
        let (parent, depth) = (self.stack.innermost(), self.stack.depth());
        let region = self.open(callsite, task, outer, FiberId::NONE, now);
        Step::RegionBegan { region, callsite, task, parent, depth }
    }

    fn poll_begin(
        &mut self,
        callsite: CallsiteId,
        fiber: FiberId,
        waited: u64,
        task: TaskId,
        outer: Option<TaskId>,
        now: Now,
    ) -> Step<'static> {
        if self.stack.is_full() {
            self.let_go_of_half(now);
        }
        let (parent, depth) = (self.stack.innermost(), self.stack.depth());
        let region = self.open(callsite, task, outer, fiber, now);
        // A poll has no arguments.
        self.begun = Begun::Nothing;
        let waited_ns = self.clock.elapsed_ns(waited, now.ticks);
        Step::PollBegan { region, fiber, callsite, task, parent, depth, waited_ns }
    }

    /// A region is open from now on. Returns its number.
    #[inline(always)]
    pub(crate) fn open(
        &mut self,
        callsite: CallsiteId,
        task: TaskId,
        outer: Option<TaskId>,
        fiber: FiberId,
        now: Now,
    ) -> u64 {
        let region = self.number();
        self.begun = Begun::Region(region, callsite);
        self.stack.open.push(Open {
            number: region,
            callsite,
            task,
            outer,
            begin_ticks: now.ticks,
            begin: now.time,
            counted_from: now.time,
            charged_from: now.time,
            children_ns: 0,
            chunk: self.chunk,
            fiber,
        });
        region
    }

    /// The outermost half of what is open is too far out to be kept. What the ends of these regions
    /// tell will be enough.
    #[cold]
    pub(crate) fn let_go_of_half(&mut self, now: Now) {
        let half = self.stack.open.len() / 2;
        let (thread, Now { time, offset, .. }) = (self.thread, now);
        // There may be very many, and no more: twice their number would be a great part of a small file.
        self.pending.reserve_exact(1 + half);
        self.problem(now, Problem::TooManyOpen { offset, thread, time, given_up: half as u64 });
        for at in (0..half).rev() {
            let end = self.stack.settle(at, now.time, Fate::Lost);
            self.push(now, Step::RegionEnded(end));
        }
        self.stack.hide_half(now.time);
    }

    /// Gives back memory that was needed once: that of what had to be told at once, and, if it is
    /// `scarce`, that of regions.
    #[inline]
    pub(crate) fn shrink(&mut self, scarce: bool) {
        const USUAL: usize = 64;
        if self.pending.is_empty() && self.pending.capacity() > USUAL {
            self.pending = VecDeque::new();
        }
        let open = &mut self.stack.open;
        if scarce && open.capacity() > 4 * open.len().max(2) {
            open.shrink_to(2 * open.len());
        }
    }

    /// The innermost region ends, if there is one.
    #[inline(always)]
    pub(crate) fn end(&mut self, now: Now) -> Option<RegionEnd> {
        let (end, begun) = self.stack.pop(now.time, Fate::Complete)?;
        self.task = begun.outer.unwrap_or(self.task);
        if self.strict.is_some() && begun.chunk != self.chunk {
            let (thread, offset) = (self.thread, now.offset);
            self.problem(now, Problem::EndTellsTooLittle { offset, thread });
        }
        Some(end)
    }

    /// Whether a callsite is known, so that an event may name it.
    #[inline(always)]
    pub(crate) fn knows(&self, callsite: CallsiteId) -> bool {
        self.callsites.index(callsite).is_some()
    }

    /// A region that is not on the stack and takes no part in its accounts.
    fn apart(&mut self, callsite: CallsiteId, task: TaskId, now: Now) -> RegionEnd {
        RegionEnd {
            region: self.number(),
            callsite,
            task,
            parent: None,
            depth: self.stack.depth(),
            begin: None,
            end: now.time,
            self_ns: 0,
            covered_ns: 0,
            partial: true,
            fate: Fate::Complete,
            untold: true,
            fiber: FiberId::NONE,
        }
    }

    fn whole_end(
        &mut self,
        callsite: CallsiteId,
        age: u64,
        task: TaskId,
        inner: u64,
        now: Now,
    ) -> RegionEnd {
        let thread = self.thread;
        let begin_ticks = now.ticks.saturating_sub(age);
        let is = |open: &Open| open.is(callsite, task, begin_ticks, now.ticks);
        let (open, Now { time, offset, .. }) = (&self.stack.open, now);
        let claimed = usize::try_from(inner).ok().filter(|inner| *inner < open.len());
        let claimed = claimed.filter(|inner| is(&open[open.len() - 1 - inner]));
        let found = claimed.or_else(|| open.iter().rev().take(MISNESTED_LIMIT).position(is));
        if found.is_none() && inner >= self.stack.depth() && self.strict.is_some() {
            let (open, found) = (self.stack.depth(), inner);
            self.problem(now, Problem::BeyondOpenRegions { offset, thread, open, found });
        } else if claimed.is_none() && inner < self.stack.open.len() as u64 {
            self.problem(now, Problem::EndDisagrees { offset, thread, time, callsite });
        }
        match found {
            Some(inner) if inner <= MISNESTED_LIMIT => {
                let at = self.stack.open.len() - 1 - inner;
                if let Some(open) = self.stack.open.get(at + 1) {
                    let (ended, open) = (callsite, open.callsite);
                    self.problem(now, Problem::Misnested { offset, thread, time, ended, open });
                }
                let (end, outer) = self.stack.remove(at, time);
                self.task = outer.unwrap_or(self.task);
                end
            }
            _ => {
                let begin = self.time_of(now, age);
                let hidden = self.stack.hidden.len() > 0 && inner >= self.stack.open.len() as u64;
                let (covered_ns, self_ns) =
                    if hidden { self.stack.pop_hidden(begin, time) } else { (0, 0) };
                let apart = self.apart(callsite, task, now);
                let depth = if hidden { self.stack.hidden.len() } else { apart.depth };
                RegionEnd { begin: Some(begin), covered_ns, self_ns, depth, ..apart }
            }
        }
    }

    #[cold]
    fn stray<T>(&mut self, now: Now) -> Option<T> {
        let (thread, Now { time, offset, .. }) = (self.thread, now);
        self.problem(now, Problem::StrayArguments { offset, thread, time });
        None
    }

    #[cold]
    fn missing_callsite(&mut self, callsite: CallsiteId, now: Now) {
        if self.missing.insert(callsite) {
            let (thread, offset) = (self.thread, now.offset);
            self.problem(now, Problem::MissingCallsite { offset, thread, callsite });
        }
    }

    /// The rest of a chunk cannot be read.
    pub(crate) fn interrupt(&mut self) {
        self.interrupted = true;
        self.begun = Begun::Nothing;
    }

    /// Forgets what began: something is missing behind it.
    pub(crate) fn forget_begun(&mut self) {
        self.begun = Begun::Nothing;
    }

    /// The thread has no more events: the innermost of what is still open is told of. `false` when
    /// nothing is.
    pub(crate) fn finish_one(&mut self, now: Now) -> bool {
        let Some((end, _)) = self.stack.pop(now.time, Fate::Open) else { return false };
        self.push(now, Step::RegionEnded(end));
        true
    }
}
