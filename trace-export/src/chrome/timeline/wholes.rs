//! Tasks and futures as wholes: their begins, their ends, and what happens in them.

use trace_reader::{CallsiteId, FiberEnd, FiberId, Item, Step, TaskId, Time, Value};

use super::{BEFORE, MOST_HELD, Pen, push_arg};
use crate::chrome::async_slices::{FIRST, Row, Whole};
use crate::chrome::threads::{Begun, Held, Thread, Threads};
use crate::json;
use crate::nesting::{Ending, Slice};

impl Pen<'_, '_> {
    /// Writes the begins that are held back on other threads, of what this step has to do with.
    pub(super) fn let_go(&mut self, threads: &mut Threads, item: &Item<'_>) {
        let known = threads.known(item.thread);
        let polled = known.as_ref().map_or(FiberId::NONE, |thread| thread.nesting.polled());
        let wholes = match item.step {
            Step::RegionBegan { task, .. } => [Whole::Task(task), Whole::Future(polled)],
            Step::PollBegan { fiber, task, .. } | Step::RegionFound { fiber, task, .. } => {
                [Whole::Task(task), Whole::Future(fiber)]
            }
            Step::Log { task, .. }
            | Step::TaskArgs { task: Some(task), .. }
            | Step::TaskArg { task, .. }
            | Step::TaskEnded { task, .. } => [Whole::Task(task); 2],
            Step::FiberArgs { fiber, .. } => [Whole::Future(fiber); 2],
            Step::FiberEnded(end) => [Whole::Future(end.fiber); 2],
            Step::RegionEnded(end) => {
                let innermost = known.as_ref().and_then(|thread| thread.nesting.open().last());
                if innermost.is_some_and(|innermost| innermost.region != end.region) {
                    // Whatever is open inside of it is cut, and begins once more.
                    for (_, at) in std::mem::take(&mut self.held) {
                        if let Some(thread) = threads.known(at) {
                            self.let_go_of(thread);
                        }
                    }
                }
                return;
            }
            _ => return,
        };
        for whole in wholes {
            let held = self.held.iter().find(|(held, at)| *held == whole && *at != item.thread);
            let thread = held.and_then(|(_, at)| threads.known(*at));
            if let Some(thread) = thread {
                self.let_go_of(thread);
            }
        }
    }

    /// A begin on this thread cannot wait any longer.
    fn let_go_of(&mut self, thread: &mut Thread) {
        self.held.retain(|(_, at)| *at != thread.id);
        if let Some(held) = thread.held.filter(|held| !held.is_written) {
            self.args.clear();
            self.write_begun(thread, held.time, held.begun);
            thread.held = Some(Held { is_written: true, ..held });
        }
    }

    /// Holds back a begin, or writes it if too many are held back. `whole` is what others may write about
    /// meanwhile, on the same row.
    pub(super) fn hold(
        &mut self,
        thread: &mut Thread,
        time: Time,
        begun: Begun,
        whole: Option<Whole>,
    ) {
        thread.held = Some(Held { begun, time, is_written: false });
        if let Some(whole) = whole {
            self.held.push((whole, thread.id));
            if self.held.len() > MOST_HELD {
                self.let_go_of(thread);
            }
        }
    }

    /// A task or a future begins.
    pub(super) fn begin_whole(
        &mut self,
        thread: &mut Thread,
        time: Time,
        whole: Whole,
        callsite: CallsiteId,
        begun: Begun,
    ) {
        if !self.slices.begin(whole) {
            return self.remarks.met("tasks and futures that begin twice are shown once");
        }
        if self.names.of(callsite, self.remarks).keys.is_empty() {
            self.args.clear();
            self.write_begun(thread, time, begun);
        } else {
            self.hold(thread, time, begun, Some(whole));
        }
    }

    /// Writes the arguments that are there of a begin that could not wait for them.
    pub(super) fn write_late_args(&mut self, thread: &mut Thread, time: Time, begun: Begun) {
        let whole = match begun {
            Begun::Slice(slice, _) => return self.add_args(thread, slice.region),
            Begun::Task { task, .. } => Whole::Task(task),
            Begun::Future { fiber, .. } => Whole::Future(fiber),
        };
        if !self.args.is_empty() && self.slices.is_open(whole) {
            self.events.event(b'n', thread.line, time).row(whole, FIRST);
            self.events.named(b"\"arguments\"").args(&self.args).end();
        }
    }

    /// Writes a begin, with the arguments that are there.
    pub(super) fn write_begun(&mut self, thread: &mut Thread, time: Time, begun: Begun) {
        match begun {
            Begun::Slice(slice, row) => self.write_begin(thread, time, &slice, row, 0),
            Begun::Task { task, callsite, parent } => {
                let name = &self.names.of(callsite, self.remarks).name;
                self.events.event(b'b', thread.line, time).row(Whole::Task(task), FIRST);
                self.events.named(name).args(&self.args);
                self.events.arg("task", |out| json::value(out, &Value::U64(task.0)));
                if parent != TaskId::BACKGROUND {
                    self.events.arg("parent", |out| json::value(out, &Value::U64(parent.0)));
                }
                self.events.end();
                if !thread.nesting.open().is_empty() && !thread.is_over {
                    self.arrow_of_task(thread, time.max(thread.last), task);
                    thread.last = thread.last.max(time);
                }
            }
            Begun::Future { fiber, callsite, parent, task } => {
                let name = &self.names.of(callsite, self.remarks).name;
                self.events.event(b'b', thread.line, time).row(Whole::Future(fiber), FIRST);
                self.events.named(name).args(&self.args);
                self.events.arg("future", |out| json::value(out, &Value::U64(fiber.0)));
                if parent != FiberId::NONE {
                    self.events.arg("parent", |out| json::value(out, &Value::U64(parent.0)));
                }
                if task != TaskId::BACKGROUND {
                    self.events.arg("task", |out| json::value(out, &Value::U64(task.0)));
                }
                self.events.end();
            }
        }
    }

    /// A running task gets an argument: a mark in it.
    pub(super) fn task_arg(
        &mut self,
        thread: &Thread,
        time: Time,
        task: TaskId,
        key: CallsiteId,
        value: &Value<'_>,
    ) {
        let whole = Whole::Task(task);
        if !self.slices.is_open(whole) {
            return self.remarks.met("arguments of tasks that are not known are left out");
        }
        let name = self.names.of(key, self.remarks);
        self.args.clear();
        push_arg(&mut self.args, &name.as_key, value);
        self.events.event(b'n', thread.line, time).row(whole, FIRST);
        self.events.named(&name.name).args(&self.args).end();
    }

    /// Makes what the end of a future tells the arguments.
    pub(super) fn args_of_end(&mut self, end: &FiberEnd) {
        self.args.clear();
        let mut push = |key: &str, write: &dyn Fn(&mut Vec<u8>)| {
            self.args.extend_from_slice(if self.args.is_empty() { b"\"" } else { b",\"" });
            self.args.extend_from_slice(key.as_bytes());
            self.args.extend_from_slice(b"\":");
            write(&mut self.args);
        };
        push("outcome", &|out| json::string(out, end.outcome.word()));
        if let Some(life) = end.life {
            for (key, number) in
                [("busy_ns", life.busy_ns), ("ready_ns", life.waited_ns), ("polls", life.polls)]
            {
                push(key, &|out| json::value(out, &Value::U64(number)));
            }
        }
    }

    /// A task or a future ends, with the arguments that are there.
    pub(super) fn end_whole(
        &mut self,
        threads: &mut Threads,
        line: u32,
        time: Time,
        whole: Whole,
        callsite: CallsiteId,
        begin: Option<Time>,
    ) {
        if self.slices.is_open(whole) {
            let nested = self.slices.nested(whole).and_then(|thread| threads.known(thread));
            let cut = nested.map(|thread| (self.cut(thread, time, whole), thread));
            self.slices.end(whole);
            self.write_whole_end(line, time, whole, FIRST, callsite);
            if let Some((slices, thread)) = cut {
                self.args.clear();
                for slice in slices.iter().rev() {
                    let row = self.take_row(thread, slice);
                    self.begin_part(thread, time, slice, row);
                }
            }
        } else if let Some(begin) = begin {
            // Nobody told of its begin.
            let row = self.slices.apart();
            let name = &self.names.of(callsite, self.remarks).name;
            self.events.event(b'b', line, begin.min(time)).row(whole, row).named(name).end();
            self.write_whole_end(line, time, whole, row, callsite);
        } else {
            self.remarks.met("tasks and futures that began before the trace are shown as instants");
            let row = self.slices.apart();
            let name = &self.names.of(callsite, self.remarks).name;
            let (key, id) = whole.key_and_id();
            self.events.event(b'n', line, time).row_in("before", id, row).named(name);
            self.events.args(&self.args).arg("began", |out| json::string(out, BEFORE));
            if id != 0 {
                self.events.arg(key, |out| json::value(out, &Value::U64(id)));
            }
            self.events.end();
        }
    }

    fn write_whole_end(
        &mut self,
        line: u32,
        time: Time,
        whole: Whole,
        row: Row,
        callsite: CallsiteId,
    ) {
        let name = &self.names.of(callsite, self.remarks).name;
        self.events.event(b'e', line, time).row(whole, row).named(name).args(&self.args).end();
    }

    /// Ends the slices that are nested in a whole, from the inside out: the rest of them is on another row.
    #[cold]
    fn cut(&mut self, thread: &mut Thread, time: Time, whole: Whole) -> Vec<Slice> {
        // Those of the end are there.
        let args = std::mem::take(&mut self.args);
        self.let_go_of(thread);
        self.args = args;
        let part = thread.parts.iter().rfind(|part| part.whole == whole);
        let open = part.map_or(0, |part| part.open);
        let slices = thread.nesting.open().iter().rev();
        let nested = slices.filter(|slice| Whole::of(slice) == Some(whole)).take(open);
        let mut cut: Vec<Slice> = nested.copied().collect();
        for slice in &cut {
            self.end_part(thread, time, slice, Ending::Cut);
        }
        cut.iter_mut().for_each(|slice| slice.is_rest = true);
        cut
    }
}
