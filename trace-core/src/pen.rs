//! The pen: writes a thread's events into its chunk.
//!
//! Everything here runs while its thread is emitting, or is about to end: nothing of the program's
//! is called, and nothing is locked but the callsite table for a name's first event. How chunks
//! are begun and handed over is in [`chunks`], how contexts are entered in [`contexts`], and what becomes of
//! futures in [`fibers`].
//!
//! Invariants:
//! 1. `next..end` are bytes of the chunk that this pen holds, behind what was written. Without a
//!    chunk there are none. If `next` is not behind `last_start`, there are at least
//!    [`FIXED_EVENT_LEN`].
//! 2. What an event says of the thread's state is written before the state changes, so that the
//!    head of a chunk that has to be begun for it tells the state before.
//! 3. `pool` and `control` are looked at only while the thread is emitting in `epoch`: then they are
//!    there, since whoever turns recording elsewhere waits for that thread. A pen that comes to another
//!    epoch leaves its chunk where it is, to be [swept](Pool::sweep), and never touches it again.

mod chunks;
mod contexts;
mod fibers;

use trace_format::wire::Bounded;
use trace_format::{
    CallsiteId, DELTA_LIMIT, Event, FiberId, LossCause, OpenRegion, TaskId, Ticks, Values,
};

pub(crate) use self::contexts::{Entries, Entry, EntryKey};
use crate::callsite::NameCache;
use crate::control::Control;
use crate::epoch::Epoch;
use crate::memory::ChunkIndex;
use crate::open::{NO_TASK, Open, OpenRegions, Place};
use crate::pool::Pool;
use crate::recorder::{Recorder, Target};
use crate::slot::{IDLE, Identity};
use crate::sync::Arc;
use crate::untold::{Counts, Side};

/// What the short way writes is never longer: eight bytes for head and delta, and a callsite.
const FIXED_EVENT_LEN: usize = 16;

/// Where a pen without a chunk is: nowhere, and behind its `last_start`.
const WITHOUT_CHUNK: *mut u8 = std::ptr::without_provenance_mut(1);

/// Where a thread goes on that gave its slot back and still runs destructors.
#[derive(Clone, Debug)]
pub(crate) struct Resume {
    recording: usize,
    /// How many chunks it has filled.
    sequence: u64,
    open: Vec<Open>,
    entered: Entries,
    task: TaskId,
}

impl Resume {
    /// For a thread that begins.
    pub(crate) const NOTHING: Self = Self {
        recording: 0,
        sequence: 0,
        open: Vec::new(),
        entered: Entries::NOTHING,
        task: TaskId::BACKGROUND,
    };
}

/// What writes events: the chunk, the place in it, and the state of the thread.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Pen {
    // What the short way uses, together.
    /// Where the next event goes. Without a chunk, `next` and `end` are equal.
    pub(crate) next: *mut u8,
    /// The last place at which an event of fixed length may start; before `next` without a chunk.
    pub(crate) last_start: *mut u8,
    /// The time of the event before.
    pub(crate) last: u64,
    /// The regions that began and have not ended.
    pub(crate) open: OpenRegions,
    pub(crate) task: TaskId,
    /// The payload's start.
    start: *mut u8,
    /// The chunk's control, or null without a chunk. In memory of `pool`.
    control: *const Control,
    /// Where a region that begins now begins, but for its callsite: the lower half of `sequence`, or
    /// [`Place::NOWHERE`] without a chunk.
    pub(crate) place: Place,

    pub(crate) end: *mut u8,
    /// The epoch in which `pool` is where events go; 0 before the first.
    epoch: usize,
    /// The [recording](Pool::recording) that the state of the thread belongs to; 0 before the first.
    recording: usize,
    /// What the slot's gate shows while nobody emits.
    gate: usize,
    chunk: Option<ChunkIndex>,
    pool: *const Pool,
    side: Side,
    counts: Arc<Counts>,
    pub(crate) entered: Entries,
    /// How many chunks this thread has filled in this recording.
    sequence: u64,
    /// Task ids that this thread may give out.
    pub(crate) tasks: std::ops::Range<u64>,
    pub(crate) names: NameCache,
    /// Kept for its memory.
    listed: Vec<OpenRegion>,
    identity: Identity,
}

impl Pen {
    pub(crate) fn new(identity: Identity, counts: Arc<Counts>) -> Self {
        Self {
            next: WITHOUT_CHUNK,
            last_start: std::ptr::null_mut(),
            last: 0,
            open: OpenRegions::new(),
            task: TaskId::BACKGROUND,
            start: WITHOUT_CHUNK,
            control: std::ptr::null(),
            place: Place::NOWHERE,
            end: WITHOUT_CHUNK,
            epoch: 0,
            recording: 0,
            gate: IDLE,
            chunk: None,
            pool: std::ptr::null(),
            side: Side::FIRST,
            counts,
            entered: Entries::new(),
            sequence: 0,
            tasks: 0..0,
            names: NameCache::new(),
            listed: Vec::with_capacity(chunks::LISTED_REGIONS),
            identity,
        }
    }

    /// Whether the pen's state is that of `epoch`.
    #[inline(always)]
    pub(crate) fn is_at(&self, epoch: Epoch) -> bool {
        self.epoch == epoch.word()
    }

    /// Goes to where events go now. The state of the thread stays, unless this is another recording.
    pub(crate) fn attach(&mut self, target: &Target) {
        self.leave_chunk();
        self.epoch = target.epoch.word();
        self.gate = if target.epoch.has_short_way() { self.epoch } else { IDLE };
        self.pool = Arc::as_ptr(&target.pool);
        self.side = target.side;
        let recording = target.pool.recording.word();
        if std::mem::replace(&mut self.recording, recording) == recording {
            return;
        }
        // Of an earlier recording, in the process that this one is a copy of.
        self.counts.forget(self.side);
        let resume = std::mem::replace(&mut self.identity.resume, Resume::NOTHING);
        let goes_on = resume.recording == recording;
        let Resume { sequence, open, entered, task, .. } =
            if goes_on { resume } else { Resume::NOTHING };
        self.sequence = sequence;
        self.open.replace(&open);
        self.entered.replace(&entered);
        self.task = task;
    }

    /// Can write nothing until it is [attached](Self::attach) again.
    pub(crate) fn detach(&mut self) {
        self.leave_chunk();
        self.pool = std::ptr::null();
        (self.epoch, self.gate) = (0, IDLE);
    }

    /// Where events go. To be asked while the thread is emitting in the pen's epoch.
    fn pool(&self) -> Option<&Pool> {
        // SAFETY: invariant 3.
        unsafe { self.pool.as_ref() }
    }

    /// What the slot's gate is to show while nobody emits.
    #[inline(always)]
    pub(crate) fn gate(&self) -> usize {
        self.gate
    }

    /// What tells this recording from others, for values that must know later in which they began.
    pub(crate) fn recording(&self) -> usize {
        self.recording
    }

    /// The epoch that the pen is at, or was when its thread last recorded something.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        Epoch::from_word(self.epoch)
    }

    /// The thread's current task.
    pub(crate) fn task(&self) -> TaskId {
        self.task
    }

    /// The id of the next new task, if this thread has one left to give out.
    #[inline(always)]
    pub(crate) fn peek_task(&self) -> Option<TaskId> {
        (self.tasks.start < self.tasks.end).then_some(TaskId(self.tasks.start))
    }

    /// Gives out the id that [`peek_task`](Self::peek_task) told.
    #[inline(always)]
    pub(crate) fn take_task(&mut self) {
        self.tasks.start += 1;
    }

    /// A new task's id.
    pub(crate) fn next_task(&mut self, recorder: &Recorder) -> TaskId {
        if self.tasks.is_empty() {
            self.tasks = recorder.more_tasks();
        }
        TaskId(self.tasks.next().expect("just filled"))
    }

    /// A region of the current task begins.
    pub(crate) fn region_begin(&mut self, callsite: u32, now: u64) {
        self.put(now, Event::RegionBegin { callsite: CallsiteId(callsite) });
        self.push(callsite, now, NO_TASK);
    }

    /// A region that belongs to `task` begins.
    pub(crate) fn region_begin_in(&mut self, callsite: u32, now: u64, task: TaskId) {
        if task == self.task {
            return self.region_begin(callsite, now);
        }
        let id = CallsiteId(callsite);
        self.put(now, Event::TaskRegionBegin { callsite: id, task });
        let outer = std::mem::replace(&mut self.task, task);
        self.push(callsite, now, outer);
    }

    /// The same with arguments.
    pub(crate) fn region_begin_with(
        &mut self,
        callsite: u32,
        now: u64,
        task: TaskId,
        values: Values<'_>,
    ) {
        let id = CallsiteId(callsite);
        let begin = if task == self.task {
            Event::RegionBegin { callsite: id }
        } else {
            Event::TaskRegionBegin { callsite: id, task }
        };
        self.put_all(now, [begin, Event::RegionArgs { values }]);
        let outer = std::mem::replace(&mut self.task, task);
        self.push(callsite, now, if outer == task { NO_TASK } else { outer });
    }

    #[inline(always)]
    fn push(&mut self, callsite: u32, begin: u64, outer: TaskId) {
        let place = self.place.of(callsite);
        let (task, fiber) = (self.task, FiberId::NONE);
        self.open.push(Open { begin, place, task, outer, fiber });
    }

    /// The innermost open region of this callsite ends.
    pub(crate) fn region_end(&mut self, callsite: u32, now: u64) {
        let is_of_callsite = |open: &Open| open.place.callsite() == callsite;
        let Some(at) = self.open.iter().rposition(is_of_callsite) else {
            return self.put(now, Event::UnseenRegionEnd { callsite: CallsiteId(callsite) });
        };
        let open = self.open[at];
        let inner = self.open.len() - 1 - at;
        let began_here = self.chunk.is_some() && open.place == self.place.of(callsite);
        // Written first: should this go to the next chunk, its head lists the region as open.
        if !(began_here && inner == 0 && self.try_put(now, &Event::RegionEnd {})) {
            let event = Event::WholeRegionEnd {
                callsite: CallsiteId(callsite),
                age: now.saturating_sub(open.begin),
                task: open.task,
                inner: inner as u64,
            };
            self.put(now, event);
        }
        self.open.remove(at);
        match self.open.get_mut(at) {
            // Mis-nested: the region inside hands back, at its end, what this one would have.
            Some(inner) if open.outer != NO_TASK => inner.outer = open.outer,
            None if open.outer != NO_TASK => self.task = open.outer,
            _ => {}
        }
    }

    /// Which open region is the innermost one of this callsite, counted outwards.
    pub(crate) fn outward_to(&self, callsite: u32) -> Option<u64> {
        self.open
            .iter()
            .rev()
            .position(|open| open.place.callsite() == callsite)
            .map(|at| at as u64)
    }

    /// Whether a region is open.
    pub(crate) fn has_open_region(&self) -> bool {
        !self.open.is_empty()
    }

    /// Writes an event: into this chunk, else into the next one, else it is counted as missing.
    pub(crate) fn put(&mut self, now: u64, event: Event<'_>) {
        self.put_all(now, [event]);
    }

    /// Writes events that belong together into one chunk.
    pub(crate) fn put_all<const N: usize>(&mut self, now: u64, events: [Event<'_>; N]) {
        if self.try_put_all(now, &events) == N {
            return;
        }
        if !self.next_chunk(now) {
            return self.count_missing(now, N as u64);
        }
        // What does not fit into a fresh chunk fits nowhere.
        let (next, last) = (self.next, self.last);
        let fitted = self.try_put_all(now, &events);
        if fitted < N {
            (self.next, self.last) = (next, last);
            for event in &events[..fitted] {
                self.try_put(now, event);
            }
            self.put_loss(now, LossCause::TooLarge, (N - fitted) as u64, now);
        }
    }

    /// Writes all events or none; returns how many would have fitted.
    fn try_put_all(&mut self, now: u64, events: &[Event<'_>]) -> usize {
        let (next, last) = (self.next, self.last);
        for (fitted, event) in events.iter().enumerate() {
            if !self.try_put(now, event) {
                (self.next, self.last) = (next, last);
                return fitted;
            }
        }
        events.len()
    }

    fn try_put(&mut self, now: u64, event: &Event<'_>) -> bool {
        let room = self.end as usize - self.next as usize;
        if room == 0 {
            return false;
        }
        // SAFETY: the pen owns the bytes from `next` to `end`: the rest of its chunk, which was
        // initialised when the memory was made.
        let memory = unsafe { std::slice::from_raw_parts_mut(self.next, room) };
        let mut out = Bounded::new(memory);
        let mut delta = now.wrapping_sub(self.last);
        if delta >= DELTA_LIMIT {
            Event::Clock { ticks: Ticks(now) }.encode(0, &mut out);
            delta = 0;
        }
        event.encode(delta, &mut out);
        let Some(len) = out.len() else { return false };
        // SAFETY: `len` bytes were written within the room.
        self.next = unsafe { self.next.add(len) };
        self.last = now;
        true
    }

    /// Makes everything written so far valid.
    #[inline(always)]
    pub(crate) fn commit(&mut self) {
        if !self.control.is_null() {
            let len = self.next as usize - self.start as usize;
            // SAFETY: the control is that of `chunk`; invariant 3.
            unsafe { &*self.control }.commit(len as u32);
        }
    }

    /// [`commit`](Self::commit), behind an event that could only be written because there is a
    /// chunk.
    #[inline(always)]
    pub(crate) fn commit_shortly(&mut self, now: u64) {
        self.last = now;
        let len = self.next as usize - self.start as usize;
        // SAFETY: there is a chunk, the control is its own; invariant 3.
        unsafe { &*self.control }.commit(len as u32);
    }

    /// Makes the slot another thread's.
    pub(crate) fn adopt(&mut self, identity: Identity) {
        self.counts.set_thread(identity.number);
        self.identity = identity;
        (self.epoch, self.recording, self.gate) = (0, 0, IDLE);
    }
}
