//! Packets: how events come to be small, and how packets come into the file.
//!
//! The packets of a thread are a *sequence* of Perfetto's: on it, times are told as what passed since the
//! packet before, names by numbers that were told before, and the track is the thread's unless another
//! one is named. When something happened before that, its time is told in full.
//!
//! Packets are put together in blocks, and each block is compressed: Perfetto itself writes files like
//! that, and whatever reads the others reads these.

use std::io::{self, Write};

use flate2::{Compress, Compression, FlushCompress, Status};
use prost::Message;
use trace_reader::{CallsiteId, Callsites, Time};

use super::proto::{
    BUILTIN_CLOCK_MONOTONIC, BUILTIN_CLOCK_REALTIME, Clock, ClockSnapshot, EventPacket, Interned,
    InternedData, SEQ_INCREMENTAL_STATE_CLEARED, SEQUENCE_CLOCK, SliceEvent, TracePacket,
    TracePacketDefaults, TrackDescriptor, TrackEvent, TrackEventDefaults, TrackPacket,
};
use crate::ids::Ids;
use crate::output::Output;

/// So many bytes are compressed at a time. Large enough to learn what repeats itself, and small enough to
/// stay in the processor's cache.
const BLOCK_LEN: usize = 128 << 10;

/// The fastest.
const LEVEL: Compression = Compression::new(1);

/// So many names are known on all sequences together.
const MOST_NAMES: u64 = 1 << 20;

/// What kind of thing an event is about; its number among the interned categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Region = 1,
    Poll = 2,
    Task = 3,
    Future = 4,
    Log = 5,
    Wake = 6,
    Lost = 7,
    /// What began before the trace: instants that stand for slices.
    Before = 8,
}

impl Category {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Region, "region"),
        (Self::Poll, "poll"),
        (Self::Task, "task"),
        (Self::Future, "future"),
        (Self::Log, "log"),
        (Self::Wake, "wake"),
        (Self::Lost, "lost"),
        (Self::Before, "before"),
    ];

    pub(super) fn iid(self) -> u8 {
        self as u8
    }
}

/// The packets of a thread.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// The track that its events are on.
    track: u64,
    /// 0 before its first packet.
    id: u32,
    /// Of which generation of sequences it is.
    generation: u64,
    /// The time of the packet before, in nanoseconds of the monotonic clock.
    last_ns: u64,
    /// The callsites whose names were told: the first ones, and all others.
    first_names: u64,
    names: Ids,
}

impl Sequence {
    /// A sequence whose events are on a track.
    pub(super) fn on(track: u64) -> Self {
        Self { track, ..Self::default() }
    }
}

/// The file.
pub(super) struct Packets<'t, 'o, 'w> {
    callsites: &'t Callsites,
    out: &'o mut Output<'w>,
    block: Vec<u8>,
    compress: Compress,
    compressed: Vec<u8>,
    /// What the monotonic clock showed at the start of the trace.
    base_ns: u64,
    /// How far the trace was read. Snapshots of the clock ascend, whatever is written behind them.
    now_ns: u64,
    sequences: u32,
    /// All sequences of an earlier one begin anew.
    generation: u64,
    names: u64,
}

impl<'t, 'o, 'w> Packets<'t, 'o, 'w> {
    pub(super) fn new(callsites: &'t Callsites, base_ns: u64, out: &'o mut Output<'w>) -> Self {
        Self {
            callsites,
            out,
            block: Vec::with_capacity(BLOCK_LEN + (BLOCK_LEN >> 2)),
            compress: Compress::new(LEVEL, true),
            compressed: Vec::with_capacity(BLOCK_LEN),
            base_ns,
            now_ns: 0,
            sequences: 0,
            generation: 1,
            names: 0,
        }
    }

    /// A time of the trace, by the monotonic clock.
    fn ns(&self, time: Time) -> u64 {
        self.base_ns.saturating_add_signed(time.ns())
    }

    /// The trace was read up to here.
    #[inline]
    pub(super) fn reach(&mut self, time: Time) {
        self.now_ns = self.now_ns.max(self.ns(time));
    }

    /// Writes a packet that stands for itself.
    fn packet(&mut self, packet: &TracePacket) -> io::Result<()> {
        put(packet, &mut self.block);
        self.write_full_block()
    }

    /// Tells of a track.
    pub(super) fn describe(&mut self, descriptor: TrackDescriptor) -> io::Result<()> {
        put(&TrackPacket { track_descriptor: Some(descriptor) }, &mut self.block);
        self.write_full_block()
    }

    /// Tells what the wall clock showed.
    pub(super) fn wall_clock(&mut self, time: Time, wall_ns: Option<u64>) -> io::Result<()> {
        let monotonic = Clock {
            clock_id: Some(BUILTIN_CLOCK_MONOTONIC),
            timestamp: Some(self.ns(time)),
            is_incremental: None,
        };
        let wall = wall_ns.map(|wall_ns| Clock {
            clock_id: Some(BUILTIN_CLOCK_REALTIME),
            timestamp: Some(wall_ns),
            is_incremental: None,
        });
        let clocks = [Some(monotonic), wall].into_iter().flatten().collect();
        let primary_trace_clock = Some(BUILTIN_CLOCK_MONOTONIC);
        let clock_snapshot = Some(ClockSnapshot { clocks, primary_trace_clock });
        self.packet(&TracePacket { clock_snapshot, ..TracePacket::default() })
    }

    /// Writes an event. Without a track of its own it is on that of the sequence. The event is given back as
    /// it was, so that it can be written again.
    pub(super) fn event(
        &mut self,
        sequence: &mut Sequence,
        time: Time,
        track_event: &mut TrackEvent,
    ) -> io::Result<()> {
        let (timestamp, timestamp_clock_id) = self.timestamp(sequence, time);
        let mut packet = EventPacket {
            timestamp: Some(timestamp),
            trusted_packet_sequence_id: Some(sequence.id),
            track_event: Some(std::mem::take(track_event)),
            timestamp_clock_id,
        };
        put(&packet, &mut self.block);
        *track_event = packet.track_event.take().unwrap_or_default();
        self.write_full_block()
    }

    /// Writes an event that is nothing but the begin or the end of a slice.
    #[inline]
    pub(super) fn slice(
        &mut self,
        sequence: &mut Sequence,
        time: Time,
        slice: SliceEvent,
    ) -> io::Result<()> {
        let (timestamp, timestamp_clock_id) = self.timestamp(sequence, time);
        if timestamp_clock_id.is_some() {
            return self.event(sequence, time, &mut slice.with(Vec::new()));
        }
        put_slice(timestamp, sequence.id, &slice, &mut self.block);
        self.write_full_block()
    }

    /// The timestamp of a sequence's next packet, and what it goes by if not by the clock of the sequence.
    #[inline]
    fn timestamp(&mut self, sequence: &mut Sequence, time: Time) -> (u64, Option<u32>) {
        if sequence.generation != self.generation {
            self.begin(sequence);
        }
        let ns = self.ns(time);
        match ns.checked_sub(sequence.last_ns) {
            Some(passed) => {
                sequence.last_ns = ns;
                (passed, None)
            }
            None => (ns, Some(BUILTIN_CLOCK_MONOTONIC)),
        }
    }

    /// The number by which events of a sequence call a callsite's name, which is told before.
    #[inline]
    pub(super) fn name(&mut self, sequence: &mut Sequence, callsite: CallsiteId) -> u64 {
        if self.names >= MOST_NAMES {
            self.names = 0;
            self.generation += 1;
        }
        if sequence.generation != self.generation {
            self.begin(sequence);
        }
        let iid = u64::from(callsite.0) + 1;
        if callsite.0 < u64::BITS {
            // Most programs have no more.
            let bit = 1 << callsite.0;
            if sequence.first_names & bit == 0 {
                sequence.first_names |= bit;
                self.tell_name(sequence, callsite, iid);
            }
        } else if sequence.names.insert(iid) {
            self.tell_name(sequence, callsite, iid);
        }
        iid
    }

    #[cold]
    fn tell_name(&mut self, sequence: &Sequence, callsite: CallsiteId, iid: u64) {
        let name = self.callsites.name(callsite).into_owned();
        let interned_data = InternedData {
            event_names: vec![Interned { iid: Some(iid), name: Some(name) }],
            event_categories: Vec::new(),
        };
        let packet = TracePacket {
            trusted_packet_sequence_id: Some(sequence.id),
            interned_data: Some(interned_data),
            ..TracePacket::default()
        };
        put(&packet, &mut self.block);
        self.names += 1;
    }

    /// Begins a sequence.
    #[cold]
    fn begin(&mut self, sequence: &mut Sequence) {
        let ns = self.now_ns;
        self.sequences = self.sequences.wrapping_add(1).max(1);
        let thread_track = sequence.track;
        *sequence = Sequence {
            track: thread_track,
            id: self.sequences,
            generation: self.generation,
            last_ns: ns,
            first_names: 0,
            names: Ids::default(),
        };
        let categories = Category::ALL.iter().map(|(category, name)| Interned {
            iid: Some(category.iid().into()),
            name: Some((*name).to_owned()),
        });
        let clock = |id, incremental: bool| Clock {
            clock_id: Some(id),
            timestamp: Some(ns),
            is_incremental: incremental.then_some(true),
        };
        let track_event_defaults = Some(TrackEventDefaults { track_uuid: Some(thread_track) });
        let packet = TracePacket {
            trusted_packet_sequence_id: Some(sequence.id),
            sequence_flags: Some(SEQ_INCREMENTAL_STATE_CLEARED),
            trace_packet_defaults: Some(TracePacketDefaults {
                track_event_defaults,
                timestamp_clock_id: Some(SEQUENCE_CLOCK),
            }),
            interned_data: Some(InternedData {
                event_categories: categories.collect(),
                event_names: Vec::new(),
            }),
            ..TracePacket::default()
        };
        put(&packet, &mut self.block);
        let packet = TracePacket {
            trusted_packet_sequence_id: Some(sequence.id),
            clock_snapshot: Some(ClockSnapshot {
                clocks: vec![clock(BUILTIN_CLOCK_MONOTONIC, false), clock(SEQUENCE_CLOCK, true)],
                primary_trace_clock: None,
            }),
            ..TracePacket::default()
        };
        put(&packet, &mut self.block);
    }

    #[inline]
    fn write_full_block(&mut self) -> io::Result<()> {
        if self.block.len() < BLOCK_LEN { Ok(()) } else { self.write_block() }
    }

    /// Compresses what there is, and writes it.
    #[cold]
    fn write_block(&mut self) -> io::Result<()> {
        self.compress.reset();
        self.compressed.clear();
        // What cannot be compressed grows a little.
        self.compressed.reserve(self.block.len() + (self.block.len() >> 8) + 64);
        let status =
            self.compress.compress_vec(&self.block, &mut self.compressed, FlushCompress::Finish);
        if !matches!(status, Ok(Status::StreamEnd)) {
            return Err(io::Error::other("a block cannot be compressed"));
        }
        self.block.clear();
        let compressed_packets = Some(std::mem::take(&mut self.compressed));
        let packet = TracePacket { compressed_packets, ..TracePacket::default() };
        put(&packet, &mut self.block);
        self.compressed = packet.compressed_packets.unwrap_or_default();
        self.out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.block.is_empty() { Ok(()) } else { self.write_block() }
    }
}

/// A message in the making, which is shorter than 128 bytes.
struct Short {
    bytes: [u8; 128],
    len: usize,
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
        self.bytes[length_at] = (self.len - length_at - 1) as u8;
    }

    /// A field of eight bytes, whose number is 16 or more, but below 2,048.
    #[inline(always)]
    fn fixed64(&mut self, number: u16, value: u64) {
        let key = number << 3 | 1;
        self.byte(key as u8 | 0x80);
        self.byte((key >> 7) as u8);
        value.to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
    }
}

/// So long is a packet that is nothing but a slice at most.
const LONGEST: usize = 80;

/// Appends a packet that is nothing but a slice: what [`put`] appends, but for the order of the fields, in a
/// fifth of the time. Nearly all of a file is such packets.
#[inline]
fn put_slice(timestamp: u64, sequence: u32, slice: &SliceEvent, block: &mut Vec<u8>) {
    let mut short = Short { bytes: [0; 128], len: 0 };
    let packet = short.message(1);
    short.field(10, sequence.into());
    let event = short.message(11);
    if let Some(category) = slice.category_iid {
        short.field(3, category.into());
    }
    short.field(9, slice.r#type as u64);
    if let Some(name) = slice.name_iid {
        short.field(10, name);
    }
    if let Some(track) = slice.track_uuid {
        short.field(11, track);
    }
    if let Some(flow) = slice.flow_id {
        short.fixed64(47, flow);
    }
    if let Some(flow) = slice.terminating_flow_id {
        short.fixed64(48, flow);
    }
    short.end(event);
    // What changes from packet to packet comes last, so that all before it is one repetition.
    short.field(8, timestamp);
    short.end(packet);
    let end = block.len() + short.len;
    // A copy of one length, whatever is needed of it, takes a few instructions.
    block.extend_from_slice(&short.bytes[..LONGEST]);
    block.truncate(end);
}

/// Appends a packet of a `Trace`.
#[inline]
fn put(packet: &impl Message, block: &mut Vec<u8>) {
    /// Number 1, with a length.
    const FIELD: u8 = 1 << 3 | 2;
    block.push(FIELD);
    // A vector has room for everything.
    let _ = packet.encode_length_delimited(block);
}

#[cfg(test)]
mod tests {
    use super::super::proto::EventType;
    use super::*;

    /// What is written by hand is what the library writes.
    #[trace::test]
    fn a_slice_is_the_same_as_by_the_library() {
        let numbers = [None, Some(0), Some(1), Some(127), Some(128), Some(u64::MAX)];
        let kinds = [EventType::SliceBegin, EventType::SliceEnd, EventType::Instant];
        for (at, number) in (0..).zip(numbers) {
            for r#type in kinds {
                let other = numbers[(at * 5 + 2) % numbers.len()];
                let slice = SliceEvent {
                    category_iid: number.map(|number| number as u8),
                    r#type,
                    name_iid: other,
                    track_uuid: number,
                    flow_id: other,
                    terminating_flow_id: number,
                };
                let timestamp = number.unwrap_or(77);
                let mut bytes = vec![9];
                put_slice(timestamp, u32::MAX, &slice, &mut bytes);
                assert!(bytes.len() <= 1 + LONGEST);
                let packet = TracePacket {
                    timestamp: Some(timestamp),
                    trusted_packet_sequence_id: Some(u32::MAX),
                    track_event: Some(slice.with(Vec::new())),
                    ..TracePacket::default()
                };
                assert_eq!(bytes[..2], [9, 1 << 3 | 2]);
                assert_eq!(TracePacket::decode_length_delimited(&bytes[2..]), Ok(packet));
            }
        }
    }
}
