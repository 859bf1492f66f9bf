//! A thread's slot: the chunk it fills, and what it must know to fill it.
//!
//! A slot has two sides. [`emitting`](Slot::is_emitting) and the count of refused events are
//! shared. The [`Pen`] is touched by one thread at a time:
//!
//! 1. By the slot's own thread while it has set `emitting` and then seen an epoch that is not
//!    zero ([`Recorder::emit`](crate::recorder::Recorder::emit)).
//! 2. By the thread that stops a session, after it stored a zero epoch, ran the
//!    [barrier](crate::barrier) and saw that the slot is not emitting; until the next epoch is
//!    stored, the slot's own thread sees zero and keeps away.
//! 3. By the slot's own thread when it retires the slot, holding the lock under which 2. happens.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use smallvec::SmallVec;
use trace_format::wire::{Bounded, Field};
use trace_format::{
    CallsiteId, ChunkHead, DELTA_LIMIT, Event, Kind, LossCause, OpenRegion, Overflow, TaskId, Text,
    Ticks, Values, delta_len, head_byte,
};

use crate::callsite::NameCache;
use crate::context::Context;
use crate::epoch::Epoch;
use crate::memory::{ChunkIndex, Control};
use crate::pool::{Pool, loss};
use crate::recorder::Recorder;
use crate::sync::{Arc, AtomicBool, AtomicU64, UnsafeCell, wait};

/// A chunk's head lists at most so many open regions; the others are only counted.
const LISTED_REGIONS: usize = 64;

/// An event of fixed size is never longer: head, delta and a wide callsite.
const FIXED_EVENT_LEN: usize = 16;

/// A thread's place in the recorder.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Set by the slot's thread around each use of the pen. Pairs with the epoch: see
    /// [`barrier`](crate::barrier). Cleared with `Release`, loaded with `Acquire` by the stopping
    /// thread, which then sees what the pen wrote.
    emitting: AtomicBool,
    /// Events refused because the slot was emitting. Only a number: nothing is ordered by it.
    refused: AtomicU64,
    pen: UnsafeCell<Pen>,
}

// SAFETY: the pen is touched by one thread at a time: the module's rules.
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

/// Who a slot's events belong to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    /// Numbered from 1 within the process.
    pub(crate) number: u64,
    /// The operating system's number, or 0.
    pub(crate) os_thread: u64,
    pub(crate) name: String,
    pub(crate) resume: Resume,
}

impl Identity {
    /// No thread's.
    pub(crate) const NOBODY: Self = Self {
        number: 0,
        os_thread: 0,
        name: String::new(),
        resume: Resume { epoch: 0, sequence: 0, open: Vec::new(), context: Context::background() },
    };
}

/// Where a thread goes on that gave its slot back and still runs destructors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resume {
    epoch: usize,
    /// How many chunks it has filled.
    sequence: u64,
    open: Vec<Open>,
    context: Context,
}

/// Clears `emitting`, also when the pen panics.
struct Emitting<'a>(&'a Slot);

impl Drop for Emitting<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.emitting.store(false, Release);
    }
}

impl Slot {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            emitting: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            pen: UnsafeCell::new(Pen::new(identity)),
        }
    }

    /// Lends the pen to its own thread, if `epoch` yields one after `emitting` was set.
    ///
    /// Must be called by the slot's own thread only.
    #[inline(always)]
    pub(crate) fn write<R>(
        &self,
        light_barrier: impl FnOnce(),
        epoch: impl FnOnce() -> Option<Epoch>,
        f: impl FnOnce(&mut Pen, Epoch) -> R,
    ) -> Option<R> {
        if self.emitting.load(Relaxed) {
            self.refused.fetch_add(1, Relaxed);
            return None;
        }
        self.emitting.store(true, Relaxed);
        let _emitting = Emitting(self);
        light_barrier();
        let epoch = epoch()?;
        // SAFETY: rule 1 of the module.
        Some(self.pen.with_mut(|pen| f(unsafe { &mut *pen }, epoch)))
    }

    /// Whether the slot's thread may be using the pen.
    pub(crate) fn is_emitting(&self) -> bool {
        self.emitting.load(Acquire)
    }

    /// Lends the pen to a thread that stops a session or retires the slot.
    ///
    /// # Safety
    /// Rule 2 or 3 of the module holds.
    pub(crate) unsafe fn pen<R>(&self, f: impl FnOnce(&mut Pen) -> R) -> R {
        // SAFETY: the caller's promise.
        self.pen.with_mut(|pen| f(unsafe { &mut *pen }))
    }

    fn take_refused(&self) -> u64 {
        self.refused.swap(0, Relaxed)
    }

    /// Hands the chunk over and lets go of the pool. Returns the identity, to go on with later.
    ///
    /// # Safety
    /// As for [`pen`](Self::pen).
    pub(crate) unsafe fn finish(&self) -> Identity {
        let refused = self.take_refused();
        // SAFETY: the caller's promise.
        unsafe { self.pen(|pen| pen.finish(refused)) }
    }
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
    fn new(identity: Identity) -> Self {
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
            sequence: 0,
            missing: Missing::default(),
            tasks: 0..0,
            names: NameCache::new(),
            listed: Vec::with_capacity(LISTED_REGIONS),
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
        self.epoch = pool.epoch.word();
        self.pool = Some(pool);
        let resume = std::mem::take(&mut self.identity.resume);
        let goes_on = resume.epoch == self.epoch;
        let Resume { sequence, open, context, .. } =
            if goes_on { resume } else { Resume::default() };
        self.sequence = sequence;
        self.open.clear();
        self.open.extend_from_slice(&open);
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

    // --- events ---------------------------------------------------------------------------

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

    /// Another context becomes current; returns the one that was.
    pub(crate) fn enter(&mut self, context: Context, now: u64) -> Context {
        if context != self.context {
            self.put(now, Event::TaskEnter { task: context.task() });
        }
        std::mem::replace(&mut self.context, context)
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

    // --- chunks ---------------------------------------------------------------------------

    fn count_missing(&mut self, now: u64, count: u64) {
        if self.missing.count == 0 {
            self.missing.first = now;
        }
        self.missing.count += count;
    }

    /// Room for one was kept, since what precedes it in a chunk is small.
    fn put_loss(&mut self, now: u64, cause: LossCause, count: u64, first: u64) {
        let age = now.saturating_sub(first);
        if self.try_put(now, &Event::Loss { cause, count, age }) {
            if let Some(pool) = &self.pool {
                pool.note_loss(count);
            }
        } else {
            debug_assert!(false, "no room for a loss");
        }
    }

    /// Passes the chunk on, and takes the next one. False when there is none.
    #[cold]
    fn next_chunk(&mut self, now: u64) -> bool {
        self.hand_over();
        let Some(pool) = self.pool.clone() else { return false };
        let Some(held) = take_free(&pool, self.identity.number, self.sequence) else {
            return false;
        };
        self.start = held.payload;
        self.next = held.payload;
        // SAFETY: a chunk's payload has this capacity.
        self.end = unsafe { held.payload.add(held.capacity) };
        self.control = pool.control(&held.index);
        self.chunk = Some(held.index);
        self.last = now;
        self.put_head(now);
        let Missing { count, first } = std::mem::take(&mut self.missing);
        if count > 0 {
            self.put_loss(now, LossCause::PoolFull, count, first);
        }
        true
    }

    fn put_head(&mut self, now: u64) {
        let mut listed = std::mem::take(&mut self.listed);
        let skipped = self.open.len().saturating_sub(LISTED_REGIONS);
        listed.extend(self.open[skipped..].iter().map(|open| OpenRegion {
            callsite: CallsiteId(open.callsite),
            age: now.saturating_sub(open.begin),
            task: open.context.task(),
            outer: open.outer.map(Context::task),
        }));
        let head = ChunkHead {
            thread: self.identity.number,
            sequence: self.sequence,
            base: Ticks(now),
            os_thread: self.identity.os_thread,
            thread_name: Text::new(&self.identity.name),
            task: self.context.task(),
            fiber: 0,
            depth: self.open.len() as u64,
            open: listed,
        };
        let room = self.end as usize - self.next as usize;
        // SAFETY: as in `try_put`.
        let mut out = Bounded::new(unsafe { std::slice::from_raw_parts_mut(self.next, room) });
        head.encode(&mut out);
        let len = out.len().expect("the smallest chunk holds the largest head");
        // SAFETY: `len` bytes were written within the room.
        self.next = unsafe { self.next.add(len) };
        listed = head.open;
        listed.clear();
        self.listed = listed;
    }

    fn hand_over(&mut self) {
        self.commit();
        if let (Some(chunk), Some(pool)) = (self.chunk.take(), &self.pool) {
            pool.hand_over(chunk);
            self.sequence += 1;
        }
        self.control = std::ptr::null();
        self.start = std::ptr::null_mut();
        self.next = self.start;
        self.end = self.start;
    }

    /// Ends this thread's part in the session, or its use of the slot.
    fn finish(&mut self, refused: u64) -> Identity {
        self.hand_over();
        if let Some(pool) = self.pool.take() {
            let (number, last) = (self.identity.number, self.last);
            let Missing { count, first } = std::mem::take(&mut self.missing);
            let now = crate::clock::now(pool.epoch.has_counter());
            pool.add_loss(loss(number, LossCause::PoolFull, count, first, now));
            pool.add_loss(loss(number, LossCause::Reentrant, refused, last, now));
        }
        let resume = Resume {
            epoch: self.epoch,
            sequence: self.sequence,
            open: self.open.to_vec(),
            context: self.context,
        };
        self.open.clear();
        self.epoch = 0;
        Identity { resume, ..self.identity.clone() }
    }

    /// Makes the slot another thread's.
    pub(crate) fn adopt(&mut self, identity: Identity) {
        self.identity = identity;
        self.epoch = 0;
    }
}

/// A free chunk; waits for one when the session says so.
fn take_free(pool: &Pool, thread: u64, sequence: u64) -> Option<crate::pool::Held> {
    if let Some(held) = pool.take_free(thread, sequence) {
        return Some(held);
    }
    pool.wake_drainer();
    if pool.overflow != Overflow::Block || crate::drainer::is_current() {
        return None;
    }
    for round in 0_u32.. {
        if pool.is_closing() {
            break;
        }
        if let Some(held) = pool.take_free(thread, sequence) {
            return Some(held);
        }
        pool.wake_drainer();
        wait(round);
    }
    None
}
