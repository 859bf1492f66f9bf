//! The events of one thread, in order, as steps.
//!
//! 1. The payload of the thread's next chunk is read, and its head given to the
//!    [pairing](crate::pairing).
//! 2. Of the next event, kind and time are read: that much a merge of threads needs to know.
//! 3. When it is asked for, its fields are read, out of the payload where they are.
//! 4. When a byte makes no sense, the rest of the chunk is skipped.
//!
//! Times never decrease. Of a clock that steps back, the latest time before is shown until it has
//! caught up.

use trace_format::wire::{Cursor, Field};
use trace_format::{ChunkHead, Event, Kind, Malformed, delta_len};

use crate::chunk::read_payload;
use crate::clock::ClockCursor;
use crate::pairing::{Now, Pairing};
use crate::problem::within_file;
use crate::resume::Before;
use crate::step::{Item, Step};
use crate::strict::Strict;
use crate::trace::{Chunk, Thread, Trace};
use crate::{Error, Problem, ThreadId, Time};

/// The steps of one thread; see [`Trace::steps`].
#[derive(Debug)]
pub struct Steps<'t> {
    trace: &'t Trace,
    pub(crate) thread: ThreadId,
    pub(crate) chunks: &'t [Chunk],
    /// More chunks of the thread follow behind these.
    pub(crate) is_cut: bool,
    pub(crate) last_sequence: Option<u64>,
    pub(crate) clock: ClockCursor<'t>,
    pub(crate) pairing: Pairing<'t>,
    /// The payload of the chunk that is being read, and where in it the next event starts.
    pub(crate) payload: Vec<u8>,
    pub(crate) at: usize,
    payload_offset: u64,
    pub(crate) ticks: u64,
    /// The time of the last event, or of the head of the chunk.
    pub(crate) time: Time,
    pub(crate) upcoming: Option<Upcoming>,
    pub(crate) stepped_back: Option<SteppedBack>,
    /// Where the thread's events ended; nothing is upcoming any more.
    pub(crate) finished: Option<Now>,
}

/// An event of which kind and time are known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upcoming {
    kind: Kind,
    fields_at: usize,
    now: Now,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct SteppedBack {
    pub(crate) first: Now,
    pub(crate) count: u64,
}

impl<'t> Steps<'t> {
    pub(crate) fn new(
        trace: &'t Trace,
        thread: Option<&'t Thread>,
        id: ThreadId,
        strict: bool,
    ) -> Self {
        let strict = strict.then_some(Strict { trace });
        Self {
            trace,
            thread: id,
            chunks: thread.map_or(&[], |thread| &thread.chunks),
            is_cut: false,
            last_sequence: None,
            clock: ClockCursor::new(&trace.clock),
            pairing: Pairing::new(id, &trace.clock, &trace.callsites, strict),
            payload: Vec::new(),
            at: 0,
            payload_offset: 0,
            ticks: 0,
            time: Time(i64::MIN),
            upcoming: None,
            stepped_back: None,
            finished: None,
        }
    }

    /// The thread.
    pub fn thread(&self) -> ThreadId {
        self.thread
    }

    /// The next step; `None` behind the last one.
    ///
    /// # Errors
    /// When the source cannot be read.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an item borrows from the chunk")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.pairing.pending.is_empty() && !self.prepare()? {
            return Ok(None);
        }
        if let Some(item) = self.pairing.pending.pop_front() {
            return Ok(Some(item));
        }
        let Some(upcoming) = self.upcoming.take() else { return Ok(None) };
        Ok(Some(self.understand(upcoming)))
    }

    /// Reads the fields of the upcoming event.
    #[inline]
    pub(crate) fn understand(&mut self, upcoming: Upcoming) -> Item<'_> {
        let Upcoming { kind, fields_at, now } = upcoming;
        let mut input = Cursor::new(&self.payload[fields_at..]);
        let step = match Event::decode_fields(kind, &mut input) {
            Ok(event) => {
                self.at = fields_at + input.position();
                self.pairing.apply(event, now)
            }
            Err(malformed) => {
                let skipped = (self.payload.len() - self.at) as u64;
                let malformed = within_file(malformed, self.payload_offset + fields_at as u64);
                let offset = malformed.offset() as u64;
                self.at = self.payload.len();
                self.pairing.interrupt();
                let thread = self.thread;
                Step::Problem(Problem::MalformedEvent { offset, thread, skipped, malformed })
            }
        };
        let Now { time, offset, .. } = now;
        Item { thread: self.thread, time, offset, step }
    }

    /// A time that the next step is not before; `None` when there is none. It is that of the step
    /// unless a chunk has ended. The next one is not read before its turn: what its head tells takes
    /// memory.
    pub(crate) fn not_before(&mut self) -> Result<Option<Time>, Error> {
        if !self.prepare_in_chunk() {
            if let Some(chunk) = self.chunks.first() {
                return Ok(Some(self.time.max(self.clock.time(chunk.base_ticks))));
            }
            if !self.prepare()? {
                return Ok(None);
            }
        }
        let pending = self.pairing.pending.front().map(|item| item.time);
        Ok(pending.or(self.upcoming.map(|upcoming| upcoming.now.time)))
    }

    /// Whether a step is pending or an event upcoming.
    #[inline]
    pub(crate) fn is_prepared(&self) -> bool {
        self.upcoming.is_some() || !self.pairing.pending.is_empty()
    }

    /// Goes on until a step is pending or an event upcoming; false at the end.
    #[inline]
    pub(crate) fn prepare(&mut self) -> Result<bool, Error> {
        while !self.prepare_in_chunk() {
            if let Some((chunk, rest)) = self.chunks.split_first() {
                self.chunks = rest;
                self.enter(chunk)?;
            } else if self.is_cut {
                return Ok(false);
            } else if let Some(now) = self.finished {
                return Ok(self.pairing.finish_one(now));
            } else {
                self.finish();
            }
        }
        Ok(true)
    }

    /// The same up to the end of the chunk.
    #[inline(always)]
    fn prepare_in_chunk(&mut self) -> bool {
        while !self.is_prepared() {
            if self.at >= self.payload.len() {
                return false;
            }
            if let Err(malformed) = self.upcoming() {
                self.skip(malformed);
            }
        }
        true
    }

    /// Gives up the outer half of the regions that are open.
    #[cold]
    pub(crate) fn let_go_of_half(&mut self) {
        let offset = self.payload_offset + self.at as u64;
        self.pairing.let_go_of_half(Now { ticks: self.ticks, time: self.time, offset });
    }

    /// Reads kind and time of the event at `at`.
    #[inline]
    fn upcoming(&mut self) -> Result<(), Malformed> {
        let mut input = Cursor::new(&self.payload[self.at..]);
        let head = input.byte("an event")?;
        let (code, len) = (head >> 3, usize::from(head & 7));
        let kind =
            Kind::from_code(code).ok_or(Malformed::UnknownEvent { offset: 0, found: code })?;
        let delta = input.little_endian(len, "the time of an event")?;
        if delta_len(delta) != len {
            return Err(Malformed::Varint { offset: 0, expected: "the time of an event" });
        }
        let fields_at = self.at + input.position();
        if kind == Kind::Clock {
            return self.set_clock(delta, fields_at);
        }
        self.ticks = self.ticks.saturating_add(delta);
        let now = self.now(self.at);
        self.upcoming = Some(Upcoming { kind, fields_at, now });
        Ok(())
    }

    #[cold]
    fn set_clock(&mut self, delta: u64, fields_at: usize) -> Result<(), Malformed> {
        let mut input = Cursor::new(&self.payload[fields_at..]);
        let ticks = match Event::decode_fields(Kind::Clock, &mut input) {
            Ok(Event::Clock { ticks }) => ticks.0,
            _ => {
                return Err(Malformed::Ends {
                    offset: fields_at - self.at,
                    expected: "Clock.ticks",
                });
            }
        };
        if self.pairing.strict.is_some() {
            let forward = ticks.checked_sub(self.ticks);
            if delta != 0 || forward.is_some_and(|delta| delta < trace_format::DELTA_LIMIT) {
                let offset = self.payload_offset + self.at as u64;
                let now = Now { ticks, time: self.time, offset };
                self.pairing.problem(now, Problem::NeedlessClock { offset, thread: self.thread });
            }
        }
        self.ticks = ticks;
        self.at = fields_at + input.position();
        Ok(())
    }

    /// Converts the time of the event at `at`.
    #[inline(always)]
    pub(crate) fn now(&mut self, at: usize) -> Now {
        let (ticks, offset) = (self.ticks, self.payload_offset + at as u64);
        let time = self.clock.time(ticks);
        if time >= self.time {
            self.time = time;
            return Now { ticks, time, offset };
        }
        self.step_back(Now { ticks, time: self.time, offset })
    }

    /// The clock has stepped back: the latest time before is shown instead.
    #[cold]
    fn step_back(&mut self, now: Now) -> Now {
        self.stepped_back.get_or_insert(SteppedBack { first: now, count: 0 }).count += 1;
        now
    }

    /// Skips the rest of the chunk.
    #[cold]
    fn skip(&mut self, malformed: Malformed) {
        let offset = self.payload_offset + self.at as u64;
        let now = Now { ticks: self.ticks, time: self.time, offset };
        let skipped = (self.payload.len() - self.at) as u64;
        let malformed = within_file(malformed, offset);
        let offset = malformed.offset() as u64;
        let thread = self.thread;
        self.pairing.problem(now, Problem::MalformedEvent { offset, thread, skipped, malformed });
        self.pairing.interrupt();
        self.at = self.payload.len();
    }

    fn enter(&mut self, chunk: &Chunk) -> Result<(), Error> {
        let trace = self.trace;
        read_payload(&*trace.source, chunk, &mut self.payload)?;
        self.payload_offset = chunk.payload_offset;
        let mut input = Cursor::new(&self.payload);
        let Ok(head) = ChunkHead::decode(&mut input, ChunkHead::SHAPE) else {
            // It was sound when the trace was opened: the source has changed.
            self.at = self.payload.len();
            self.pairing.interrupt();
            return Ok(());
        };
        self.at = input.position();
        let before = match self.last_sequence.replace(chunk.sequence) {
            None => Before::Nothing { is_start: chunk.sequence == 0 },
            Some(last) if chunk.sequence == last + 1 => Before::Chunk,
            Some(last) => Before::Gap(chunk.sequence - last - 1),
        };
        let loss_follows =
            self.payload.get(self.at).is_some_and(|head| head >> 3 == Kind::Loss as u8);
        let last = self.time;
        self.ticks = chunk.base_ticks;
        self.time = self.time.max(self.clock.time(self.ticks));
        let offset = chunk.payload_offset - trace_format::BLOCK_HEAD_LEN as u64;
        let now = Now { ticks: self.ticks, time: self.time, offset };
        self.pairing.resume(&head, before, last, loss_follows, now);
        self.pairing.chunk += 1;
        Ok(())
    }

    fn finish(&mut self) {
        if let Some(SteppedBack { first, count }) = self.stepped_back.take() {
            let (thread, Now { time, offset, .. }) = (self.thread, first);
            let problem = Problem::ClockSteppedBack { offset, thread, time, count };
            self.pairing.problem(Now { time: self.time, ..first }, problem);
        }
        let time = self.time.max(self.trace.end);
        let offset = self.payload_offset + self.payload.len() as u64;
        self.finished = Some(Now { ticks: self.ticks, time, offset });
    }
}
