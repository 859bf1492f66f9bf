//! The event table, and how an event and its time lie in a chunk.
//!
//! An event is a head byte, the time since the event before it on its thread, and its fields:
//!
//! ```text
//! | kind: 5 bits, n: 3 bits | delta: n bytes, little-endian | fields |
//! ```
//!
//! so that head and delta together are one 8-byte store for a recorder. A delta of more than
//! seven bytes, or a clock that stepped back, is preceded by a [`Clock`](Event::Clock) event that
//! says what the clock shows now.

use crate::args::{Value, Values};
use crate::error::Malformed;
use crate::records::{FiberOutcome, LossCause};
use crate::shapes::{CallsiteId, FiberId, TaskId, Text, Ticks};
use crate::table::{FieldSpec, Spec, event_table};
#[cfg(feature = "read")]
use crate::text::{Scan, Spelled, TextError};
use crate::wire::{Cursor, Field, Sink};

event_table! { <'a>
    /// A region begins on this thread, in the thread's current task.
    1 RegionBegin {
        /// What begins.
        callsite: CallsiteId,
    }
    /// A region begins on this thread and belongs to a task that was not the current one. The
    /// task is the thread's current task until the region ends.
    2 TaskRegionBegin {
        /// What begins.
        callsite: CallsiteId,
        /// The task it belongs to.
        task: TaskId,
    }
    /// The innermost open region of this thread ends; it began in this chunk.
    3 RegionEnd {}
    /// A region ends that began in an earlier chunk, or is not the innermost one of its thread;
    /// tells all that its begin told, but for the fiber of a poll.
    4 WholeRegionEnd {
        /// What ends.
        callsite: CallsiteId,
        /// How long ago it began, in ticks.
        age: u64,
        /// The task it belongs to.
        task: TaskId,
        /// How many regions that began after it are still open: 0 unless regions are mis-nested.
        inner: u64,
    }
    /// A region ends that began before the trace did, or on whose begin nothing was recorded.
    5 UnseenRegionEnd {
        /// What ends.
        callsite: CallsiteId,
    }
    /// The arguments of the region or fiber whose begin precedes; their names are the callsite's keys.
    6 RegionArgs {
        /// One value per key.
        values: Values<'a>,
    }
    /// An argument that was added to an open region, or to the fiber of an open poll.
    7 RegionArg {
        /// The argument's name.
        key: CallsiteId,
        /// Which open region: 0 is the innermost one of this thread, 1 the one around it.
        outward: u64,
        /// The argument's value.
        value: Value<'a>,
    }
    /// A task begins.
    8 TaskBegin {
        /// The task's type.
        callsite: CallsiteId,
        /// The new task.
        task: TaskId,
        /// The task it is a part of.
        parent: TaskId,
    }
    /// A task ends; tells all that its begin told.
    9 TaskEnd {
        /// The task's type.
        callsite: CallsiteId,
        /// The task that ends.
        task: TaskId,
        /// The task it is a part of.
        parent: TaskId,
        /// How long ago it began, in ticks.
        age: u64,
    }
    /// A task ends that began before the trace did. Its id is 0 when it began while nothing was
    /// recorded.
    10 UnseenTaskEnd {
        /// The task's type.
        callsite: CallsiteId,
        /// The task that ends.
        task: TaskId,
    }
    /// The arguments of the task whose begin precedes; their names are the callsite's keys.
    11 TaskArgs {
        /// One value per key.
        values: Values<'a>,
    }
    /// An argument that was added to a running task.
    12 TaskArg {
        /// The argument's name.
        key: CallsiteId,
        /// The task.
        task: TaskId,
        /// The argument's value.
        value: Value<'a>,
    }
    /// Another task becomes the current one of this thread.
    13 TaskEnter {
        /// The task that is current from now on.
        task: TaskId,
    }
    /// A log message, in the thread's current task.
    14 Log {
        /// The category.
        callsite: CallsiteId,
        /// The formatted message.
        message: Text<'a>,
    }
    /// A log message that belongs to a task other than the current one.
    15 TaskLog {
        /// The category.
        callsite: CallsiteId,
        /// The task it belongs to.
        task: TaskId,
        /// The formatted message.
        message: Text<'a>,
    }
    /// A counter has a new value.
    16 Counter {
        /// The counter.
        callsite: CallsiteId,
        /// Its value: an integer or a double.
        value: Value<'a>,
    }
    /// What the clock shows now, where a delta cannot tell it.
    17 Clock {
        /// The clock.
        ticks: Ticks,
    }
    /// Events of this thread that could not be recorded, before this one.
    18 Loss {
        /// Why.
        cause: LossCause,
        /// How many.
        count: u64,
        /// How long ago the first of them happened, in ticks.
        age: u64,
    }
    /// A fiber begins: a future that is traced was made, or is polled for the first time.
    19 FiberBegin {
        /// What the future is: a region or a task.
        callsite: CallsiteId,
        /// The new fiber.
        fiber: FiberId,
        /// The fiber that was being polled there, if one was: it is a part of that one.
        parent: FiberId,
        /// The task it belongs to.
        task: TaskId,
    }
    /// This thread polls a fiber, in the thread's current task. The poll is a region, and ends as one.
    20 PollBegin {
        /// What the future is.
        callsite: CallsiteId,
        /// The fiber.
        fiber: FiberId,
        /// For how long it could have been polled, in ticks: since it was woken, or made. 0 if that is not
        /// known.
        waited: u64,
    }
    /// The same of a fiber in a task that was not the current one. The task is the thread's current task
    /// until the poll ends.
    21 TaskPollBegin {
        /// What the future is.
        callsite: CallsiteId,
        /// The fiber.
        fiber: FiberId,
        /// As of [`PollBegin`](Self::PollBegin).
        waited: u64,
        /// The task it belongs to.
        task: TaskId,
    }
    /// A fiber ends, behind its last poll; tells all that its begin and its polls told.
    22 FiberEnd {
        /// What the future is.
        callsite: CallsiteId,
        /// The fiber that ends.
        fiber: FiberId,
        /// The fiber it is a part of.
        parent: FiberId,
        /// The task it belongs to.
        task: TaskId,
        /// How long ago it began, in ticks.
        age: u64,
        /// For how long of that it was polled, in ticks.
        busy: u64,
        /// For how long it waited to be polled, in ticks.
        waited: u64,
        /// How often it was polled.
        polls: u64,
        /// How it ended.
        outcome: FiberOutcome,
    }
    /// A fiber ends that began before the trace did.
    23 UnseenFiberEnd {
        /// What the future is.
        callsite: CallsiteId,
        /// The fiber that ends.
        fiber: FiberId,
        /// How it ended.
        outcome: FiberOutcome,
    }
    /// A fiber is woken: it is to be polled again. Of several times between two polls the first is told.
    24 Wake {
        /// The fiber.
        fiber: FiberId,
    }
}

impl Event<'_> {
    /// Appends the event and the time since the one before it. `delta` must be below
    /// [`DELTA_LIMIT`]: what is above is cut off.
    #[inline]
    pub fn encode(&self, delta: u64, out: &mut impl Sink) {
        let delta = delta & (DELTA_LIMIT - 1);
        let len = delta_len(delta);
        let word = delta << 8 | u64::from(head_byte(self.kind(), len));
        out.put(&word.to_le_bytes()[..=len]);
        self.encode_fields(out);
    }

    /// The callsite, or the name of the argument, that this event names.
    pub fn callsite(&self) -> Option<CallsiteId> {
        match self {
            Self::RegionBegin { callsite }
            | Self::TaskRegionBegin { callsite, .. }
            | Self::WholeRegionEnd { callsite, .. }
            | Self::UnseenRegionEnd { callsite }
            | Self::TaskBegin { callsite, .. }
            | Self::TaskEnd { callsite, .. }
            | Self::UnseenTaskEnd { callsite, .. }
            | Self::Log { callsite, .. }
            | Self::TaskLog { callsite, .. }
            | Self::Counter { callsite, .. }
            | Self::FiberBegin { callsite, .. }
            | Self::PollBegin { callsite, .. }
            | Self::TaskPollBegin { callsite, .. }
            | Self::FiberEnd { callsite, .. }
            | Self::UnseenFiberEnd { callsite, .. }
            | Self::RegionArg { key: callsite, .. }
            | Self::TaskArg { key: callsite, .. } => Some(*callsite),
            Self::RegionEnd {}
            | Self::RegionArgs { .. }
            | Self::TaskArgs { .. }
            | Self::TaskEnter { .. }
            | Self::Clock { .. }
            | Self::Loss { .. }
            | Self::Wake { .. } => None,
        }
    }
}

/// An event and the time since the one before it on its thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed<'a> {
    /// Ticks since the event before it, or since the chunk's base.
    pub delta: u64,
    /// What happened.
    pub event: Event<'a>,
}

/// Deltas below this one can be told by an event; for others see [`Event::Clock`].
pub const DELTA_LIMIT: u64 = 1 << 56;

/// How many bytes a delta below [`DELTA_LIMIT`] takes.
#[inline]
pub const fn delta_len(delta: u64) -> usize {
    (71 - delta.leading_zeros() as usize) / 8
}

/// The first byte of an event.
#[inline]
pub const fn head_byte(kind: Kind, delta_len: usize) -> u8 {
    (kind as u8) << 3 | delta_len as u8
}

impl<'a> Timed<'a> {
    /// Appends the event. `delta` must be below [`DELTA_LIMIT`]: what is above is cut off.
    #[inline]
    pub fn encode(&self, out: &mut impl Sink) {
        self.event.encode(self.delta, out);
    }

    /// Reads the next event.
    #[inline]
    pub fn decode(input: &mut Cursor<'a>) -> Result<Self, Malformed> {
        let offset = input.position();
        let head = input.byte("an event")?;
        let (code, len) = (head >> 3, usize::from(head & 7));
        let kind = Kind::from_code(code).ok_or(Malformed::UnknownEvent { offset, found: code })?;
        let delta = input.little_endian(len, "the time of an event")?;
        if delta_len(delta) != len {
            return Err(Malformed::Varint { offset, expected: "the time of an event" });
        }
        Ok(Self { delta, event: Event::decode_fields(kind, input)? })
    }
}

#[cfg(feature = "read")]
impl Timed<'_> {
    /// Appends the line of the text form, without the comment.
    pub fn print(&self, out: &mut String) {
        out.push_str(&format!("+{} {}", self.delta, self.event.kind().name()));
        self.event.print_fields(out);
    }

    /// Reads a line of the text form.
    pub fn parse(input: &mut Scan<'_>) -> Result<Self, TextError> {
        input.spaces();
        input.expect("+")?;
        let at_delta = input.clone();
        let delta = input.number()?;
        if delta >= DELTA_LIMIT {
            return Err(at_delta.error("a delta below 2^56"));
        }
        input.spaces();
        let at_name = input.clone();
        let name = input.word()?;
        match Event::parse_fields(name, input)? {
            Some(event) => Ok(Self { delta, event }),
            None => Err(at_name.error("the name of an event")),
        }
    }
}
