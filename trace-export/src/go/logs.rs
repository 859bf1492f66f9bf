//! Logs, and what can only be shown as such: arguments, counters, losses.

use std::fmt::Write;

use trace_reader::{CallsiteId, LossCause, Step, TaskId, Text, Time, Trace, Value, Values};

use super::Export;
use super::file::stamp;
use super::threads::Machine;
use super::wire::kind;
use crate::nesting::{Nesting, Slice};
use crate::text::marked;

const ARGUMENTS: &str = "arguments are shown as logs";

/// The category of losses.
const LOST: &str = "lost events";

/// The region that an argument was added to. What is open ascends by number.
fn open_region(nesting: &Nesting, region: Option<u64>) -> Option<&Slice> {
    let open = nesting.open();
    match open.last() {
        Some(last) if Some(last.region) == region => Some(last),
        _ => open.binary_search_by_key(&region?, |slice| slice.region).ok().map(|at| &open[at]),
    }
}

impl Export<'_, '_, '_> {
    pub(super) fn log(
        &mut self,
        machine: &mut Machine,
        now: u64,
        task: TaskId,
        (category, message): (u64, u64),
        at: Option<CallsiteId>,
    ) {
        let stack = self.stack(at);
        let task = self.tasks.number(task);
        self.put(machine, kind::LOG, now, [task, category, message, stack]);
    }

    /// A step that is shown as a log, or not at all.
    pub(super) fn log_step(
        &mut self,
        machine: &mut Machine,
        nesting: &Nesting,
        now: u64,
        step: &Step<'_>,
    ) {
        match step {
            Step::Log { callsite, task, message, .. } => {
                let category = self.words(*callsite).name;
                let message = self.text(message);
                self.log(machine, now, *task, (category, message), Some(*callsite));
            }
            Step::Counter { callsite, value } => {
                self.remarks.met("counters are shown as logs");
                let category = self.words(*callsite).name;
                let message = self.value(value);
                self.log(machine, now, TaskId::BACKGROUND, (category, message), Some(*callsite));
            }
            Step::RegionArgs { region, values } => match open_region(nesting, *region) {
                Some(slice) => self.arguments(machine, now, slice.task, slice.callsite, values),
                None => self.no_owner(),
            },
            Step::FiberArgs { fiber, values } => match self.futures.get(*fiber) {
                Some(future) => {
                    self.arguments(machine, now, future.task, future.callsite, values);
                }
                None => self.no_owner(),
            },
            Step::TaskArgs { task, values } => {
                let (known, callsite) = machine.last_task;
                match task {
                    Some(task) if *task == known => {
                        self.arguments(machine, now, known, callsite, values);
                    }
                    _ => self.no_owner(),
                }
            }
            Step::RegionArg { region, key, value } => match open_region(nesting, *region) {
                Some(slice) => self.argument(machine, now, slice.task, *key, value),
                None => self.no_owner(),
            },
            Step::TaskArg { task, key, value } => self.argument(machine, now, *task, *key, value),
            Step::Loss(loss) => self.loss(machine, now, loss.cause, loss.count),
            Step::Gap { chunks, .. } => {
                self.remarks.met("lost events are shown as logs");
                self.text.clear();
                _ = write!(self.text, "{chunks} chunks of this thread are missing before");
                self.lost(machine, now);
            }
            _ => {}
        }
    }

    fn no_owner(&mut self) {
        self.remarks
            .met("some arguments are left out of which nothing is known what they belong to");
    }

    fn arguments(
        &mut self,
        machine: &mut Machine,
        now: u64,
        task: TaskId,
        callsite: CallsiteId,
        values: &Values<'_>,
    ) {
        for (at, value) in values.iter().enumerate() {
            self.remarks.met(ARGUMENTS);
            let key = self.words.key(callsite, at, &mut self.file, self.remarks);
            let message = self.value(&value);
            self.log(machine, now, task, (key, message), Some(callsite));
        }
    }

    fn argument(
        &mut self,
        machine: &mut Machine,
        now: u64,
        task: TaskId,
        key: CallsiteId,
        value: &Value<'_>,
    ) {
        self.remarks.met(ARGUMENTS);
        let category = self.words(key).name;
        let message = self.value(value);
        self.log(machine, now, task, (category, message), Some(key));
    }

    fn loss(&mut self, machine: &mut Machine, now: u64, cause: LossCause, count: u64) {
        self.remarks.met("lost events are shown as logs");
        let cause = match cause {
            LossCause::PoolFull => "the pool was full",
            LossCause::Reentrant => "one was being recorded already",
            LossCause::TooLarge => "they were too large",
            _ => "it is not known why",
        };
        self.text.clear();
        _ = write!(self.text, "{count} events: {cause}");
        self.lost(machine, now);
    }

    fn lost(&mut self, machine: &mut Machine, now: u64) {
        let category = self.phrase(LOST);
        let message = self.words.strings.recent(&self.text, &mut self.file, self.remarks);
        self.log(machine, now, TaskId::BACKGROUND, (category, message), None);
    }

    /// Shows losses that no chunk tells of, on threads that are not over.
    pub(super) fn losses(&mut self, trace: &Trace) {
        for loss in trace.losses() {
            let index = loss.thread.and_then(|id| self.threads.index(id));
            match index.and_then(|index| self.threads.take(index)) {
                Some(mut thread) => {
                    let now = stamp(loss.to.max(Time::START));
                    self.activate(&mut thread.machine, now);
                    self.loss(&mut thread.machine, now, loss.cause, loss.count);
                    self.give_back(thread);
                }
                None => self.remarks.met("lost events of threads that are not shown are left out"),
            }
        }
    }

    /// The string that a text is.
    fn text(&mut self, text: &Text<'_>) -> u64 {
        self.words.strings.recent(&marked(text), &mut self.file, self.remarks)
    }

    /// The string that a value is.
    fn value(&mut self, value: &Value<'_>) -> u64 {
        self.text.clear();
        // A string takes anything.
        _ = match value {
            Value::I64(v) => write!(self.text, "{v}"),
            Value::U64(v) => write!(self.text, "{v}"),
            Value::I128(v) => write!(self.text, "{v}"),
            Value::U128(v) => write!(self.text, "{v}"),
            Value::F64(v) => write!(self.text, "{v}"),
            Value::Bool(v) => write!(self.text, "{v}"),
            Value::Str(v) | Value::Debug(v) | Value::Display(v) => return self.text(v),
        };
        self.words.strings.recent(&self.text, &mut self.file, self.remarks)
    }
}
