//! The pen: writes a thread's events into its chunk.
//!
//! Everything here runs while its thread is emitting, or is about to end: nothing of the program's
//! is called, and nothing is locked but the callsite table for a name's first event. How chunks
//! are begun and handed over is in [`chunks`].
//!
//! Invariants:
//! 1. `next..end` are bytes of the chunk that this pen holds, behind what was written; both are
//!    null without a chunk.
//! 2. What an event says of the thread's state is written before the state changes, so that the
//!    head of a chunk that has to be begun for it tells the state before.

mod chunks;

use smallvec::SmallVec;
use trace_format::wire::Bounded;
use trace_format::{
    CallsiteId, DELTA_LIMIT, Event, Kind, LossCause, OpenRegion, TaskId, Ticks, Values, delta_len,
    head_byte,
};

use crate::callsite::NameCache;
use crate::context::Context;
use crate::epoch::Epoch;
use crate::memory::{ChunkIndex, Control};
use crate::pool::Pool;
use crate::recorder::Recorder;
use crate::slot::Identity;
use crate::sync::Arc;

/// An event of fixed size is never longer: head, delta and a wide callsite.
const FIXED_EVENT_LEN: usize = 16;

/// Where a thread goes on that gave its slot back and still runs destructors.
#[derive(Clone, Debug)]
pub(crate) struct Resume {
    epoch: usize,
    /// How many chunks it has filled.
    sequence: u64,
    open: Vec<Open>,
    context: Context,
}

impl Resume {
    /// For a thread that begins.
    pub(crate) const NOTHING: Self =
        Self { epoch: 0, sequence: 0, open: Vec::new(), context: Context::background() };
}

/// A region that began and has not ended.
#[derive(Clone, Copy, Debug)]
struct Open {
    callsite: u32,
    /// The chunk in which its begin lies, by sequence number; [`NOWHERE`] if its begin was lost.
    chunk: u32,
    begin: u64,
    /// The task it belongs to.
    context: Context,
    /// What is current again after it, when its begin changed what is.
    outer: Option<Context>,
}

/// A context that was entered.
#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    context: Context,
    /// What is current again after it.
    before: Context,
}

const NOWHERE: u32 = u32::MAX;

/// Events that could not be written, since the last one that was.
#[derive(Clone, Copy, Debug, Default)]
struct Missing {
    count: u64,
    first: u64,
}

/// What writes events: the chunk, the place in it, and the state of the thread.
#[derive(Debug)]
pub(crate) struct Pen {
    /// Where the next event goes. Without a chunk, `next` and `end` are equal.
    next: *mut u8,
    end: *mut u8,
    /// The time of the event before.
    last: u64,
    /// The session that all of this belongs to; 0 before the first.
    epoch: usize,
    /// The payload's start.
    start: *mut u8,
    /// The chunk's control, or null without a chunk. `pool` keeps it where it is.
    control: *const Control,
    chunk: Option<ChunkIndex>,
    pool: Option<Arc<Pool>>,
    open: SmallVec<[Open; 16]>,
    context: Context,
    /// The contexts that were entered and not left.
    entered: SmallVec<[Entry; 4]>,
    /// How many have ever been.
    entries: u64,
    /// How many chunks this thread has begun in this session.
    sequence: u64,
    missing: Missing,
    /// Task ids that this thread may give out.
    tasks: std::ops::Range<u64>,
    pub(crate) names: NameCache,
    /// Kept for its memory.
    listed: Vec<OpenRegion>,
    identity: Identity,
}

impl Pen {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            next: std::ptr::null_mut(),
            end: std::ptr::null_mut(),
            last: 0,
            epoch: 0,
            start: std::ptr::null_mut(),
            control: std::ptr::null(),
            chunk: None,
            pool: None,
            open: SmallVec::new(),
            context: Context::background(),
            entered: SmallVec::new(),
            entries: 0,
            sequence: 0,
            missing: Missing::default(),
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

    /// Begins with a new session.
    pub(crate) fn attach(&mut self, pool: Arc<Pool>) {
        // Only a child process still has a chunk here: its parent's, of which it keeps away.
        self.let_go();
        self.epoch = pool.epoch.word();
        self.pool = Some(pool);
        let resume = std::mem::replace(&mut self.identity.resume, Resume::NOTHING);
        let goes_on = resume.epoch == self.epoch;
        let Resume { sequence, open, context, .. } = if goes_on { resume } else { Resume::NOTHING };
        self.sequence = sequence;
        self.open.clear();
        self.open.extend_from_slice(&open);
        self.entered.clear();
        self.context = context;
        self.missing = Missing::default();
    }

    /// The session's word, for values that must know later which session they began in.
    pub(crate) fn epoch_word(&self) -> usize {
        self.epoch
    }

    /// The thread's current context.
    pub(crate) fn context(&self) -> Context {
        self.context
    }

    /// A new task's id.
    pub(crate) fn next_task(&mut self, recorder: &Recorder) -> TaskId {
        if self.tasks.is_empty() {
            self.tasks = recorder.more_tasks();
        }
        TaskId(self.tasks.next().expect("just filled"))
    }

    /// A region of the current task begins.
    #[inline(always)]
    pub(crate) fn region_begin(&mut self, callsite: u32, now: u64) {
        let delta = now.wrapping_sub(self.last);
        let room = self.end as usize - self.next as usize;
        let plain = delta < DELTA_LIMIT && callsite < CallsiteId::WIDE && room >= FIXED_EVENT_LEN;
        if plain {
            let len = delta_len(delta);
            let word = delta << 8 | u64::from(head_byte(Kind::RegionBegin, len));
            // SAFETY: the pen owns the bytes from `next` to `end`, which are at least
            // FIXED_EVENT_LEN: 8 for the word, or 1 + 7 + 2 up to the callsite's end.
            unsafe {
                self.next.cast::<u64>().write_unaligned(word.to_le());
                let behind = self.next.add(1 + len);
                behind.cast::<u16>().write_unaligned((callsite as u16).to_le());
                self.next = behind.add(2);
            }
            self.last = now;
        } else {
            self.put(now, Event::RegionBegin { callsite: CallsiteId(callsite) });
        }
        self.push(callsite, now, None);
    }

    /// A region that belongs to `context` begins.
    pub(crate) fn region_begin_in(&mut self, callsite: u32, now: u64, context: Context) {
        if context == self.context {
            return self.region_begin(callsite, now);
        }
        let id = CallsiteId(callsite);
        self.put(now, Event::TaskRegionBegin { callsite: id, task: context.task() });
        let outer = std::mem::replace(&mut self.context, context);
        self.push(callsite, now, Some(outer));
    }

    /// The same with arguments.
    pub(crate) fn region_begin_with(
        &mut self,
        callsite: u32,
        now: u64,
        context: Context,
        values: Values<'_>,
    ) {
        let (id, task) = (CallsiteId(callsite), context.task());
        let begin = if context == self.context {
            Event::RegionBegin { callsite: id }
        } else {
            Event::TaskRegionBegin { callsite: id, task }
        };
        self.put_all(now, [begin, Event::RegionArgs { values }]);
        let outer = std::mem::replace(&mut self.context, context);
        self.push(callsite, now, (outer != context).then_some(outer));
    }

    #[inline(always)]
    fn push(&mut self, callsite: u32, begin: u64, outer: Option<Context>) {
        let chunk = if self.chunk.is_some() { self.sequence as u32 } else { NOWHERE };
        self.open.push(Open { callsite, chunk, begin, context: self.context, outer });
    }

    /// The innermost open region of this callsite ends.
    #[inline(always)]
    pub(crate) fn region_end(&mut self, callsite: u32, now: u64) {
        let delta = now.wrapping_sub(self.last);
        let room = self.end as usize - self.next as usize;
        if let Some(&Open { callsite: innermost, chunk, outer, .. }) = self.open.last() {
            let here = chunk == self.sequence as u32 && innermost == callsite;
            if here && delta < DELTA_LIMIT && room >= FIXED_EVENT_LEN {
                let len = delta_len(delta);
                let word = delta << 8 | u64::from(head_byte(Kind::RegionEnd, len));
                // SAFETY: the pen owns the bytes from `next` to `end`, which are at least
                // FIXED_EVENT_LEN, and the word is 8.
                unsafe {
                    self.next.cast::<u64>().write_unaligned(word.to_le());
                    self.next = self.next.add(1 + len);
                }
                self.last = now;
                if let Some(outer) = outer {
                    self.context = outer;
                }
                self.open.pop();
                return;
            }
        }
        self.uncommon_region_end(callsite, now);
    }

    /// The region began in an earlier chunk or before the session, is not the innermost one, or
    /// there is no room left.
    #[cold]
    fn uncommon_region_end(&mut self, callsite: u32, now: u64) {
        let id = CallsiteId(callsite);
        let Some(at) = self.open.iter().rposition(|open| open.callsite == callsite) else {
            return self.put(now, Event::UnseenRegionEnd { callsite: id });
        };
        let open = self.open[at];
        // Written first: should this go to the next chunk, its head lists the region as open.
        let event = Event::WholeRegionEnd {
            callsite: id,
            age: now.saturating_sub(open.begin),
            task: open.context.task(),
            inner: (self.open.len() - 1 - at) as u64,
        };
        self.put(now, event);
        self.open.remove(at);
        match self.open.get_mut(at) {
            // Mis-nested: the region inside hands back, at its end, what this one would have.
            Some(inner) => inner.outer = open.outer.or(inner.outer),
            None => self.context = open.outer.unwrap_or(self.context),
        }
    }

    /// Which open region is the innermost one of this callsite, counted outwards.
    pub(crate) fn outward_to(&self, callsite: u32) -> Option<u64> {
        self.open.iter().rev().position(|open| open.callsite == callsite).map(|at| at as u64)
    }

    /// Whether a region is open.
    pub(crate) fn has_open_region(&self) -> bool {
        !self.open.is_empty()
    }

    /// Another context becomes current, until [`leave`](Self::leave) is called with what this
    /// returns.
    pub(crate) fn enter(&mut self, context: Context, now: u64) -> u64 {
        self.entries += 1;
        let entry = Entry { number: self.entries, context, before: self.context };
        self.entered.push(entry);
        self.make_current(context, now);
        entry.number
    }

    /// Leaves a context. Usually it is the one that was entered last; else the one that was entered
    /// after it puts back what this one would have.
    pub(crate) fn leave(&mut self, number: u64, now: u64) {
        let Some(at) = self.entered.iter().rposition(|entry| entry.number == number) else {
            return;
        };
        let left = self.entered.remove(at);
        match self.entered.get_mut(at) {
            Some(after) => after.before = left.before,
            // A region that was given another context is still open, and goes on to decide.
            None if self.context != left.context => {}
            None => self.make_current(left.before, now),
        }
    }

    fn make_current(&mut self, context: Context, now: u64) {
        if context != self.context {
            self.put(now, Event::TaskEnter { task: context.task() });
        }
        self.context = context;
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
            // SAFETY: the control is that of `chunk`, and `pool` keeps it alive and in its place.
            unsafe { &*self.control }.commit(len as u32);
        }
    }

    /// Makes the slot another thread's.
    pub(crate) fn adopt(&mut self, identity: Identity) {
        self.identity = identity;
        self.epoch = 0;
    }
}
