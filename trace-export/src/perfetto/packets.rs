//! Packets: how events come to be small, and how packets come into the file.
//!
//! The packets of a thread are a *sequence* of Perfetto's: on it, times are told as what passed since the
//! packet before, names by numbers that were told before, and the track is the thread's unless another
//! one is named. When something happened before that, its time is told in full.
//!
//! Packets are put together in blocks, and each block is compressed: Perfetto itself writes files like
//! that, and whatever reads the others reads these. Within a block, packets of a sequence stand together:
//! readers put events in the order of their times, and what stands together repeats itself sooner.

use std::io::{self, Write};

use flate2::{Compress, Compression, FlushCompress, Status};
use prost::Message;
use trace_reader::{CallsiteId, Callsites, Time};

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

/// So many bytes of a sequence are kept before they come into a block.
const RUN_LEN: usize = 2 << 10;

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
    /// Packets that are in no block yet.
    run: Vec<u8>,
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
    short: Short,
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
            short: Short::default(),
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

    /// Writes an event with details. Without a track of its own it is on that of the sequence.
    pub(super) fn detailed(
        &mut self,
        sequence: &mut Sequence,
        time: Time,
        event: &Event,
        details: Details<'_>,
    ) -> io::Result<()> {
        let stamp = self.stamp(sequence, time);
        put_detailed(stamp, event, details, &mut self.short, &mut sequence.run);
        self.end_full_run(sequence)
    }

    /// Writes an event without.
    #[inline]
    pub(super) fn plain(
        &mut self,
        sequence: &mut Sequence,
        time: Time,
        event: &Event,
    ) -> io::Result<()> {
        let stamp = self.stamp(sequence, time);
        match stamp.clock {
            None => put_plain(stamp, event, &mut self.short, &mut sequence.run),
            Some(_) => {
                let none = Details::default();
                put_detailed(stamp, event, none, &mut self.short, &mut sequence.run);
            }
        }
        self.end_full_run(sequence)
    }

    /// The stamp of a sequence's next packet.
    #[inline]
    fn stamp(&mut self, sequence: &mut Sequence, time: Time) -> Stamp {
        if sequence.generation != self.generation {
            self.begin(sequence);
        }
        let ns = self.ns(time);
        let (timestamp, clock) = match ns.checked_sub(sequence.last_ns) {
            Some(passed) => {
                sequence.last_ns = ns;
                (passed, None)
            }
            None => (ns, Some(BUILTIN_CLOCK_MONOTONIC)),
        };
        Stamp { sequence: sequence.id, timestamp, clock }
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
    fn tell_name(&mut self, sequence: &mut Sequence, callsite: CallsiteId, iid: u64) {
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
        put(&packet, &mut sequence.run);
        self.names += 1;
    }

    /// Begins a sequence.
    #[cold]
    fn begin(&mut self, sequence: &mut Sequence) {
        let ns = self.now_ns;
        self.sequences = self.sequences.wrapping_add(1).max(1);
        let (thread_track, mut run) = (sequence.track, std::mem::take(&mut sequence.run));
        // Of the sequence before.
        self.block.append(&mut run);
        *sequence = Sequence {
            track: thread_track,
            run,
            id: self.sequences,
            generation: self.generation,
            last_ns: ns,
            first_names: 0,
            names: Ids::default(),
        };
        let categories = Category::ALL.iter().map(|(category, name)| Interned {
            iid: Some(*category as u64),
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
    fn end_full_run(&mut self, sequence: &mut Sequence) -> io::Result<()> {
        if sequence.run.len() < RUN_LEN { Ok(()) } else { self.end_run(sequence) }
    }

    /// Puts what is kept of a sequence into a block.
    pub(super) fn end_run(&mut self, sequence: &mut Sequence) -> io::Result<()> {
        self.block.append(&mut sequence.run);
        self.write_full_block()
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

/// Appends a packet of a `Trace`.
#[inline]
fn put(packet: &impl Message, block: &mut Vec<u8>) {
    /// Number 1, with a length.
    const FIELD: u8 = 1 << 3 | 2;
    block.push(FIELD);
    // A vector has room for everything.
    let _ = packet.encode_length_delimited(block);
}
