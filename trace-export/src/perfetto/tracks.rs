//! Tracks: what there is one for, what they are called, and which is below which.
//!
//! ```text
//! program                        the process
//!   worker 1                     a thread, with its regions and polls
//!     lost events                if there are any
//!     regions told late          those of which nothing was told before their ends, if there are any
//!   queue depth                  a counter
//!   Tasks
//!     makeCappuccino             a type
//!       makeCappuccino #17       a task
//!         worker 1               its regions on a thread
//!         fetchMilk #5           a future of it, its polls, and the regions in them
//!         steamMilk #18          a subtask
//!   Futures                      those of no task, by type
//! ```
//!
//! Numbers of tracks are made from what they are for: a kind in the last bits, and in front of it a number
//! that is unique within the kind. So it need not be remembered which track has which number, only which
//! tracks were told of. Telling of a track may come behind what is on it, and does so for tasks that began on
//! a thread that is read later; but each must be told of, or what is on it does not appear.

use std::io;

use hashbrown::HashMap;
use trace_reader::{FiberId, TaskId, ThreadId, Trace};

use super::named::{Named, Types};
use super::packets::Packets;
use super::proto::{
    ChildTracksOrdering, CounterDescriptor, ProcessDescriptor, ThreadDescriptor, TrackDescriptor,
};
use crate::ids::Ids;

/// The tracks that are there once.
pub(super) const PROCESS: u64 = 8;
const TASKS: u64 = 16;
const FUTURES: u64 = 24;

/// The kinds of the others.
const THREAD: u64 = 1;
const TASK: u64 = 2;
const FUTURE: u64 = 3;
const LANE: u64 = 4;
const COUNTER: u64 = 5;
const BESIDE: u64 = 6;
pub(super) const TYPE: u64 = 7;

const KIND_BITS: u32 = 3;

/// So many tracks of tasks on a thread are known at a time.
const MOST_LANES: usize = 1 << 16;

/// Of so many tasks it is known at a time what they are parts of.
const MOST_PARENTS: usize = 1 << 20;

/// So far up it is looked whether a task is a part of itself, as only a file says that was made for it: Perfetto shows
/// nothing of tracks that are below themselves. Tasks that begin each other in turn may well be more.
const FURTHEST: usize = 32;

/// Threads that have the operating system's number of another one, or none, get one from here on: beyond
/// what Linux gives.
const STAND_IN: i64 = 1 << 30;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The tracks that were told of.
pub(super) struct Tracks<'t> {
    trace: &'t Trace,
    pid: i32,
    /// Whose number a number of the operating system is: of several threads, the first one's.
    os_threads: Map<u64, ThreadId>,
    beside: Ids,
    tasks: Ids,
    /// The tasks that have something on their tracks, or below.
    used_tasks: Ids,
    parents: Map<TaskId, TaskId>,
    futures: Ids,
    /// Of the thread that is being read.
    lanes: Map<TaskId, u64>,
    lanes_len: u64,
    counters: Named,
    task_types: Types,
    future_types: Types,
}

impl<'t> Tracks<'t> {
    /// Tells of the process.
    pub(super) fn new(trace: &'t Trace, packets: &mut Packets<'_, '_>) -> io::Result<Self> {
        let header = trace.header();
        // 0 would be the kernel's idle process.
        let pid = header.and_then(|header| i32::try_from(header.pid).ok()).unwrap_or(0).max(1);
        let program = header.map_or("", |header| header.program.as_str());
        let name = program.rsplit(['/', '\\']).next().filter(|name| !name.is_empty());
        let command_line = header.map_or("", |header| header.command_line.as_str());
        packets.describe(TrackDescriptor {
            uuid: Some(PROCESS),
            process: Some(ProcessDescriptor {
                pid: Some(pid),
                cmdline: match command_line {
                    "" => Vec::new(),
                    line => vec![line.to_owned()],
                },
                process_name: Some(name.unwrap_or("program").to_owned()),
            }),
            ..TrackDescriptor::default()
        })?;
        let mut os_threads = Map::default();
        for thread in trace.threads().iter().rev().filter(|thread| thread.os_thread != 0) {
            os_threads.insert(thread.os_thread, thread.id);
        }
        Ok(Self {
            trace,
            pid,
            os_threads,
            beside: Ids::default(),
            tasks: Ids::default(),
            used_tasks: Ids::default(),
            parents: Map::default(),
            futures: Ids::default(),
            lanes: Map::default(),
            lanes_len: 0,
            counters: Named::new("(other counters)"),
            task_types: Types::new(TASKS, "Tasks", 0),
            future_types: Types::new(FUTURES, "Futures", 1),
        })
    }

    /// A thread's track, when its turn has come.
    pub(super) fn begin_thread(
        &mut self,
        id: ThreadId,
        packets: &mut Packets<'_, '_>,
    ) -> io::Result<u64> {
        self.lanes.clear();
        let track = number(id.0, THREAD);
        let os_thread = self.trace.thread(id).map_or(0, |thread| thread.os_thread);
        let tid = match self.os_threads.get(&os_thread) {
            Some(&owner) if owner == id => i64::try_from(os_thread).ok(),
            _ => None,
        };
        let tid = tid.filter(|tid| *tid < STAND_IN);
        let stand_in = STAND_IN | (id.0 % STAND_IN as u64) as i64;
        packets.describe(TrackDescriptor {
            uuid: Some(track),
            thread: Some(ThreadDescriptor {
                pid: Some(self.pid),
                tid: Some(tid.unwrap_or(stand_in)),
                thread_name: Some(self.label(id)),
            }),
            ..TrackDescriptor::default()
        })?;
        Ok(track)
    }

    /// The track of the process.
    pub(super) fn process(&self) -> u64 {
        PROCESS
    }

    fn label(&self, id: ThreadId) -> String {
        let thread = self.trace.thread(id);
        thread.map_or_else(|| format!("thread {id}"), |thread| thread.label())
    }

    /// The track for what a thread lost; without a thread, for what nobody knows whose it was.
    pub(super) fn lost(
        &mut self,
        thread: Option<ThreadId>,
        packets: &mut Packets<'_, '_>,
    ) -> io::Result<u64> {
        self.beside(thread, 0, "lost events", packets)
    }

    /// The track for regions of a thread of which nothing was told before their ends.
    pub(super) fn late(
        &mut self,
        thread: ThreadId,
        packets: &mut Packets<'_, '_>,
    ) -> io::Result<u64> {
        self.beside(Some(thread), 1, "regions told late", packets)
    }

    /// A track beside a thread's own, of one of two kinds.
    fn beside(
        &mut self,
        thread: Option<ThreadId>,
        kind: u64,
        name: &str,
        packets: &mut Packets<'_, '_>,
    ) -> io::Result<u64> {
        // Threads are numbered from 1.
        let id = thread.map_or(0, |thread| thread.0) << 1 | kind;
        let track = number(id, BESIDE);
        if self.beside.insert(id) {
            // A thread that recorded nothing has no track, but it may have lost something.
            let (parent, name) = match thread {
                Some(thread) if self.trace.thread(thread).is_some() => {
                    (number(thread.0, THREAD), name.to_owned())
                }
                Some(thread) => (PROCESS, format!("{name} of thread {thread}")),
                None => (PROCESS, name.to_owned()),
            };
            packets.describe(below(parent, track, name))?;
        }
        Ok(track)
    }

    /// A counter's track.
    pub(super) fn counter(&mut self, name: &str, packets: &mut Packets<'_, '_>) -> io::Result<u64> {
        let (place, new) = self.counters.place(name);
        let track = number(place, COUNTER);
        if let Some(name) = new {
            packets.describe(TrackDescriptor {
                counter: Some(CounterDescriptor {}),
                ..below(PROCESS, track, name.to_owned())
            })?;
        }
        Ok(track)
    }

    /// A task's track, whether it was told of or not.
    #[inline]
    pub(super) fn task(&mut self, task: TaskId) -> u64 {
        self.used_tasks.insert(task.0);
        number(task.0, TASK)
    }

    /// The track of a task, of which it is known now what it is, and what it is a part of.
    #[inline]
    pub(super) fn known_task(
        &mut self,
        task: TaskId,
        name: &str,
        parent: TaskId,
        packets: &mut Packets<'_, '_>,
    ) -> io::Result<u64> {
        if self.tasks.insert(task.0) {
            self.describe_task(task, name, parent, packets)?;
        }
        Ok(number(task.0, TASK))
    }

    #[cold]
    fn describe_task(
        &mut self,
        task: TaskId,
        name: &str,
        parent: TaskId,
        packets: &mut Packets<'_, '_>,
    ) -> io::Result<()> {
        let parent = match parent == TaskId::BACKGROUND || self.is_part_of(parent, task) {
            true => self.task_types.track(name, packets)?,
            false => {
                if self.parents.len() >= MOST_PARENTS {
                    self.parents.clear();
                }
                self.parents.insert(task, parent);
                self.task(parent)
            }
        };
        let name = format!("{name} #{}", task.0);
        packets.describe(TrackDescriptor {
            child_ordering: Some(ChildTracksOrdering::Chronological.into()),
            ..below(parent, number(task.0, TASK), name)
        })
    }

    /// Whether a task is another one or, as far as is known, a part of it.
    fn is_part_of(&self, mut task: TaskId, of: TaskId) -> bool {
        for _ in 0..FURTHEST {
            match self.parents.get(&task) {
                _ if task == of => return true,
                Some(&parent) => task = parent,
                None => return false,
            }
        }
        false
    }

    /// Tells of the tasks that were met, and of which nobody knows what they are.
    pub(super) fn tell_unknown_tasks(&mut self, packets: &mut Packets<'_, '_>) -> io::Result<()> {
        let mut unknown: Vec<u64> = self.used_tasks.without(&self.tasks).iter().collect();
        unknown.sort_unstable();
        for id in unknown {
            self.describe_task(TaskId(id), "task", TaskId::BACKGROUND, packets)?;
        }
        Ok(())
    }

    /// The track for a task's regions on the thread that is being read.
    pub(super) fn lane(
        &mut self,
        task: TaskId,
        thread: ThreadId,
        packets: &mut Packets<'_, '_>,
    ) -> io::Result<u64> {
        if let Some(&track) = self.lanes.get(&task) {
            return Ok(track);
        }
        if self.lanes.len() >= MOST_LANES {
            self.lanes.clear();
        }
        let parent = self.task(task);
        let track = number(self.lanes_len, LANE);
        self.lanes_len += 1;
        self.lanes.insert(task, track);
        packets.describe(below(parent, track, self.label(thread)))?;
        Ok(track)
    }

    /// A future's track.
    pub(super) fn future(
        &mut self,
        fiber: FiberId,
        name: &str,
        task: TaskId,
        packets: &mut Packets<'_, '_>,
    ) -> io::Result<u64> {
        let track = number(fiber.0, FUTURE);
        if self.futures.insert(fiber.0) {
            let parent = match task {
                TaskId::BACKGROUND => self.future_types.track(name, packets)?,
                task => self.task(task),
            };
            packets.describe(below(parent, track, format!("{name} #{}", fiber.0)))?;
        }
        Ok(track)
    }

    /// The track of a future of which the trace told before.
    pub(super) fn known_future(&self, fiber: FiberId) -> Option<u64> {
        self.futures.contains(fiber.0).then(|| number(fiber.0, FUTURE))
    }
}

/// The number of a track.
pub(super) fn number(id: u64, kind: u64) -> u64 {
    short(id) << KIND_BITS | kind
}

/// An id, with room for the kind in front of it. Only a file that was made for it has ids that are too long: of these
/// a number is made that hardly ever is another one's.
pub(super) fn short(id: u64) -> u64 {
    const ROOM: u32 = u64::BITS - KIND_BITS - 1;
    match id >> ROOM {
        0 => id,
        _ => 1 << ROOM | id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - ROOM),
    }
}

pub(super) fn below(parent: u64, track: u64, name: String) -> TrackDescriptor {
    TrackDescriptor {
        uuid: Some(track),
        name: Some(name),
        parent_uuid: Some(parent),
        ..TrackDescriptor::default()
    }
}
