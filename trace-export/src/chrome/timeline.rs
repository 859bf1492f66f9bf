//! Steps become events.

mod arrows;
mod marks;
mod slices;
mod wholes;

use hashbrown::HashMap;
use trace_reader::{FiberId, Item, Loss, Step, ThreadId, Time, Trace, Value, Values};

use super::async_slices::{AsyncSlices, Whole};
use super::events::Events;
use super::lines::{Extra, Lines};
use super::names::Names;
use super::threads::{Begun, Held, Threads};
use crate::ids::Ids;
use crate::nesting::Edge;
use crate::{json, remark::Remarks};

/// So many bytes of arguments that came later are kept at most.
const MOST_ADDED_BYTES: usize = 16 << 20;

/// Of so many open regions of a thread they are.
const MOST_ADDED: usize = 1024;

/// So many begins are held back at most on rows on which others may write.
const MOST_HELD: usize = 64;

/// So many futures that were woken are remembered at most.
const MOST_WOKEN: usize = 1 << 20;

/// When something began that the trace does not tell of, in the words of an argument.
const BEFORE: &str = "before the trace";

/// All that is known on the way through a trace.
pub(super) struct Timeline<'t, 'r> {
    threads: Threads,
    pen: Pen<'t, 'r>,
    /// What a step does to the nesting of its thread.
    edges: Vec<(Time, Edge)>,
}

/// What is known but for the threads.
struct Pen<'t, 'r> {
    trace: &'t Trace,
    remarks: &'r mut Remarks,
    events: Events,
    names: Names<'t>,
    lines: Lines,
    slices: AsyncSlices,
    /// The tasks from which an arrow starts, also those that ended: an arrow has one start.
    arrows: Ids,
    /// The futures that were woken, and the number of the arrow from there.
    woken: HashMap<FiberId, u64, foldhash::fast::RandomState>,
    wakes: u64,
    /// The tasks and futures on whose first row a begin is held back, and where.
    held: Vec<(Whole, ThreadId)>,
    /// Arguments as JSON, of the event that is being written.
    args: Vec<u8>,
    /// How much is kept of arguments that came later.
    added_bytes: usize,
}

impl<'t, 'r> Timeline<'t, 'r> {
    pub(super) fn new(trace: &'t Trace, start_ns: i64, remarks: &'r mut Remarks) -> Self {
        let header = trace.header();
        // Readers take 0 for the process that runs when none does.
        let pid = header.map(|header| header.pid).filter(|pid| *pid != 0);
        let pid = pid.and_then(|pid| u32::try_from(pid).ok()).unwrap_or(1);
        let program = header.map(|header| header.program.as_str()).unwrap_or_default();
        let program = program.rsplit(['/', '\\']).next().unwrap_or_default();
        let mut events = Events::new(pid, start_ns);
        events.timeless(b'M', pid).plain(",\"name\":\"process_name\"");
        let name = if program.is_empty() { "program" } else { program };
        events.arg("name", |out| json::string(out, name)).end();
        let pen = Pen {
            trace,
            remarks,
            events,
            names: Names::new(trace.callsites()),
            lines: Lines::new(trace.threads()),
            slices: AsyncSlices::default(),
            arrows: Ids::default(),
            woken: HashMap::default(),
            wakes: 0,
            held: Vec::new(),
            args: Vec::new(),
            added_bytes: 0,
        };
        Self { threads: Threads::default(), pen, edges: Vec::new() }
    }

    /// What was not written yet. Whoever writes it empties it.
    pub(super) fn written(&mut self) -> &mut Vec<u8> {
        &mut self.pen.events.text
    }

    /// Names the line of a thread.
    pub(super) fn name_thread(&mut self, thread: &trace_reader::Thread) {
        let line = self.pen.lines.of_thread(thread);
        self.pen.name_line(line, thread.id, &thread.label());
    }

    /// Events were lost, and no thread tells where.
    pub(super) fn lost_somewhere(&mut self, losses: &[Loss]) {
        let mut losses: Vec<&Loss> = losses.iter().collect();
        losses.sort_by_key(|loss| loss.to);
        losses.iter().for_each(|loss| self.pen.lost(loss, Extra::LostSomewhere));
    }

    /// Takes a step.
    pub(super) fn step(&mut self, item: &Item<'_>) {
        if let Step::Problem(problem) = &item.step {
            return self.pen.remarks.problem(problem);
        }
        let Self { threads, pen, edges } = self;
        if !pen.held.is_empty() {
            pen.let_go(threads, item);
        }
        let thread = threads.get(item.thread, || match pen.trace.thread(item.thread) {
            Some(thread) => pen.lines.of_thread(thread),
            None => pen.lines.stand_in(),
        });
        if let Some(Held { begun, time, is_written }) = thread.held.take() {
            pen.args.clear();
            let is_taken = pen.take_args(&begun, &item.step);
            if is_written {
                pen.write_late_args(thread, item.time, begun);
            } else {
                pen.held.retain(|(_, at)| *at != item.thread);
                pen.write_begun(thread, time, begun);
            }
            if is_taken {
                return;
            }
        }
        let time = item.time;
        match item.step {
            Step::RegionBegan { .. }
            | Step::PollBegan { .. }
            | Step::RegionFound { .. }
            | Step::RegionEnded(_) => {
                edges.clear();
                thread.nesting.step(item, |time, edge| edges.push((time, edge)));
                for (time, edge) in edges.drain(..) {
                    pen.edge(thread, time, edge);
                }
            }
            Step::RegionArg { region, key, ref value } => pen.add_arg(thread, region, key, value),
            Step::TaskBegan { task, callsite, parent } => {
                let begun = Begun::Task { task, callsite, parent };
                pen.begin_whole(thread, time, Whole::Task(task), callsite, begun);
            }
            Step::FiberBegan { fiber, callsite, parent, task } => {
                let begun = Begun::Future { fiber, callsite, parent, task };
                pen.begin_whole(thread, time, Whole::Future(fiber), callsite, begun);
            }
            Step::TaskArg { task, key, ref value } => pen.task_arg(thread, time, task, key, value),
            Step::TaskEnded { task, callsite, begin, .. } => {
                pen.args.clear();
                let line = thread.line;
                pen.end_whole(threads, line, time, Whole::Task(task), callsite, begin);
            }
            Step::FiberEnded(end) => {
                pen.args_of_end(&end);
                let (line, begin) = (thread.line, end.life.map(|life| life.begin));
                pen.woken.remove(&end.fiber);
                let future = Whole::Future(end.fiber);
                pen.end_whole(threads, line, time, future, end.callsite, begin);
            }
            Step::Woken { fiber } => pen.woken(thread, time, fiber),
            Step::Log { callsite, task, ref message, .. } => {
                pen.log(thread, time, callsite, task, message);
            }
            Step::Counter { callsite, ref value } => pen.counter(thread, time, callsite, value),
            Step::Loss(ref loss) => pen.lost(loss, Extra::Lost),
            Step::Gap { chunks, from } => pen.gap(item.thread, from, time, chunks),
            // Arguments without a begin, tasks that are entered, and what later versions tell.
            _ => {}
        }
    }

    /// That was the last step.
    pub(super) fn finish(&mut self) {
        self.pen.args.clear();
        for mut thread in std::mem::take(&mut self.threads).into_sorted() {
            if let Some(held) = thread.held.take().filter(|held| !held.is_written) {
                self.pen.write_begun(&mut thread, held.time, held.begun);
            }
        }
        let Pen { remarks, events, slices, arrows, .. } = &mut self.pen;
        let too_early = "times before the start of the trace are shown as its start";
        remarks.met_times(too_early, events.too_early);
        if slices.has_forgotten() {
            remarks.met("of very many tasks or futures some are not shown whole");
        }
        if arrows.has_forgotten() {
            remarks.met("of very many tasks some have more than one arrow");
        }
    }
}

impl Pen<'_, '_> {
    /// Names a line that is a thread's, or stands below a thread's.
    fn name_line(&mut self, line: u32, thread: ThreadId, name: &str) {
        self.events.timeless(b'M', line).plain(",\"name\":\"thread_name\"");
        self.events.arg("name", |out| json::string(out, name)).end();
        let threads = self.trace.threads();
        let place = threads.partition_point(|other| other.id < thread) as u64;
        self.events.timeless(b'M', line).plain(",\"name\":\"thread_sort_index\"");
        self.events.arg("sort_index", |out| json::number(out, place)).end();
    }

    /// If `step` tells the arguments of what begins, takes them.
    fn take_args(&mut self, begun: &Begun, step: &Step<'_>) -> bool {
        let (callsite, values): (_, &Values<'_>) = match (*begun, step) {
            (Begun::Slice(slice, _), Step::RegionArgs { region, values })
                if *region == Some(slice.region) =>
            {
                (slice.callsite, values)
            }
            (Begun::Task { task, callsite, .. }, Step::TaskArgs { task: of, values })
                if *of == Some(task) =>
            {
                (callsite, values)
            }
            (Begun::Future { fiber, callsite, .. }, Step::FiberArgs { fiber: of, values })
                if *of == fiber =>
            {
                (callsite, values)
            }
            _ => return false,
        };
        let keys = &self.names.of(callsite, self.remarks).keys;
        for (key, value) in keys.iter().zip(values.iter()) {
            push_arg(&mut self.args, key, &value);
        }
        true
    }
}

/// Appends an argument.
fn push_arg(args: &mut Vec<u8>, key: &[u8], value: &Value<'_>) {
    if !args.is_empty() {
        args.push(b',');
    }
    args.extend_from_slice(key);
    args.push(b':');
    json::value(args, value);
}
