//! Events, written by hand. They are nearly all of a file, and a library that first finds out how long a message
//! is, and then writes each field through a cursor, takes several times as long for them.
//!
//! Source of the numbers: `protos/perfetto/trace/track_event/track_event.proto` and `debug_annotation.proto` of the
//! Perfetto project. The tests read all of it with a library.

use trace_reader::Value;

use super::packets::Category;
use crate::text::marked;

/// What kind of event it is, by the number that Perfetto has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    SliceBegin = 1,
    SliceEnd = 2,
    Instant = 3,
    Counter = 4,
}

/// An event of which nothing takes memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) category: Option<Category>,
    /// The number of a name that was told before.
    pub(super) name_iid: Option<u64>,
    /// Another track than that of the sequence.
    pub(super) track: Option<u64>,
    pub(super) flow: Option<u64>,
    pub(super) other_flow: Option<u64>,
}

impl Event {
    /// The end of a slice.
    pub(super) const END: Self = Self {
        kind: Kind::SliceEnd,
        category: None,
        name_iid: None,
        track: None,
        flow: None,
        other_flow: None,
    };

    /// The begin of a slice.
    pub(super) const fn begin(category: Category) -> Self {
        Self { kind: Kind::SliceBegin, category: Some(category), ..Self::END }
    }

    /// What has no length.
    pub(super) const fn instant(category: Category) -> Self {
        Self { kind: Kind::Instant, category: Some(category), ..Self::END }
    }

    /// A value of a counter, on the counter's track.
    pub(super) const fn counter(track: u64) -> Self {
        Self { kind: Kind::Counter, track: Some(track), ..Self::END }
    }

    /// The same on a track.
    pub(super) const fn on(self, track: u64) -> Self {
        Self { track: Some(track), ..self }
    }

    /// The same for a second look at it, which does not count.
    pub(super) const fn copy(self) -> Self {
        Self { category: None, ..self }
    }

    /// The same with a flow through it.
    pub(super) const fn in_flow(self, flow: u64) -> Self {
        Self { flow: Some(flow), ..self }
    }
}

/// What an event may have beside that.
#[derive(Clone, Copy, Default)]
pub(super) struct Details<'a> {
    /// A name that is told here.
    pub(super) name: Option<&'a str>,
    pub(super) number: Option<Number>,
    pub(super) annotations: &'a [u8],
}

impl<'a> From<&'a Annotations> for Details<'a> {
    fn from(annotations: &'a Annotations) -> Self {
        Self { annotations: &annotations.bytes, ..Self::default() }
    }
}

/// The value of a counter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Integer(i64),
    Double(f64),
}

/// Debug annotations, encoded.
#[derive(Clone, Debug, Default)]
pub(super) struct Annotations {
    bytes: Vec<u8>,
}

impl Annotations {
    /// How many bytes they take.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds others.
    pub(super) fn append(&mut self, others: &Self) {
        self.bytes.extend_from_slice(&others.bytes);
    }

    pub(super) fn with_flag(mut self, name: &str) -> Self {
        self.add(name, &Value::Bool(true));
        self
    }

    pub(super) fn with_number(mut self, name: &str, value: u64) -> Self {
        self.add(name, &Value::U64(value));
        self
    }

    pub(super) fn with_text(mut self, name: &str, value: &str) -> Self {
        self.add_text(name, value);
        self
    }

    /// Adds a value. Whether Perfetto has no such type, and it is a text now.
    pub(super) fn add(&mut self, name: &str, value: &Value<'_>) -> bool {
        match value {
            Value::Bool(value) => self.add_varint(name, 2, u64::from(*value)),
            Value::U64(value) => self.add_varint(name, 3, *value),
            Value::I64(value) => self.add_varint(name, 4, *value as u64),
            Value::F64(value) => {
                self.start(name, 9);
                self.bytes.push(5 << 3 | 1);
                self.bytes.extend_from_slice(&value.to_le_bytes());
            }
            Value::Str(text) | Value::Debug(text) | Value::Display(text) => {
                self.add_text(name, &marked(text));
            }
            Value::I128(value) => {
                self.add_text(name, &value.to_string());
                return true;
            }
            Value::U128(value) => {
                self.add_text(name, &value.to_string());
                return true;
            }
        }
        false
    }

    fn add_varint(&mut self, name: &str, field: u8, value: u64) {
        self.start(name, 1 + varint_len(value));
        self.bytes.push(field << 3);
        put_varint(value, &mut self.bytes);
    }

    fn add_text(&mut self, name: &str, value: &str) {
        self.start(name, text_len(1, value));
        put_text(6, value, &mut self.bytes);
    }

    /// Begins an annotation whose value takes so many bytes.
    fn start(&mut self, name: &str, value_len: usize) {
        self.bytes.push(4 << 3 | 2);
        put_varint((text_len(1, name) + value_len) as u64, &mut self.bytes);
        put_text(10, name, &mut self.bytes);
    }
}

/// When an event was, and on which sequence.
#[derive(Clone, Copy)]
pub(super) struct Stamp {
    pub(super) sequence: u32,
    pub(super) timestamp: u64,
    /// What the timestamp goes by, if not by the clock of the sequence.
    pub(super) clock: Option<u32>,
}

/// A message in the making, which is shorter than 128 bytes. There is one for all, since to clear it takes longer
/// than to fill it.
#[derive(Debug)]
pub(super) struct Short {
    bytes: [u8; 128],
    len: usize,
}

impl Default for Short {
    fn default() -> Self {
        Self { bytes: [0; 128], len: 0 }
    }
}

impl Short {
    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.bytes[self.len % 128] = byte;
        self.len += 1;
    }

    #[inline(always)]
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    /// A field whose number is below 16.
    #[inline(always)]
    fn field(&mut self, number: u8, value: u64) {
        self.byte(number << 3);
        self.varint(value);
    }

    /// The begin of a message in a field whose number is below 16; where its length goes.
    #[inline(always)]
    fn message(&mut self, number: u8) -> usize {
        self.byte(number << 3 | 2);
        self.byte(0);
        self.len - 1
    }

    /// The end of a message.
    #[inline(always)]
    fn end(&mut self, length_at: usize) {
        self.bytes[length_at % 128] = (self.len - length_at - 1) as u8;
    }

    /// A field of eight bytes, whose number is 16 or more, but below 2,048.
    #[inline(always)]
    fn fixed64(&mut self, number: u16, value: u64) {
        let key = number << 3 | 1;
        self.byte(key as u8 | 0x80);
        self.byte((key >> 7) as u8);
        value.to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
    }

    /// The fields of an event.
    #[inline(always)]
    fn event(&mut self, event: &Event) {
        if let Some(category) = event.category {
            self.field(3, category as u64);
        }
        self.field(9, event.kind as u64);
        if let Some(name) = event.name_iid {
            self.field(10, name);
        }
        if let Some(track) = event.track {
            self.field(11, track);
        }
        if let Some(flow) = event.flow {
            self.fixed64(47, flow);
        }
        if let Some(flow) = event.other_flow {
            self.fixed64(47, flow);
        }
    }

    /// Appends what there is. A copy of one length, whatever is needed of it, takes a few instructions.
    #[inline(always)]
    fn append_to(&self, bytes: &mut Vec<u8>) {
        /// So long is a packet with an event at most.
        const LONGEST: usize = 80;
        debug_assert!(self.len <= LONGEST);
        let end = bytes.len() + self.len;
        bytes.extend_from_slice(&self.bytes[..LONGEST]);
        bytes.truncate(end);
    }
}

/// Appends a packet with an event that goes by the clock of the sequence and has no details.
#[inline]
pub(super) fn put_plain(stamp: Stamp, event: &Event, short: &mut Short, bytes: &mut Vec<u8>) {
    short.len = 0;
    let packet = short.message(1);
    short.field(10, stamp.sequence.into());
    let message = short.message(11);
    short.event(event);
    short.end(message);
    // What changes from packet to packet comes last, so that all before it is one repetition.
    short.field(8, stamp.timestamp);
    short.end(packet);
    short.append_to(bytes);
}

/// Appends a packet with any event.
pub(super) fn put_detailed(
    stamp: Stamp,
    event: &Event,
    details: Details<'_>,
    short: &mut Short,
    bytes: &mut Vec<u8>,
) {
    let Stamp { sequence, timestamp, clock } = stamp;
    short.len = 0;
    short.event(event);
    let name_len = details.name.map_or(0, |name| text_len(2, name));
    let number_len = match details.number {
        None => 0,
        Some(Number::Integer(value)) => 2 + varint_len(value as u64),
        Some(Number::Double(_)) => 2 + 8,
    };
    let event_len = short.len + name_len + number_len + details.annotations.len();
    let packet_len = 1
        + varint_len(sequence.into())
        + 1
        + varint_len(event_len as u64)
        + event_len
        + 1
        + varint_len(timestamp)
        + clock.map_or(0, |clock| 2 + varint_len(clock.into()));
    bytes.push(1 << 3 | 2);
    put_varint(packet_len as u64, bytes);
    bytes.push(10 << 3);
    put_varint(sequence.into(), bytes);
    bytes.push(11 << 3 | 2);
    put_varint(event_len as u64, bytes);
    short.append_to(bytes);
    bytes.extend_from_slice(details.annotations);
    if let Some(name) = details.name {
        put_text(23, name, bytes);
    }
    match details.number {
        None => {}
        Some(Number::Integer(value)) => {
            put_varint(30 << 3, bytes);
            put_varint(value as u64, bytes);
        }
        Some(Number::Double(value)) => {
            put_varint(44 << 3 | 1, bytes);
            bytes.extend_from_slice(&value.to_le_bytes());
        }
    }
    bytes.push(8 << 3);
    put_varint(timestamp, bytes);
    if let Some(clock) = clock {
        put_varint(58 << 3, bytes);
        put_varint(clock.into(), bytes);
    }
}

#[inline]
fn put_varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn varint_len(value: u64) -> usize {
    (u64::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// Appends a field that is a text.
fn put_text(number: u64, text: &str, bytes: &mut Vec<u8>) {
    put_varint(number << 3 | 2, bytes);
    put_varint(text.len() as u64, bytes);
    bytes.extend_from_slice(text.as_bytes());
}

/// How many bytes that takes, where key takes so many.
fn text_len(key_len: usize, text: &str) -> usize {
    key_len + varint_len(text.len() as u64) + text.len()
}
