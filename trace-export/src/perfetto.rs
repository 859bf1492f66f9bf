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
//! | a task and its regions, its parent; wakes and polls of a future | flow |
//! | loss | slice on a track below the thread's |
//! | wall clock | clock snapshots |
//!
//! Copies have no category. So the slices of category `region` are the regions of the trace, each once; but one that
//! was cut is several, of which all but the first have an annotation `rest`. What is open at the end of the trace does
//! not end here either, and what nobody saw the end of has an annotation `lost`. So `cargo trace report` counts what
//! has none of these, and sums up what is neither open nor lost.
//!
//! Threads are read one after the other: Perfetto puts events in the order of their times by itself, and a
//! begin and an end that come from different threads find each other there; only if they are of the same nanosecond
//! is their order that of the threads. What is known at a time is one thread, some bits for each task and future, and
//! what names there are. Of what has ended without a begin, the begin is known from its end: if
//! there is any such thing, the trace is read once more for it.
//!
//! | file | what |
//! |---|---|
//! | `proto.rs`, `events.rs` | the messages |
//! | `packets.rs` | how they come into the file |
//! | `tracks.rs`, `named.rs` | which tracks there are; those that are found by name |
//! | `line.rs`, `names.rs` | what is known of a thread; what callsites are called |
//! | `slices.rs`, `intervals.rs` | regions and polls; those that are told late |
//! | `tasks.rs` | tasks and futures |
//! | `instants.rs` | logs, counters, losses |
//! | `annotations.rs` | arguments |

mod annotations;
mod events;
mod instants;
mod intervals;
mod line;
mod named;
mod names;
mod packets;
mod proto;
mod slices;
mod tasks;
mod tracks;

use std::io;

use hashbrown::HashMap;
use trace_reader::{Item, Step, ThreadId, Time, Trace};

use crate::error::Error;
use crate::ids::Ids;
use crate::nesting::Nesting;
use crate::output::Output;
use crate::remark::Remarks;
use line::Line;
use names::Names;
use packets::Packets;
use tracks::Tracks;

const CUT: &str = "regions that end while others are open which began in them: the others are shown in two slices";
const LATE: &str = "regions that end while many others are open which began in them: they are shown up to the end of those";
const SHORT: &str =
    "regions that are found where others were shown already: they begin behind those";
const BEFORE: &str = "what began before the trace is shown as an instant, at its end";
const STRAY: &str = "arguments are left out of which it is not known what they belong to";
const CLAMPED: &str = "times that are beyond what the format has room for are at its limits";
const WIDE: &str = "integers of more than 64 bits are shown as text";

/// Writes a trace.
pub(crate) fn write(
    trace: &Trace,
    out: &mut Output<'_>,
    remarks: &mut Remarks,
) -> Result<(), Error> {
    let clock = trace.clock();
    let base_ns = clock.monotonic_ns(Time::START).unwrap_or(0);
    let mut packets = Packets::new(base_ns, out);
    packets.wall_clock(Time::START, clock.wall_ns(Time::START))?;
    let tracks = Tracks::new(trace, &mut packets)?;
    let mut timeline = Timeline {
        trace,
        names: Names::new(trace.callsites()),
        packets,
        tracks,
        remarks,
        begun_tasks: Ids::default(),
        ended_tasks: Ids::default(),
        begun_futures: Ids::default(),
        ended_futures: Ids::default(),
        lost_until: Map::default(),
    };
    for thread in trace.threads() {
        timeline.thread(thread.id)?;
    }
    timeline.finish()
}

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The file in the making.
struct Timeline<'t, 'o, 'w> {
    trace: &'t Trace,
    names: Names<'t>,
    packets: Packets<'o, 'w>,
    tracks: Tracks<'t>,
    remarks: &'o mut Remarks,
    begun_tasks: Ids,
    ended_tasks: Ids,
    begun_futures: Ids,
    ended_futures: Ids,
    /// Slices of what a thread lost do not overlap.
    lost_until: Map<Option<ThreadId>, Time>,
}

impl Timeline<'_, '_, '_> {
    /// Writes all that a thread did.
    fn thread(&mut self, id: ThreadId) -> Result<(), Error> {
        let track = self.tracks.begin_thread(id, &mut self.packets)?;
        self.packets.begin_sequence(track)?;
        let (mut line, mut nesting) = (Line::new(id), Nesting::default());
        let mut steps = self.trace.steps(id);
        while let Some(item) = steps.next()? {
            self.step(&mut line, &mut nesting, &item)?;
        }
        self.release(&mut line, None)?;
        Ok(self.write_added(&mut line.added)?)
    }

    #[inline]
    fn step(&mut self, line: &mut Line, nesting: &mut Nesting, item: &Item<'_>) -> io::Result<()> {
        match &item.step {
            step @ (Step::RegionArgs { .. } | Step::TaskArgs { .. } | Step::FiberArgs { .. }) => {
                let values = line.held.and_then(|held| held.arguments(step));
                if values.is_none() {
                    self.remarks.met(STRAY);
                }
                self.release(line, values)
            }
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
    fn other(&mut self, line: &mut Line, time: Time, step: &Step<'_>) -> io::Result<()> {
        match *step {
            Step::RegionArg { region: Some(region), key, ref value } => {
                self.add_to_region(line, region, key, value)
            }
            Step::RegionArg { region: None, .. } => {
                self.remarks.met(STRAY);
                Ok(())
            }
            Step::TaskBegan { task, callsite, parent } => {
                self.task_began(line, time, task, callsite, parent)
            }
            Step::TaskArg { task, key, ref value } => {
                self.add_to_task(line, task, time, key, value)
            }
            Step::TaskEnded { task, callsite, parent, begin } => {
                self.task_ended(line, time, task, (callsite, parent.unwrap_or_default()), begin)
            }
            Step::FiberBegan { fiber, callsite, task, .. } => {
                self.future_began(line, time, fiber, callsite, task)
            }
            Step::FiberEnded(ref end) => self.future_ended(time, end),
            Step::Woken { fiber } => self.woken(time, fiber),
            Step::Log { callsite, task, ref message, .. } => {
                self.log(time, callsite, task, message)
            }
            Step::Counter { callsite, ref value } => self.counter(time, callsite, value),
            Step::Loss(ref loss) => self.loss(loss),
            Step::Gap { chunks, from } => self.gap(line.id, chunks, from, time),
            Step::Problem(ref problem) => {
                self.remarks.problem(problem);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Behind the last thread.
    fn finish(mut self) -> Result<(), Error> {
        self.write_begins_of_ends()?;
        self.losses_of_nobody()?;
        self.tracks.tell_unknown_tasks(&mut self.packets)?;
        let (end, clock) = (self.trace.end(), self.trace.clock());
        self.packets.wall_clock(end, clock.wall_ns(end))?;
        self.remarks.met_times(CLAMPED, self.packets.finish()?);
        Ok(())
    }
}
