//! Making a [`Recording`] out of steps: of all of them, or of those that tell of some tasks.

mod arguments;
mod fibers;
mod scope;

use std::collections::BTreeMap;

use trace_format::{CallsiteId, CallsiteKind, FiberId, TaskId};

use self::arguments::Arguments;
use self::fibers::{Fibers, OpenPoll};
use self::scope::Scope;
use crate::choice::Chosen;
use crate::excerpt::{ChosenTask, Excerpt};
use crate::family::Family;
use crate::ledger::{Entry, Ledger};
use crate::recording::{CounterSample, Log, RecordedThread, Recording, Region, Task};
use crate::step::{Fate, Item, RegionEnd, Step};
use crate::{Callsites, Problem, ThreadId, Time, Trace};

/// A recording that is being made.
pub(crate) struct Loading<'t> {
    callsites: &'t Callsites,
    arguments: Arguments<'t>,
    recording: Recording,
    /// The threads that regions are kept of: a trace may have a great many, and a task be on few.
    threads: BTreeMap<ThreadId, Regions>,
    fibers: Fibers,
    ledger: Ledger,
    whole: bool,
    scope: Scope,
}

/// The regions of a thread so far. Their indices count within it.
#[derive(Default)]
struct Regions {
    kept: Vec<Region>,
    /// The number and index of those that are kept and open; both ascend.
    open: Vec<(u64, usize)>,
    /// The polls that are going on, of fibers that are kept; the innermost one last.
    polls: Vec<OpenPoll>,
}

impl Regions {
    /// Where the open region with this number is.
    fn open(&self, number: u64) -> Option<usize> {
        self.position(number).map(|at| self.open[at].1)
    }

    /// Where the poll is that has this number as a region; the numbers ascend.
    fn poll(&self, number: u64) -> Option<usize> {
        self.polls.binary_search_by_key(&number, |poll| poll.number).ok()
    }

    /// The fiber that is being polled, the innermost one.
    fn fiber(&self) -> FiberId {
        self.polls.last().map_or(FiberId::NONE, |poll| poll.fiber)
    }

    fn position(&self, number: u64) -> Option<usize> {
        self.open.binary_search_by_key(&number, |&(number, _)| number).ok()
    }
}

/// The region with this number, if it is kept and open.
fn open_region(
    threads: &mut BTreeMap<ThreadId, Regions>,
    thread: ThreadId,
    number: u64,
) -> Option<&mut Region> {
    let regions = threads.get_mut(&thread)?;
    let index = regions.open(number)?;
    Some(&mut regions.kept[index])
}

impl<'t> Loading<'t> {
    /// Of everything.
    pub(crate) fn new(trace: &'t Trace) -> Self {
        let thread = |thread: &crate::Thread| RecordedThread {
            id: thread.id,
            roots: Vec::new(),
            events: 0,
            first: None,
            last: None,
        };
        let recording = Recording {
            threads: trace.threads().iter().map(thread).collect(),
            losses: trace.losses().to_vec(),
            ..Recording::default()
        };
        Self::with(trace, recording, Scope::everything(), (usize::MAX, usize::MAX))
    }

    /// Of `count` chosen tasks and their `family`, with no more than `limit` regions, futures,
    /// logs and subtasks for each.
    pub(crate) fn of_tasks(trace: &'t Trace, family: Family, count: usize, limit: usize) -> Self {
        let scope = Scope::of(family, count, limit, trace.losses());
        let kept_of_each = (Excerpt::ARGUMENTS, Excerpt::POLLS);
        Self::with(trace, Recording::default(), scope, kept_of_each)
    }

    /// With so many arguments of each region, task and future, and so many polls of each future.
    fn with(
        trace: &'t Trace,
        recording: Recording,
        scope: Scope,
        (arguments, polls): (usize, usize),
    ) -> Self {
        let recording = Recording { problems: trace.problems().clone(), ..recording };
        Self {
            callsites: trace.callsites(),
            arguments: Arguments::new(trace, arguments),
            recording,
            threads: BTreeMap::new(),
            fibers: Fibers::new(polls),
            ledger: Ledger::default(),
            whole: trace.is_whole(),
            scope,
        }
    }

    #[expect(clippy::collapsible_match, reason = "a guard should have no effect")]
    pub(crate) fn item(&mut self, item: Item<'_>) {
        if item.step.is_event() && self.scope.is_everything() {
            let thread = self.recorded_thread(item.thread);
            thread.events += 1;
            thread.first.get_or_insert(item.time);
            thread.last = Some(item.time);
        }
        let again = match self.ledger.enter(&item) {
            Entry::Again(problem) => {
                self.recording.problems.push(problem);
                true
            }
            _ => false,
        };
        let (thread, time) = (item.thread, item.time);
        match item.step {
            Step::RegionBegan { region, callsite, task, parent, depth } => {
                self.region(region, thread, callsite, task, parent, depth, time);
            }
            Step::PollBegan { region, fiber, callsite, task, waited_ns, .. } => {
                self.poll(region, fiber, thread, callsite, task, waited_ns);
            }
            Step::RegionFound { region, callsite, task, fiber, .. } if fiber != FiberId::NONE => {
                self.poll(region, fiber, thread, callsite, task, 0);
            }
            Step::RegionFound { region, callsite, task, parent, depth, begin, .. } => {
                self.region(region, thread, callsite, task, parent, depth, begin);
            }
            Step::RegionArgs { region: Some(region), values } => {
                if let Some(region) = open_region(&mut self.threads, thread, region) {
                    self.arguments.of_begin(region.callsite, &values, &mut region.args);
                }
            }
            Step::RegionArg { region: Some(region), key, value } => {
                let regions = self.threads.get(&thread);
                let polled = regions.and_then(|regions| Some(regions.polls[regions.poll(region)?]));
                if let Some((_, args)) = polled.and_then(|poll| self.fibers.args_of(poll.fiber)) {
                    self.arguments.late(key, value, args);
                } else if let Some(region) = open_region(&mut self.threads, thread, region) {
                    self.arguments.late(key, value, &mut region.args);
                }
            }
            Step::RegionEnded(end) if end.fiber != FiberId::NONE => self.poll_ended(thread, &end),
            Step::RegionEnded(end) => self.region_ended(thread, end),
            Step::FiberBegan { fiber, callsite, parent, task } => {
                if !self.fibers.has(fiber) && self.keeps_fiber(fiber, callsite, task) {
                    self.fibers.keep(fiber, callsite, task, parent, Some(time));
                }
            }
            Step::FiberArgs { fiber, values } => {
                if let Some((callsite, args)) = self.fibers.args_of(fiber) {
                    self.arguments.of_begin(callsite, &values, args);
                }
            }
            Step::FiberEnded(end) => {
                let task = end.life.map_or(TaskId::BACKGROUND, |life| life.task);
                if self.has_fiber(end.fiber, end.callsite, task) {
                    self.fibers.ended(&end, time);
                }
            }
            Step::Woken { fiber } => self.fibers.woken(fiber, thread, time),
            Step::TaskBegan { task, callsite, parent } if !again => {
                if let Some(task) = self.kept_task(task) {
                    task.callsite = Some(callsite);
                    task.parent = parent;
                    task.begin = Some(time);
                    task.begin_thread = Some(thread);
                }
            }
            Step::TaskArgs { task: Some(task), values } => {
                let task = self.recording.task_index.get(&task);
                if let Some(task) = task.map(|&index| &mut self.recording.tasks[index]) {
                    if let Some(callsite) = task.callsite {
                        self.arguments.of_begin(callsite, &values, &mut task.args);
                    }
                }
            }
            // The background is no task; a damaged file may say otherwise.
            Step::TaskArg { task, key, value } if task != TaskId::BACKGROUND => {
                if self.kept_task(task).is_some() {
                    let index = self.recording.task_index[&task];
                    self.arguments.late(key, value, &mut self.recording.tasks[index].args);
                }
            }
            Step::TaskEnded { task, callsite, parent, begin } if !again => {
                if let Some(task) = self.kept_task(task) {
                    task.callsite.get_or_insert(callsite);
                    task.parent = parent.unwrap_or(task.parent);
                    task.begin = task.begin.or(begin);
                    task.end = Some(time);
                    task.end_thread = Some(thread);
                }
            }
            Step::Log { callsite, task, region, message } => {
                if self.scope.keeps(task) {
                    let message = message.into_owned();
                    let regions = self.threads.get(&thread);
                    let region = region.and_then(|region| regions?.open(region));
                    let fiber = regions.map_or(FiberId::NONE, Regions::fiber);
                    let log = Log { thread, time, callsite, task, region, fiber, message };
                    self.recording.logs.push(log);
                }
            }
            Step::Counter { callsite, value } if self.scope.is_everything() => {
                let value = value.into_owned();
                self.recording.counters.push(CounterSample { thread, time, callsite, value });
            }
            Step::Loss(loss) => {
                self.whole = false;
                self.recording.losses.extend(self.scope.loss(loss));
            }
            Step::Problem(problem) => {
                self.whole &= !matches!(problem, Problem::MalformedEvent { .. });
                self.recording.problems.push(problem);
            }
            _ => {}
        }
    }

    fn recorded_thread(&mut self, id: ThreadId) -> &mut RecordedThread {
        let at = self.recording.threads.binary_search_by_key(&id, |thread| thread.id);
        &mut self.recording.threads[at.expect("steps come from the threads of the trace")]
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of two steps, once")]
    fn region(
        &mut self,
        number: u64,
        thread: ThreadId,
        callsite: CallsiteId,
        task: TaskId,
        parent: Option<u64>,
        depth: u64,
        begin: Time,
    ) {
        if !self.scope.keeps(task) {
            return;
        }
        let regions = self.threads.entry(thread).or_default();
        let fiber = regions.fiber();
        regions.open.push((number, regions.kept.len()));
        regions.kept.push(Region {
            thread,
            callsite,
            task,
            parent: parent.and_then(|parent| regions.open(parent)),
            children: Vec::new(),
            depth,
            begin: Some(begin),
            end: None,
            self_ns: 0,
            partial: false,
            fate: Fate::Open,
            fiber,
            args: Vec::new(),
        });
    }

    /// Counts a fiber that is not kept yet, and tells whether it is from now on. One that is a task is kept with
    /// that task, and no entry of its own; there should be one.
    fn keeps_fiber(&mut self, fiber: FiberId, callsite: CallsiteId, task: TaskId) -> bool {
        match self.callsites.get(callsite).map(|callsite| callsite.kind) {
            Some(CallsiteKind::Task) if !self.scope.is_everything() => {
                let is_kept = self.recording.task_index.contains_key(&task);
                (is_kept || self.scope.is_chosen(task)) && self.fibers.is_first_of(task)
            }
            _ => self.scope.keeps_fiber(fiber, task),
        }
    }

    fn poll(
        &mut self,
        number: u64,
        fiber: FiberId,
        thread: ThreadId,
        callsite: CallsiteId,
        task: TaskId,
        waited_ns: u64,
    ) {
        if self.has_fiber(fiber, callsite, task) {
            let polls = &mut self.threads.entry(thread).or_default().polls;
            polls.push(OpenPoll { number, fiber, waited_ns });
        }
    }

    /// Whether a fiber is kept of which perhaps no begin was seen.
    fn has_fiber(&mut self, fiber: FiberId, callsite: CallsiteId, task: TaskId) -> bool {
        let is_new = !self.fibers.has(fiber) && self.keeps_fiber(fiber, callsite, task);
        if is_new {
            self.fibers.keep(fiber, callsite, task, FiberId::NONE, None);
        }
        is_new || self.fibers.has(fiber)
    }

    fn poll_ended(&mut self, thread: ThreadId, end: &RegionEnd) {
        let Some(regions) = self.threads.get_mut(&thread) else { return };
        let Some(at) = regions.poll(end.region) else { return };
        let poll = regions.polls.remove(at);
        self.fibers.polled(poll, thread, end);
    }

    fn region_ended(&mut self, thread: ThreadId, end: RegionEnd) {
        let RegionEnd { region, callsite, task, parent, depth, .. } = end;
        if end.untold {
            self.region(region, thread, callsite, task, parent, depth, end.end);
        }
        let Some(regions) = self.threads.get_mut(&thread) else { return };
        let Some(position) = regions.position(region) else { return };
        let (_, index) = regions.open.remove(position);
        let region = &mut regions.kept[index];
        region.begin = end.begin;
        region.end = matches!(end.fate, Fate::Complete | Fate::BeganBefore).then_some(end.end);
        region.self_ns = end.self_ns;
        region.partial = end.partial;
        region.fate = end.fate;
    }

    /// The task with this id, if it is kept. It is made when it is not there.
    fn kept_task(&mut self, id: TaskId) -> Option<&mut Task> {
        let is_there = self.recording.task_index.contains_key(&id);
        (is_there || self.scope.keeps_task(id)).then(|| self.task(id))
    }

    /// The task with this id, which is made when it is not there.
    fn task(&mut self, id: TaskId) -> &mut Task {
        let recording = &mut self.recording;
        let next = recording.tasks.len();
        // Those that began while nothing was recorded share the id 0, but are not the same.
        let index = match id {
            TaskId::BACKGROUND => next,
            id => *recording.task_index.entry(id).or_insert(next),
        };
        if index == next {
            recording.tasks.push(Task {
                id,
                callsite: None,
                parent: TaskId::BACKGROUND,
                children: Vec::new(),
                begin: None,
                end: None,
                began_before: false,
                begin_thread: None,
                end_thread: None,
                args: Vec::new(),
                regions: Vec::new(),
                logs: Vec::new(),
            });
        }
        &mut recording.tasks[index]
    }

    fn mention(&mut self, id: TaskId) {
        if id != TaskId::BACKGROUND {
            self.task(id);
        }
    }

    /// The whole recording.
    pub(crate) fn finish(mut self) -> Recording {
        self.join();
        for index in 0..self.recording.tasks.len() {
            self.mention(self.recording.tasks[index].parent);
        }
        let mut recording = self.recording;
        recording.link_tasks();
        self.ledger.tell(self.whole, &mut recording.problems);
        recording
    }

    /// The excerpt that tells of the `chosen` tasks.
    pub(crate) fn finish_excerpt(mut self, chosen: &[Chosen]) -> Excerpt {
        for chosen in chosen {
            match *chosen {
                Chosen::Task(id) => self.mention(id),
                Chosen::Nameless { callsite, end, thread } => {
                    let task = self.task(TaskId::BACKGROUND);
                    task.callsite = Some(callsite);
                    (task.end, task.end_thread) = (Some(end), Some(thread));
                }
            }
        }
        let polls_left_out = self.fibers.polls_left_out;
        self.join();
        for task in &mut self.recording.tasks {
            let told = task.begin.is_some() || task.end.is_some();
            task.parent = self.scope.parent(task.id).filter(|_| !told).unwrap_or(task.parent);
        }
        let mut recording = self.recording;
        recording.link_tasks();
        let (entries, lost_events) = self.scope.counts();
        // The nameless ones come first among the tasks, in the order in which they were chosen.
        let (mut named, mut nameless) = (entries.into_iter(), 0..);
        let found = |chosen: &Chosen| {
            Some(match *chosen {
                Chosen::Task(id) => {
                    ChosenTask { index: recording.task_index(id)?, entries: named.next()? }
                }
                Chosen::Nameless { .. } => ChosenTask { index: nameless.next()?, entries: 0 },
            })
        };
        Excerpt {
            chosen: chosen.iter().filter_map(found).collect(),
            recording,
            lost_events,
            arguments_left_out: self.arguments.left_out,
            polls_left_out,
            ..Excerpt::default()
        }
    }

    /// Puts the regions of all threads one behind the other, and makes the tasks that nothing was
    /// told of but that regions, fibers and logs belong to.
    fn join(&mut self) {
        self.recording.fibers = std::mem::take(&mut self.fibers).finish();
        let mut firsts = BTreeMap::new();
        for (id, regions) in std::mem::take(&mut self.threads) {
            let first = self.recording.regions.len();
            firsts.insert(id, first);
            for mut region in regions.kept {
                let index = self.recording.regions.len();
                region.parent = region.parent.map(|parent| parent + first);
                match region.parent {
                    Some(parent) => self.recording.regions[parent].children.push(index),
                    None if self.scope.is_everything() => {
                        self.recorded_thread(id).roots.push(index)
                    }
                    None => {}
                }
                self.recording.regions.push(region);
            }
        }
        for log in &mut self.recording.logs {
            let first = firsts.get(&log.thread).copied().unwrap_or(0);
            log.region = log.region.map(|region| region + first);
        }
        for index in 0..self.recording.regions.len() {
            self.mention(self.recording.regions[index].task);
        }
        for index in 0..self.recording.fibers.len() {
            self.mention(self.recording.fibers[index].task);
        }
        for index in 0..self.recording.logs.len() {
            self.mention(self.recording.logs[index].task);
        }
    }
}
