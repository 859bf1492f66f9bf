//! Making a [`Recording`] out of steps.

use std::collections::HashMap;
use std::sync::Arc;

use trace_format::{CallsiteId, TaskId, Value, Values};

use crate::ledger::{Entry, Ledger};
use crate::recording::{Argument, CounterSample, Log, RecordedThread, Recording, Region, Task};
use crate::step::{Fate, Item, RegionEnd, Step};
use crate::{Problem, ThreadId, Time, Trace};

/// A recording that is being made. The regions' indices count within their thread.
pub(crate) struct Loading<'t> {
    keys: Keys<'t>,
    recording: Recording,
    regions: Vec<Vec<Region>>,
    ledger: Ledger,
    whole: bool,
}

impl<'t> Loading<'t> {
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
            problems: trace.problems().clone(),
            ..Recording::default()
        };
        let regions = vec![Vec::new(); trace.threads().len()];
        Self {
            keys: Keys::new(trace),
            recording,
            regions,
            ledger: Ledger::default(),
            whole: trace.is_whole(),
        }
    }

    pub(crate) fn item(&mut self, item: Item<'_>) {
        let at = self.thread_at(item.thread);
        if item.step.is_event() {
            let thread = &mut self.recording.threads[at];
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
                self.region(at, region, thread, callsite, task, parent, depth, time);
            }
            Step::RegionFound { region, callsite, task, parent, depth, begin } => {
                self.region(at, region, thread, callsite, task, parent, depth, begin);
            }
            Step::RegionArgs { region: Some(region), values } => {
                let region = &mut self.regions[at][region as usize];
                region.args.extend(self.keys.arguments(region.callsite, &values));
            }
            Step::RegionArg { region: Some(region), key, value } => {
                let key = self.keys.late(key);
                let value = value.into_owned();
                self.regions[at][region as usize].args.push(Argument { key, value });
            }
            Step::RegionEnded(end) => self.region_ended(at, thread, end),
            Step::TaskBegan { task, callsite, parent } if !again => {
                let task = self.task(task);
                task.callsite = Some(callsite);
                task.parent = parent;
                task.begin = Some(time);
                task.begin_thread = Some(thread);
            }
            Step::TaskArgs { task: Some(task), values } => {
                if let Some(callsite) = self.task(task).callsite {
                    let args = self.keys.arguments(callsite, &values);
                    self.task(task).args.extend(args);
                }
            }
            // The background is no task; a damaged file may say otherwise.
            Step::TaskArg { task, key, value } if task != TaskId::BACKGROUND => {
                let key = self.keys.late(key);
                let value = value.into_owned();
                self.task(task).args.push(Argument { key, value });
            }
            Step::TaskEnded { task, callsite, parent, begin } if !again => {
                let task = self.task(task);
                task.callsite.get_or_insert(callsite);
                task.parent = parent.unwrap_or(task.parent);
                task.begin = task.begin.or(begin);
                task.end = Some(time);
                task.end_thread = Some(thread);
            }
            Step::Log { callsite, task, region, message } => {
                let message = message.into_owned();
                let region = region.map(|region| region as usize);
                self.recording.logs.push(Log { thread, time, callsite, task, region, message });
            }
            Step::Counter { callsite, value } => {
                let value = value.into_owned();
                self.recording.counters.push(CounterSample { thread, time, callsite, value });
            }
            Step::Loss(loss) => {
                self.whole = false;
                self.recording.losses.push(loss);
            }
            Step::Problem(problem) => {
                self.whole &= !matches!(problem, Problem::MalformedEvent { .. });
                self.recording.problems.push(problem);
            }
            _ => {}
        }
    }

    fn thread_at(&self, id: ThreadId) -> usize {
        let at = self.recording.threads.binary_search_by_key(&id, |thread| thread.id);
        at.expect("steps come from the threads of the trace")
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of two steps, once")]
    fn region(
        &mut self,
        at: usize,
        number: u64,
        thread: ThreadId,
        callsite: CallsiteId,
        task: TaskId,
        parent: Option<u64>,
        depth: u64,
        begin: Time,
    ) {
        debug_assert_eq!(number, self.regions[at].len() as u64);
        self.regions[at].push(Region {
            thread,
            callsite,
            task,
            parent: parent.map(|parent| parent as usize),
            children: Vec::new(),
            depth,
            begin: Some(begin),
            end: None,
            self_ns: 0,
            partial: false,
            fate: Fate::Open,
            args: Vec::new(),
        });
    }

    fn region_ended(&mut self, at: usize, thread: ThreadId, end: RegionEnd) {
        let RegionEnd { region, callsite, task, parent, depth, .. } = end;
        if region == self.regions[at].len() as u64 {
            self.region(at, region, thread, callsite, task, parent, depth, end.end);
        }
        let region = &mut self.regions[at][region as usize];
        region.begin = end.begin;
        region.end = matches!(end.fate, Fate::Complete | Fate::BeganBefore).then_some(end.end);
        region.self_ns = end.self_ns;
        region.partial = end.partial;
        region.fate = end.fate;
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

    pub(crate) fn finish(mut self) -> Recording {
        self.join_regions();
        for index in 0..self.recording.regions.len() {
            self.mention(self.recording.regions[index].task);
        }
        for index in 0..self.recording.logs.len() {
            self.mention(self.recording.logs[index].task);
        }
        for index in 0..self.recording.tasks.len() {
            self.mention(self.recording.tasks[index].parent);
        }
        let mut recording = self.recording;
        recording.link_tasks();
        if self.whole {
            self.ledger.loose().for_each(|problem| recording.problems.push(problem));
        }
        recording
    }

    /// Puts the regions of all threads one behind the other.
    fn join_regions(&mut self) {
        let recording = &mut self.recording;
        let mut firsts = Vec::with_capacity(self.regions.len());
        for (regions, thread) in self.regions.drain(..).zip(&mut recording.threads) {
            let first = recording.regions.len();
            firsts.push(first);
            for mut region in regions {
                let index = recording.regions.len();
                region.parent = region.parent.map(|parent| parent + first);
                match region.parent {
                    Some(parent) => recording.regions[parent].children.push(index),
                    None => thread.roots.push(index),
                }
                recording.regions.push(region);
            }
        }
        for log in &mut recording.logs {
            let at = recording.threads.binary_search_by_key(&log.thread, |thread| thread.id);
            let first = at.map_or(0, |at| firsts[at]);
            log.region = log.region.map(|region| region + first);
        }
    }
}

/// The names of arguments, each kept once: a name may be long, and its arguments many.
struct Keys<'t> {
    trace: &'t Trace,
    /// By callsite, and which of its keys; its own name is that of a late argument.
    kept: HashMap<(CallsiteId, Option<usize>), Arc<str>>,
}

impl<'t> Keys<'t> {
    fn new(trace: &'t Trace) -> Self {
        Self { trace, kept: HashMap::new() }
    }

    /// The name of an argument that was added later.
    fn late(&mut self, key: CallsiteId) -> Arc<str> {
        let name = || Arc::from(&*self.trace.callsites().name(key));
        Arc::clone(self.kept.entry((key, None)).or_insert_with(name))
    }

    /// The values of a begin under the names that its callsite gives them.
    fn arguments(&mut self, callsite: CallsiteId, values: &Values<'_>) -> Vec<Argument> {
        let known = self.trace.callsites().get(callsite).map(|callsite| &callsite.keys);
        let name = |i: usize| match known.and_then(|keys| keys.get(i)) {
            Some(key) => Arc::from(key),
            None => Arc::from(format!("argument {}", i + 1)),
        };
        let argument = |(i, value): (usize, Value<'_>)| {
            let key = self.kept.entry((callsite, Some(i))).or_insert_with(|| name(i));
            Argument { key: Arc::clone(key), value: value.into_owned() }
        };
        values.iter().enumerate().map(argument).collect()
    }
}
