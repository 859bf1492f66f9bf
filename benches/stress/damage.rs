//! A trace with one bit flipped, and one that ends early: what is missing is what was in the block that was
//! touched, and the reader says where that is.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use trace::Session;
use trace_format::{BLOCK_HEAD_LEN, MAGIC, Stretch, Stretches};
use trace_reader::{Error, Problem, Step, Trace, Value};

use crate::Size;
use crate::rows::Rows;

const THREADS: u64 = 3;
/// How long the trace is, about.
const LEN: usize = 200_000;
/// And how much of it a task takes, with all that is in it.
const EACH: u64 = 345;

pub(crate) fn run(size: Size, rows: &mut Rows) {
    let whole = Whole::recorded();
    let (bits, kib) = (whole.bytes.len() * 8, whole.bytes.len() >> 10);
    // Primes, so that all bits of a byte have their turn.
    let (bit_step, len_step) = size.pick((211, 31), (1, 1));
    let what = format!("a trace of {kib} KiB, {} blocks", whole.blocks.len());
    let target = "no panic; the block is reported, and its events are missing";

    let (tried, wrong) = each((0..bits).step_by(bit_step), |bit| whole.flipped(bit));
    rows.runs(&format!("{what}: a bit flipped"), target, &format!("{tried} bits"), &wrong);
    let (tried, wrong) = each((0..whole.bytes.len()).step_by(len_step), |len| whole.cut(len));
    rows.runs(&format!("{what}: cut"), target, &format!("{tried} lengths"), &wrong);
}

/// Tries all of these, on all processors. Returns how many were tried, and what was wrong.
fn each(
    all: std::iter::StepBy<std::ops::Range<usize>>,
    one: impl Fn(usize) -> Result<(), String> + Sync,
) -> (usize, Vec<String>) {
    let tried = all.len();
    let workers = std::thread::available_parallelism().map_or(1, |count| count.get());
    let work = |worker| {
        let own = all.clone().skip(worker).step_by(workers);
        let tell = |at| match catch_unwind(AssertUnwindSafe(|| one(at))) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("at {at}: {error}")),
            Err(_) => Some(format!("at {at}: the reader panics")),
        };
        own.filter_map(tell).collect::<Vec<_>>()
    };
    let wrong = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    (tried, wrong)
}

/// Some events, told by their number and by a sum that no others have in all likelihood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Events {
    count: u64,
    sum: u64,
}

impl Events {
    fn one(number: i64) -> Self {
        // Numbers that follow each other are far apart.
        Self {
            count: 1,
            sum: (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29),
        }
    }

    fn and(self, other: Self) -> Self {
        Self { count: self.count + other.count, sum: self.sum.wrapping_add(other.sum) }
    }

    fn without(self, other: Self) -> Self {
        Self { count: self.count - other.count, sum: self.sum.wrapping_sub(other.sum) }
    }

    fn of(trace: &Trace) -> Result<Self, Error> {
        let mut all = Self::default();
        let mut steps = trace.merged();
        while let Some(item) = steps.next()? {
            if let Step::Counter { value: Value::I64(number), .. } = item.step {
                all = all.and(Self::one(number));
            }
        }
        Ok(all)
    }
}

/// A block of the trace.
struct Block {
    start: usize,
    end: usize,
    events: Events,
}

/// The trace as it was recorded.
struct Whole {
    bytes: Vec<u8>,
    blocks: Vec<Block>,
    events: Events,
}

impl Whole {
    fn recorded() -> Self {
        let bytes = record();
        let trace = Trace::from_bytes(bytes.clone()).expect("it is a trace");
        let violations = trace.validate().expect("memory can be read");
        assert!(violations.is_empty(), "{:?}", violations.kept());
        let events = Events::of(&trace).expect("memory can be read");
        let block = |stretch| {
            let Stretch::Block { offset: start, payload, .. } = stretch else {
                panic!("it is sound")
            };
            let end = start + BLOCK_HEAD_LEN + payload.len();
            let alone = [MAGIC, &bytes[start..end]].concat();
            let trace = Trace::from_bytes(alone).expect("it is a block");
            Block { start, end, events: Events::of(&trace).expect("memory can be read") }
        };
        let blocks: Vec<Block> = Stretches::new(&bytes, MAGIC.len()).map(block).collect();
        let sum = blocks.iter().fold(Events::default(), |sum, block| sum.and(block.events));
        assert_eq!(sum, events, "each event is in a block");
        Self { bytes, blocks, events }
    }

    fn flipped(&self, bit: usize) -> Result<(), String> {
        let mut bytes = self.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let is_newer = bytes[..MAGIC.len()] != *MAGIC && bit / 8 == MAGIC.len() - 2;
        let trace = match Trace::from_bytes(bytes) {
            Err(Error::NewerVersion { .. }) if is_newer => return Ok(()),
            other => other.map_err(|error| error.to_string())?,
        };
        let touched =
            self.blocks.iter().find(|block| (block.start..block.end).contains(&(bit / 8)));
        let Some(touched) = touched else {
            let is_told = trace.problems().iter().any(|problem| *problem == Problem::NoMagic);
            return self.has(&trace, self.events, is_told);
        };
        let (start, len) = (touched.start as u64, (touched.end - touched.start) as u64);
        let is_told = damages(&trace)? == [(start, len)];
        self.has(&trace, self.events.without(touched.events), is_told)
    }

    fn cut(&self, len: usize) -> Result<(), String> {
        let trace = match Trace::from_bytes(self.bytes[..len].to_vec()) {
            Err(_) if len < MAGIC.len() => return Ok(()),
            other => other.map_err(|error| error.to_string())?,
        };
        let there = self.blocks.iter().filter(|block| block.end <= len);
        let events = there.fold(Events::default(), |sum, block| sum.and(block.events));
        let cut = self.blocks.iter().find(|block| block.start < len && len < block.end);
        let expected: Vec<_> =
            cut.iter().map(|block| (block.start as u64, (len - block.start) as u64)).collect();
        let is_told = damages(&trace)? == expected;
        self.has(&trace, events, is_told)
    }

    fn has(&self, trace: &Trace, expected: Events, is_told: bool) -> Result<(), String> {
        let found = Events::of(trace).map_err(|error| error.to_string())?;
        if found != expected {
            return Err(format!("{} events, {} expected", found.count, expected.count));
        }
        if !is_told {
            let problems: Vec<_> =
                trace.problems().iter().map(|problem| trace.describe(problem)).collect();
            return Err(format!("the damage is told as {problems:?}"));
        }
        Ok(())
    }
}

/// What the reader says is damaged, by offset and length.
fn damages(trace: &Trace) -> Result<Vec<(u64, u64)>, String> {
    let damage = |problem: &Problem| match *problem {
        Problem::Damaged { offset, len, .. } => Some((offset, len)),
        Problem::EndsInsideBlock { offset, found, .. } => Some((offset, found)),
        _ => None,
    };
    Ok(trace.problems().iter().filter_map(damage).collect())
}

/// Regions, tasks, logs and numbers of some threads, in chunks that are small.
fn record() -> Vec<u8> {
    let buffer = Buffer::default();
    let session = Session::builder().chunk_bytes(4096).pool_bytes(1 << 20).start(buffer.clone());
    let session = session.expect("tracing is off");
    let work = |thread: u64| {
        let message = "m".repeat(300);
        for n in 0..LEN as u64 / EACH / THREADS {
            let task = trace::trace_task!("order", n);
            let _region = trace::trace_region!("mix");
            trace::trace_counter!("number", (thread << 32 | n) as i64);
            trace::trace_log!("told", "{message}");
            drop(task);
        }
    };
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|thread| drop(scope.spawn(move || work(thread))));
    });
    session.finish().expect("memory can be written");
    std::mem::take(&mut *buffer.lock())
}

/// A writer whose bytes can be had back.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
