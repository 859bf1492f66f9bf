//! What is wrong inside a trace that can be read all the same.
//!
//! The reader never gives up on a trace because of a problem: it reads on behind it, and says
//! where it was and what is missing because of it.

use std::path::PathBuf;

use trace_format::{BlockType, CallsiteId, CallsiteKind, Malformed, TaskId};

use crate::{ThreadId, Time};

/// Something that is not as it should be. Offsets count from the start of the file.
///
/// [`Trace::validate`](crate::Trace::validate) reports all of them. Those from
/// [`HeaderNotFirst`](Self::HeaderNotFirst) on harm nobody and are reported by it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The file does not begin with the magic.
    NoMagic,
    /// There is no readable header.
    NoHeader,
    /// Bytes that are no sound block.
    Damaged {
        /// Where they start.
        offset: u64,
        /// How many.
        len: u64,
        /// What kind of block they were, when its head is sound.
        block_type: Option<BlockType>,
        /// What is known to be missing because of it.
        lost: Vec<LostChunks>,
    },
    /// The file ends inside a block: the program was killed, or the file was cut.
    EndsInsideBlock {
        /// Where the block starts.
        offset: u64,
        /// How long it is, when its head is sound.
        len: Option<u64>,
        /// How many bytes of it are there.
        found: u64,
        /// What kind of block it is, when its head is sound.
        block_type: Option<BlockType>,
    },
    /// There is no summary: the program died without stopping the trace, or still runs.
    NotStopped {
        /// What became of what was not written to the trace yet.
        pool: PoolFile,
    },
    /// A block has another sequence number than the one that is next.
    BlockOutOfSequence {
        /// Where it starts.
        offset: u64,
        /// The number that is next.
        expected: u32,
        /// The number it has.
        found: u32,
    },
    /// The payload of a sound block is not what its type says. What precedes the fault was read.
    MalformedBlock {
        /// Where the fault is.
        offset: u64,
        /// The type of the block.
        block_type: BlockType,
        /// What is wrong; its offset, too, counts from the start of the file.
        malformed: Malformed,
    },
    /// A second header or summary, which was ignored.
    SurplusBlock {
        /// Where it starts.
        offset: u64,
        /// What it is.
        block_type: BlockType,
    },
    /// Chunks of a thread are missing, and no damage in the file tells where they were.
    MissingChunks(LostChunks),
    /// A chunk that is there already, which was ignored.
    DuplicateChunk {
        /// Where it starts.
        offset: u64,
        /// Its thread.
        thread: ThreadId,
        /// Its sequence number.
        sequence: u64,
    },
    /// A callsite has the id of another one, and was ignored.
    ConflictingCallsite {
        /// Where the block starts that holds it.
        offset: u64,
        /// The id.
        callsite: CallsiteId,
    },
    /// A clock anchor is earlier than the one before it, by one of its clocks.
    AnchorOutOfOrder {
        /// Where the block starts that holds it.
        offset: u64,
    },
    /// An event cannot be read; the rest of its chunk was skipped.
    MalformedEvent {
        /// Where the fault is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// How many bytes were skipped.
        skipped: u64,
        /// What is wrong; its offset, too, counts from the start of the file.
        malformed: Malformed,
    },
    /// An event names a callsite that is not in the trace; reported once per thread and callsite.
    MissingCallsite {
        /// Where the first such event starts.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// The id.
        callsite: CallsiteId,
    },
    /// The clock of a thread stepped back; events are shown at the latest time before. Reported
    /// once per thread.
    ClockSteppedBack {
        /// Where the first event with an earlier time starts.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// The time it was at.
        time: Time,
        /// How many events were moved.
        count: u64,
    },
    /// A region ended before one that had begun inside of it.
    Misnested {
        /// Where the end is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
        /// The region that ended.
        ended: CallsiteId,
        /// The region that began in it and was still open.
        open: CallsiteId,
    },
    /// More regions are open on a thread than can be kept, and the outermost ones are given up: what
    /// is known of them is what their ends will tell.
    TooManyOpen {
        /// Where the region begins that is one too many.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
        /// How many are given up.
        given_up: u64,
    },
    /// More threads are under way at the same time than are read at the same time. Some have to wait,
    /// and what they did comes later than it was.
    TooManyThreads {
        /// Where the first chunk starts of the first thread that has to wait.
        offset: u64,
        /// That thread.
        thread: ThreadId,
        /// When.
        time: Time,
        /// How many are read at the same time.
        limit: u64,
    },
    /// A region ended while none was open.
    NothingOpen {
        /// Where the end is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
    },
    /// What a chunk says was open at its head is not what the chunk before left open.
    HeadDisagrees {
        /// Where the chunk starts.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
    },
    /// What the end of a region tells of its begin is not what the begin told.
    EndDisagrees {
        /// Where the end is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
        /// The region that ended.
        callsite: CallsiteId,
    },
    /// Arguments that belong to no region or task.
    StrayArguments {
        /// Where they are.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
    },
    /// A task began that had begun before.
    TaskBeganTwice {
        /// Where it is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
        /// The task.
        task: TaskId,
        /// Its type.
        callsite: CallsiteId,
    },
    /// A task ended that had ended before.
    TaskEndedTwice {
        /// Where it is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
        /// The task.
        task: TaskId,
        /// Its type.
        callsite: CallsiteId,
    },
    /// A task ended whose begin should be in the trace and is not.
    TaskEndWithoutBegin {
        /// Where it is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
        /// The task.
        task: TaskId,
        /// Its type.
        callsite: CallsiteId,
    },
    /// Tasks were not looked at, since the ids of all tasks are too far apart: whether each begins and ends
    /// once is not known.
    TasksFarApart {
        /// Where the first begin or end is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// When.
        time: Time,
        /// How many begins and ends there are.
        count: u64,
    },
    /// The header is not the first block.
    HeaderNotFirst {
        /// Where it starts.
        offset: u64,
    },
    /// The summary is not the last block, or bytes follow it.
    SummaryNotLast {
        /// Where it starts.
        offset: u64,
    },
    /// The summary counts something else than what is there.
    SummaryDisagrees {
        /// Where it starts.
        offset: u64,
        /// What it counts.
        what: &'static str,
        /// How many are there.
        expected: u64,
        /// How many it says.
        found: u64,
    },
    /// A callsite is described only behind a chunk that uses it.
    CallsiteAfterUse {
        /// Where the event starts.
        offset: u64,
        /// The callsite.
        callsite: CallsiteId,
    },
    /// An event names a callsite of another kind than it should.
    WrongKind {
        /// Where the event starts.
        offset: u64,
        /// The callsite.
        callsite: CallsiteId,
        /// The kind that belongs there.
        expected: CallsiteKind,
        /// The kind it has.
        found: CallsiteKind,
    },
    /// A begin carries another number of arguments than its callsite has keys.
    WrongArgumentCount {
        /// Where the arguments start.
        offset: u64,
        /// The callsite.
        callsite: CallsiteId,
        /// How many keys there are.
        expected: u64,
        /// How many arguments.
        found: u64,
    },
    /// An end that tells nothing of its begin, although the begin is in an earlier chunk.
    EndTellsTooLittle {
        /// Where the end is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
    },
    /// The end of a region, or an argument, counts more open regions than there are.
    BeyondOpenRegions {
        /// Where it is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// How many regions are open.
        open: u64,
        /// How many it counts.
        found: u64,
    },
    /// A chunk precedes an earlier one of its thread.
    ChunkOutOfOrder {
        /// Where it starts.
        offset: u64,
        /// The thread.
        thread: ThreadId,
        /// Its sequence number.
        sequence: u64,
    },
    /// The clock is told although a delta could have told it.
    NeedlessClock {
        /// Where it is.
        offset: u64,
        /// The thread.
        thread: ThreadId,
    },
    /// A thread or a callsite has the number 0.
    ReservedNumber {
        /// Where the block starts.
        offset: u64,
        /// What has it.
        what: &'static str,
    },
}

/// Chunks of a thread that are not in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostChunks {
    /// The thread.
    pub thread: ThreadId,
    /// How many.
    pub chunks: u64,
    /// The last event of the thread before them.
    pub from: Time,
    /// Where the next chunk of the thread begins.
    pub to: Time,
}

/// The pool file of a trace that was not stopped: see [`Problem::NotStopped`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolFile {
    /// The trace names none, or was not opened as a file.
    #[default]
    None,
    /// It is not there: what was in it is missing.
    Missing,
    /// What is in it was read as a part of the trace.
    Joined {
        /// Where it is.
        path: PathBuf,
        /// How many chunks the trace did not have.
        chunks: u64,
        /// How many chunks could not be read.
        unreadable: u64,
    },
}

impl Problem {
    /// Where it is in the file, when it is somewhere.
    pub fn offset(&self) -> Option<u64> {
        match *self {
            Self::NoMagic | Self::NoHeader | Self::NotStopped { .. } | Self::MissingChunks(_) => {
                None
            }
            Self::Damaged { offset, .. }
            | Self::EndsInsideBlock { offset, .. }
            | Self::BlockOutOfSequence { offset, .. }
            | Self::MalformedBlock { offset, .. }
            | Self::SurplusBlock { offset, .. }
            | Self::DuplicateChunk { offset, .. }
            | Self::ConflictingCallsite { offset, .. }
            | Self::AnchorOutOfOrder { offset }
            | Self::MalformedEvent { offset, .. }
            | Self::MissingCallsite { offset, .. }
            | Self::ClockSteppedBack { offset, .. }
            | Self::Misnested { offset, .. }
            | Self::TooManyOpen { offset, .. }
            | Self::TooManyThreads { offset, .. }
            | Self::NothingOpen { offset, .. }
            | Self::HeadDisagrees { offset, .. }
            | Self::EndDisagrees { offset, .. }
            | Self::StrayArguments { offset, .. }
            | Self::TaskBeganTwice { offset, .. }
            | Self::TaskEndedTwice { offset, .. }
            | Self::TaskEndWithoutBegin { offset, .. }
            | Self::TasksFarApart { offset, .. }
            | Self::HeaderNotFirst { offset }
            | Self::SummaryNotLast { offset }
            | Self::SummaryDisagrees { offset, .. }
            | Self::CallsiteAfterUse { offset, .. }
            | Self::WrongKind { offset, .. }
            | Self::WrongArgumentCount { offset, .. }
            | Self::EndTellsTooLittle { offset, .. }
            | Self::BeyondOpenRegions { offset, .. }
            | Self::ChunkOutOfOrder { offset, .. }
            | Self::NeedlessClock { offset, .. }
            | Self::ReservedNumber { offset, .. } => Some(offset),
        }
    }
}

/// Makes an offset count from the start of the file, instead of from `base` in it.
pub(crate) fn within_file(mut malformed: Malformed, base: u64) -> Malformed {
    match &mut malformed {
        Malformed::Ends { offset, .. }
        | Malformed::Varint { offset, .. }
        | Malformed::Length { offset, .. }
        | Malformed::Range { offset, .. }
        | Malformed::UnknownEvent { offset, .. }
        | Malformed::Trailing { offset, .. } => *offset = offset.saturating_add(base as usize),
        _ => {}
    }
    malformed
}
