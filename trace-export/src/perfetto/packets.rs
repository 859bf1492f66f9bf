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
use trace_reader::{CallsiteId, Time};

use super::events::{Details, Event, Short, Stamp, put_detailed, put_plain};
use super::proto::{
    BUILTIN_CLOCK_MONOTONIC, BUILTIN_CLOCK_REALTIME, Clock, ClockSnapshot, Interned, InternedData,
    SEQ_INCREMENTAL_STATE_CLEARED, SEQUENCE_CLOCK, TracePacket, TracePacketDefaults,
    TrackDescriptor, TrackEventDefaults, TrackPacket,
};
use crate::ids::Ids;
use crate::output::Output;

/// So many bytes are compressed at a time. Large enough to learn what repeats itself, and small enough to
/// stay in the processor's cache.
const BLOCK_LEN: usize = 128 << 10;

/// The fastest.
const LEVEL: Compression = Compression::new(1);

/// Readers have times of 63 bits.
const MOST_NS: u64 = i64::MAX as u64;

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
}

/// What was told on the sequence that is being written.
#[derive(Debug, Default)]
struct Sequence {
    id: u32,
    /// The time of the packet before, in nanoseconds of the monotonic clock.
    last_ns: u64,
    /// The callsites whose names were told: the first ones, and all others.
    first_names: u64,
    names: Ids,
}

/// The file.
pub(super) struct Packets<'o, 'w> {
    out: &'o mut Output<'w>,
    short: Short,
    block: Vec<u8>,
    compress: Compress,
    compressed: Vec<u8>,
    /// What the monotonic clock showed at the start of the trace.
    base_ns: u64,
    /// How many times were beyond what a file can tell.
    clamped: u64,
    sequence: Sequence,
}

impl<'o, 'w> Packets<'o, 'w> {
    pub(super) fn new(base_ns: u64, out: &'o mut Output<'w>) -> Self {
        Self {
            out,
            short: Short::default(),
            block: Vec::with_capacity(BLOCK_LEN + (BLOCK_LEN >> 2)),
            compress: Compress::new(LEVEL, true),
            compressed: Vec::with_capacity(BLOCK_LEN),
            // Beyond half of what there is it is no clock's, and there has to be room for the trace.
            base_ns: if base_ns > MOST_NS / 2 { 0 } else { base_ns },
            clamped: 0,
            sequence: Sequence::default(),
        }
    }

    /// A time of the trace, by the monotonic clock.
    #[inline]
    fn ns(&mut self, time: Time) -> u64 {
        match self.base_ns.checked_add_signed(time.ns()) {
            Some(ns) if ns <= MOST_NS => ns,
            _ => self.clamp(time),
        }
    }

    #[cold]
    fn clamp(&mut self, time: Time) -> u64 {
        self.clamped += 1;
        self.base_ns.saturating_add_signed(time.ns()).min(MOST_NS)
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

    /// Begins a sequence whose events are on a track, unless they name another one.
    pub(super) fn begin_sequence(&mut self, track: u64) -> io::Result<()> {
        let id = self.sequence.id.wrapping_add(1).max(1);
        self.sequence = Sequence { id, last_ns: self.base_ns, ..Sequence::default() };
        let categories = Category::ALL.iter().map(|(category, name)| Interned {
            iid: Some(*category as u64),
            name: Some((*name).to_owned()),
        });
        let track_event_defaults = Some(TrackEventDefaults { track_uuid: Some(track) });
        self.packet(&TracePacket {
            trusted_packet_sequence_id: Some(id),
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
        })?;
        // All snapshots of a clock have to ascend: so all sequences begin at the start of the trace.
        let clock = |id, incremental: bool| Clock {
            clock_id: Some(id),
            timestamp: Some(self.base_ns),
            is_incremental: incremental.then_some(true),
        };
        let clocks = vec![clock(BUILTIN_CLOCK_MONOTONIC, false), clock(SEQUENCE_CLOCK, true)];
        self.packet(&TracePacket {
            trusted_packet_sequence_id: Some(id),
            clock_snapshot: Some(ClockSnapshot { clocks, primary_trace_clock: None }),
            ..TracePacket::default()
        })
    }

    /// Writes an event with details.
    pub(super) fn detailed(
        &mut self,
        time: Time,
        event: &Event,
        details: Details<'_>,
    ) -> io::Result<()> {
        let stamp = self.stamp(time);
        put_detailed(stamp, event, details, &mut self.short, &mut self.block);
        self.write_full_block()
    }

    /// Writes an event without.
    #[inline]
    pub(super) fn plain(&mut self, time: Time, event: &Event) -> io::Result<()> {
        let stamp = self.stamp(time);
        match stamp.clock {
            None => put_plain(stamp, event, &mut self.short, &mut self.block),
            Some(_) => {
                let none = Details::default();
                put_detailed(stamp, event, none, &mut self.short, &mut self.block);
            }
        }
        self.write_full_block()
    }

    /// The stamp of the next packet.
    #[inline]
    fn stamp(&mut self, time: Time) -> Stamp {
        let ns = self.ns(time);
        let sequence = &mut self.sequence;
        let (timestamp, clock) = match ns.checked_sub(sequence.last_ns) {
            Some(passed) => {
                sequence.last_ns = ns;
                (passed, None)
            }
            None => (ns, Some(BUILTIN_CLOCK_MONOTONIC)),
        };
        Stamp { sequence: sequence.id, timestamp, clock }
    }

    /// The number by which events of the sequence call a callsite's name, which is told before.
    #[inline]
    pub(super) fn name(&mut self, callsite: CallsiteId, name: impl FnOnce() -> String) -> u64 {
        let iid = u64::from(callsite.0) + 1;
        let is_new = if callsite.0 < u64::BITS {
            // Most programs have no more.
            let bit = 1 << callsite.0;
            let known = self.sequence.first_names;
            self.sequence.first_names |= bit;
            known & bit == 0
        } else {
            self.sequence.names.insert(iid)
        };
        if is_new {
            self.tell_name(name(), iid);
        }
        iid
    }

    #[cold]
    fn tell_name(&mut self, name: String, iid: u64) {
        let interned_data = InternedData {
            event_names: vec![Interned { iid: Some(iid), name: Some(name) }],
            event_categories: Vec::new(),
        };
        let packet = TracePacket {
            trusted_packet_sequence_id: Some(self.sequence.id),
            interned_data: Some(interned_data),
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
        // The fastest way has codes of up to nine bits for a byte of what cannot be compressed.
        self.compressed.reserve(self.block.len() + (self.block.len() >> 3) + 1024);
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

    /// Writes what is left. How many times were beyond what a file can tell.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        if !self.block.is_empty() {
            self.write_block()?;
        }
        Ok(self.clamped)
    }
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
