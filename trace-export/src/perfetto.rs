//! Perfetto's protobuf format: a timeline with a track for each thread, task and future.
//!
//! | ours | Perfetto's |
//! |---|---|
//! | region, poll | slice on the thread's track, and a copy below its task or future |
//! | task | slice on a track of its own, which is below that of the task it is a part of |
//! | future | slice on a track of its own, below its task; polls are slices inside of it |
//! | log | instant on the thread's track, and a copy on the task's |
//! | counter | counter track |
//! | argument | debug annotation |
//! | a task and its regions, its parent; a wake and its poll | flow |
//! | loss | slice on a track below the thread's |
//! | wall clock | clock snapshots |
//!
//! Copies have no category. So the slices of category `region` are the regions of the trace, each once,
//! and counts and sums over them are those of `cargo trace report`, without slices that have an annotation
//! `lost` or `rest`. What is open at the end of the trace does not end here either.
//!
//! | file | what |
//! |---|---|
//! | `proto.rs`, `events.rs` | the messages |
//! | `packets.rs` | how they come into the file |
//! | `tracks.rs` | which tracks there are |
//! | `line.rs` | what is known of a thread |
//! | `slices.rs` | regions and polls |
//! | `tasks.rs` | tasks and futures |
//! | `instants.rs` | logs, counters, losses |
//! | `annotations.rs` | arguments |

mod annotations;
mod events;
mod instants;
mod line;
mod packets;
mod proto;
mod slices;
mod tasks;
mod tracks;

use std::io;

use hashbrown::HashMap;
use trace_reader::{Item, Step, TaskId, ThreadId, Time, Trace};

use crate::error::Error;
use crate::ids::Ids;
use crate::names::Names;
use crate::output::Output;
use crate::remark::Remarks;
use events::Annotations;
use line::{Thread, Threads};
use packets::Packets;
use tracks::Tracks;

const CUT: &str = "regions that end while others are open which began in them: the others are shown in two slices";
const LATE: &str = "regions that end while many others are open which began in them: they are shown up to the end of those";
const BEFORE: &str = "what began before the trace is shown as an instant, at its end";
const NOT_ADDED: &str = "arguments that were added to what does not end are left out";
const WIDE: &str = "integers of more than 64 bits are shown as text";

/// Writes a trace.
pub(crate) fn write(
    trace: &Trace,
    out: &mut Output<'_>,
    remarks: &mut Remarks,
) -> Result<(), Error> {
    let clock = trace.clock();
    let base_ns = clock.monotonic_ns(Time::START).unwrap_or(0);
    let mut packets = Packets::new(trace.callsites(), base_ns, out);
    packets.wall_clock(Time::START, clock.wall_ns(Time::START))?;
    let tracks = Tracks::new(trace, &mut packets)?;
    let mut timeline = Timeline {
        trace,
        names: Names::new(trace.callsites()),
        packets,
        tracks,
        remarks,
        open_tasks: Ids::default(),
        open_futures: Ids::default(),
        woken: Ids::default(),
        added: Map::default(),
        lost_until: Map::default(),
    };
    let mut threads = Threads::default();
    let mut steps = trace.merged();
    while let Some(item) = steps.next()? {
        timeline.packets.reach(item.time);
        let thread = match threads.get_mut(item.thread) {
            Some(thread) => thread,
            None => timeline.meet(&mut threads, item.thread)?,
        };
        timeline.step(thread, &item)?;
    }
    timeline.finish(threads)
}

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// All but the threads.
struct Timeline<'t, 'o, 'w> {
    trace: &'t Trace,
    names: Names<'t>,
    packets: Packets<'t, 'o, 'w>,
    tracks: Tracks<'t>,
    remarks: &'o mut Remarks,
    open_tasks: Ids,
    open_futures: Ids,
    /// The futures that were woken since their last poll.
    woken: Ids,
    /// Arguments that were added to open tasks.
    added: Map<TaskId, Annotations>,
    /// Slices of what a thread lost do not overlap.
    lost_until: Map<Option<ThreadId>, Time>,
}

impl Timeline<'_, '_, '_> {
    /// A thread that was not met yet, or was forgotten.
    #[cold]
    fn meet<'m>(&mut self, threads: &'m mut Threads, id: ThreadId) -> io::Result<&'m mut Thread> {
        if threads.are_many() {
            for mut thread in threads.forget_idle() {
                self.packets.end_run(&mut thread.line.sequence)?;
            }
        }
        let track = self.tracks.thread(id, &mut self.packets)?;
        Ok(threads.insert(Thread::new(id, track)))
    }

    #[inline]
    fn step(&mut self, thread: &mut Thread, item: &Item<'_>) -> io::Result<()> {
        let Thread { nesting, line } = thread;
        match &item.step {
            Step::RegionArgs { values, .. }
            | Step::TaskArgs { values, .. }
            | Step::FiberArgs { values, .. } => self.release(line, Some(values)),
            Step::RegionBegan { .. }
            | Step::PollBegan { .. }
            | Step::RegionFound { .. }
            | Step::RegionEnded(_) => {
                let mut result = self.release(line, None);
                nesting.step(item, |time, edge| {
                    if result.is_ok() {
                        result = self.edge(line, time, edge);
                    }
                });
                result
            }
            step => {
                self.release(line, None)?;
                self.other(line, item.time, step)
            }
        }
    }

    /// A step that is not about regions.
    fn other(&mut self, line: &mut line::Line, time: Time, step: &Step<'_>) -> io::Result<()> {
        match *step {
            Step::RegionArg { region: Some(region), key, ref value } => {
                line.added.push((region, self.annotation(key, value)));
                Ok(())
            }
            Step::TaskBegan { task, callsite, parent } => {
                self.task_began(line, time, task, callsite, parent)
            }
            Step::TaskArg { task, key, ref value } => {
                self.add_to_task(task, key, value);
                Ok(())
            }
            Step::TaskEnded { task, callsite, parent, begin } => {
                self.task_ended(line, time, task, (callsite, parent.unwrap_or_default()), begin)
            }
            Step::FiberBegan { fiber, callsite, task, .. } => {
                self.future_began(line, time, fiber, callsite, task)
            }
            Step::FiberEnded(ref end) => self.future_ended(line, time, end),
            Step::Woken { fiber } => self.woken(line, time, fiber),
            Step::Log { callsite, task, ref message, .. } => {
                self.log(line, time, callsite, task, message)
            }
            Step::Counter { callsite, ref value } => self.counter(line, time, callsite, value),
            Step::Loss(ref loss) => self.loss(line, loss),
            Step::Gap { chunks, from } => self.gap(line, chunks, from, time),
            _ => Ok(()),
        }
    }

    /// Behind the last step.
    fn finish(mut self, threads: Threads) -> Result<(), Error> {
        for mut thread in threads.into_all() {
            self.release(&mut thread.line, None)?;
            self.packets.end_run(&mut thread.line.sequence)?;
        }
        if !self.added.is_empty() {
            self.remarks.met(NOT_ADDED);
        }
        self.losses_of_nobody()?;
        let (end, clock) = (self.trace.end(), self.trace.clock());
        self.packets.reach(end);
        self.packets.wall_clock(end, clock.wall_ns(end))?;
        Ok(self.packets.finish()?)
    }
}
