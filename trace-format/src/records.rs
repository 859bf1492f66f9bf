//! What stands in the blocks that are not events: the header, the callsite table, the head of a
//! chunk, clock anchors, losses and the summary.

use crate::error::Malformed;
use crate::shapes::{CallsiteId, FiberId, TaskId, Text, Ticks};
use crate::table::{FieldSpec, Spec, byte_enum, record};
use crate::wire::{Cursor, Field, Sink};

byte_enum! {
    /// What the ticks of a trace count.
    pub enum ClockSource: "clock" {
        /// The time-stamp counter of x86, invariant and the same on all processors.
        Tsc = 1 "tsc",
        /// The virtual counter of AArch64.
        Cntvct = 2 "cntvct",
        /// Nanoseconds of the operating system's monotonic clock.
        Monotonic = 3 "monotonic",
    }
}

byte_enum! {
    /// What a callsite annotates.
    pub enum CallsiteKind: "callsite kind" {
        /// A region; the name is its type.
        Region = 1 "region",
        /// A task; the name is its type.
        Task = 2 "task",
        /// A log message; the name is its category, possibly empty.
        Log = 3 "log",
        /// A counter.
        Counter = 4 "counter",
        /// The name of an argument that is added to something running.
        Argument = 5 "argument",
    }
}

byte_enum! {
    /// Why events are missing.
    pub enum LossCause: "loss cause" {
        /// No free chunk was left in the pool: the consumer was slower than the program.
        PoolFull = 1 "pool-full",
        /// The thread was recording an event already: a signal handler, an allocator or a writer
        /// that is traced itself.
        Reentrant = 2 "reentrant",
        /// The event is larger than what a chunk can hold.
        TooLarge = 3 "too-large",
    }
}

byte_enum! {
    /// How a fiber ended.
    pub enum FiberOutcome: "fiber outcome" {
        /// It gave its result.
        Completed = 1 "completed",
        /// It was dropped before that.
        Cancelled = 2 "cancelled",
        /// It panicked.
        Panicked = 3 "panicked",
    }
}

byte_enum! {
    /// What recording does with an event when no free chunk is left.
    pub enum Overflow: "overflow" {
        /// Counts it as lost.
        Drop = 1 "drop",
        /// Waits for a free chunk; counts the event as lost when other threads hold them all.
        Block = 2 "block",
        /// Takes the chunk that has been full for the longest time, with all that is in it: what flight
        /// recorders do. The chunks of a thread need not begin with the first one then.
        Overwrite = 3 "overwrite",
    }
}

byte_enum! {
    /// Where in a recording a trace begins.
    pub enum Beginning: "beginning" {
        /// At its start: what began before was not recorded anywhere.
        Start = 1 "start",
        /// Later: tasks and regions may have begun before it whose ends are in it. So are the traces that a
        /// flight recorder writes, and those of a session that began beside one.
        Midway = 2 "midway",
    }
}

record! {
    /// Who wrote the trace, when and how. The only record of the first block.
    1 Header<'a> {
        /// The version of the format.
        version: u32,
        /// A random number that a pool file and its trace have in common.
        session: Ticks,
        /// What the ticks count.
        clock: ClockSource,
        /// How many ticks are about a second; 0 when it is not known. Anchors tell precisely.
        ticks_per_second: u64,
        /// Nanoseconds since 1970-01-01 00:00 UTC, at the start.
        wall_ns: u64,
        /// The process id.
        pid: u64,
        /// The path of the program's executable.
        program: Text<'a>,
        /// The command line, when the program asked for it to be recorded, else empty.
        command_line: Text<'a>,
        /// The name of the machine.
        host: Text<'a>,
        /// The executable's build id in hexadecimal, or empty.
        build_id: Text<'a>,
        /// The path of the pool file, or empty.
        pool_path: Text<'a>,
        /// The size of the pool, in bytes.
        pool_bytes: u64,
        /// The size of a chunk, in bytes.
        chunk_bytes: u64,
        /// What happens when the pool is full.
        overflow: Overflow,
        /// Where in the recording it begins.
        beginning: Beginning,
    }
}

record! {
    /// The static description of an annotation. Ids are never 0 and mean the same during the
    /// whole run of a program.
    2 Callsite<'a> {
        /// What events call it.
        id: CallsiteId,
        /// What it annotates.
        kind: CallsiteKind,
        /// The type of the region or task, the category, the counter, the argument.
        name: Text<'a>,
        /// The source file.
        file: Text<'a>,
        /// The line in it, counted from 1; 0 when it is not known.
        line: u32,
        /// The path of the module.
        module: Text<'a>,
        /// The names of the arguments that a begin carries.
        keys: Vec<Text<'a>>,
    }
}

record! {
    /// What begins a chunk: whose events follow, and the state in which the thread was. The
    /// events follow up to the end of the payload.
    3 ChunkHead<'a> {
        /// The thread, numbered from 1 within the process.
        thread: u64,
        /// How many chunks of this thread and session came before.
        sequence: u64,
        /// The clock that the first event's delta adds to.
        base: Ticks,
        /// The operating system's number of the thread; 0 when it is not known.
        os_thread: u64,
        /// The thread's name, possibly empty.
        thread_name: Text<'a>,
        /// The current task.
        task: TaskId,
        /// How many regions are open.
        depth: u64,
        /// The innermost open regions, from the outside in; all of them unless there are many.
        open: Vec<OpenRegion>,
    }
}

record! {
    /// A region that is open at the head of a chunk.
    0 OpenRegion {
        /// What is open.
        callsite: CallsiteId,
        /// When it began: so many ticks before the base.
        age: u64,
        /// The task it belongs to.
        task: TaskId,
        /// The task that is the current one again after it; none if its end changes nothing.
        outer: Option<TaskId>,
        /// Of the poll of a fiber, which one; else 0.
        fiber: FiberId,
    }
}

record! {
    /// Three clocks read together.
    4 Anchor {
        /// The clock of the events.
        ticks: Ticks,
        /// The operating system's monotonic clock, in nanoseconds.
        monotonic_ns: u64,
        /// Nanoseconds since 1970-01-01 00:00 UTC.
        wall_ns: u64,
    }
}

record! {
    /// Events that were lost and about which no chunk can tell.
    5 LossRecord {
        /// The thread that emitted them; 0 when it is not known.
        thread: u64,
        /// Why.
        cause: LossCause,
        /// How many.
        count: u64,
        /// The first of them happened here or later.
        from: Ticks,
        /// The last of them happened here or earlier.
        to: Ticks,
    }
}

record! {
    /// What a trace ends with when the program stopped it.
    6 Summary {
        /// When it was stopped.
        end: Ticks,
        /// How many chunks were written.
        chunks: u64,
        /// How many events were lost, for whatever cause.
        lost: u64,
    }
}

/// Every record, for documentation and tests. [`OpenRegion`] is a part of [`ChunkHead`].
pub const RECORDS: &[Spec] = &[
    Header::SPEC,
    Callsite::SPEC,
    ChunkHead::SPEC,
    OpenRegion::SPEC,
    Anchor::SPEC,
    LossRecord::SPEC,
    Summary::SPEC,
];
