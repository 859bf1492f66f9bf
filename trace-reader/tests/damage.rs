//! Whatever happens to the bytes of a trace: nothing panics, what is whole is read, and what is
//! not is reported.

mod telling;

use proptest::prelude::*;
use telling::golden;
use trace_format::wire::Field;
use trace_format::{
    BLOCK_HEAD_LEN, BlockHead, BlockType, CallsiteId, ChunkHead, Event, Kind, MAGIC, Stretch,
    Stretches, TaskId, Text, Ticks, Timed, put_block,
};
use trace_reader::{Error, Fate, PoolFile, Problem, Selection, Step, Trace};

/// Reads bytes in every way there is; `None` when they are no trace.
fn read(bytes: &[u8]) -> Option<Reading> {
    let trace = match Trace::from_bytes(bytes.to_vec()) {
        Ok(trace) => trace,
        Err(Error::Empty | Error::NotATrace { .. } | Error::NewerVersion { .. }) => return None,
        Err(other) => panic!("{other}"),
    };
    let recording = trace.load().unwrap();
    let analysis = trace.analyze().unwrap();
    let violations = trace.validate().unwrap();
    trace.excerpt(&Selection::Slowest { count: 3, task_type: None }, 5).unwrap();
    assert_eq!(analysis.problems.total(), recording.problems.total());
    assert!(violations.total() >= recording.problems.total());
    violations.iter().for_each(|problem| assert_ne!(trace.describe(problem), ""));
    Some(Reading {
        logs: recording.logs.iter().map(|log| log.message.to_str().into_owned()).collect(),
        violations: violations.kept().to_vec(),
    })
}

struct Reading {
    logs: Vec<String>,
    violations: Vec<Problem>,
}

/// Where the blocks of a faultless file are, and what is logged in each.
fn blocks(bytes: &[u8]) -> Vec<(usize, usize, Vec<String>)> {
    let blocks = Stretches::new(bytes, MAGIC.len()).map(|stretch| match stretch {
        Stretch::Block { offset, head, payload } => {
            let mut alone = MAGIC.to_vec();
            put_block(&mut alone, head.block_type, 0, payload);
            (offset, offset + BLOCK_HEAD_LEN + payload.len(), read(&alone).unwrap().logs)
        }
        Stretch::Junk { .. } => panic!("the file is not faultless"),
    });
    blocks.collect()
}

fn assert_logs_of_the_untouched(
    reading: &Reading,
    blocks: &[(usize, usize, Vec<String>)],
    what: &str,
) {
    for (_, _, logs) in blocks {
        for log in logs {
            assert!(reading.logs.contains(log), "{what}: {log} is not there");
        }
    }
}

#[trace::test]
fn every_truncation() {
    let whole = golden("chunks_of_two_threads");
    let blocks = blocks(&whole);
    assert!(read(&whole).unwrap().violations.is_empty());
    for len in 0..whole.len() {
        let what = format!("the first {len} bytes");
        let Some(reading) = read(&whole[..len]) else {
            assert!(len < MAGIC.len(), "{what}");
            continue;
        };
        let untouched: Vec<_> = blocks.iter().filter(|block| block.1 <= len).cloned().collect();
        assert_logs_of_the_untouched(&reading, &untouched, &what);
        assert!(
            reading.violations.contains(&Problem::NotStopped { pool: PoolFile::None }),
            "{what}"
        );
        let cut = blocks.iter().find(|block| block.0 < len && len < block.1);
        let reported = reading.violations.iter().find_map(|problem| match problem {
            Problem::EndsInsideBlock { offset, found, .. } => Some((*offset, *found)),
            _ => None,
        });
        assert_eq!(reported, cut.map(|block| (block.0 as u64, (len - block.0) as u64)), "{what}");
    }
}

#[trace::test]
fn every_byte_changed() {
    let whole = golden("chunks_of_two_threads");
    let blocks = blocks(&whole);
    for at in 0..whole.len() {
        for change in [0x01, 0x08, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            let what = format!("byte {at} ^ {change:#x}");
            let Some(reading) = read(&bytes) else {
                assert_eq!((at, change), (MAGIC.len() - 2, 0x08), "version 9 is refused: {what}");
                continue;
            };
            let untouched: Vec<_> =
                blocks.iter().filter(|block| !(block.0..block.1).contains(&at)).cloned().collect();
            assert_logs_of_the_untouched(&reading, &untouched, &what);
            let touched = blocks.iter().find(|block| (block.0..block.1).contains(&at));
            let reported = reading.violations.iter().any(|problem| match problem {
                Problem::NoMagic => touched.is_none(),
                Problem::Damaged { offset, .. } | Problem::EndsInsideBlock { offset, .. } => {
                    touched.is_some_and(|block| block.0 as u64 == *offset)
                }
                _ => false,
            });
            assert!(reported, "{what}: {:?}", reading.violations);
        }
    }
}

/// The checksums are right, the contents are not.
#[trace::test]
fn every_byte_of_a_payload_changed_under_a_right_checksum() {
    let whole = golden("an_order_on_two_threads");
    for (start, end, _) in blocks(&whole) {
        let payload = start + BLOCK_HEAD_LEN..end;
        for at in payload.clone() {
            for change in [0x01, 0x07, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                let head: &[u8; BLOCK_HEAD_LEN] =
                    whole[start..][..BLOCK_HEAD_LEN].try_into().unwrap();
                let head = BlockHead::from_bytes(head).unwrap();
                let head = BlockHead::of(head.block_type, head.sequence, &bytes[payload.clone()]);
                bytes[start..payload.start].copy_from_slice(&head.to_bytes());
                read(&bytes);
            }
        }
    }
}

#[trace::test]
fn a_damaged_chunk_says_which_thread_lost_what() {
    let mut bytes = golden("chunks_of_two_threads");
    let blocks = blocks(&bytes);
    let (start, end, logs) = &blocks[5];
    assert_eq!(logs, &["thread 1, chunk 1"]);
    bytes[end - 1] ^= 1;
    let trace = Trace::from_bytes(bytes).unwrap();
    let problems: Vec<_> = trace.problems().iter().map(|problem| trace.describe(problem)).collect();
    let len = end - start;
    assert_eq!(
        problems,
        [format!(
            "{len} bytes at offset {start} are damaged, a chunk block or more; 1 chunks of thread 1 \
             are missing between 10 ns and 200 ns"
        )]
    );
}

#[trace::test]
fn lengths_and_counts_that_promise_too_much() {
    let whole = golden("an_order_on_two_threads");
    // A sound head of 64 MiB where 100 bytes are.
    let mut bytes = whole.clone();
    let mut head = BlockHead::of(BlockType::Chunk, 9, &[]);
    head.len = 1 << 26;
    bytes.extend_from_slice(&head.to_bytes());
    bytes.extend_from_slice(&[0; 100]);
    assert_eq!(read(&bytes).unwrap().logs.len(), 3);
    // Counts of 2^63 in place of every list and string.
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    for block_type in BlockType::ALL {
        for zeros in 0..80 {
            let mut payload = vec![1; zeros];
            payload.extend_from_slice(&huge);
            let mut bytes = whole.clone();
            put_block(&mut bytes, *block_type, 9, &payload);
            assert!(!read(&bytes).unwrap().violations.is_empty());
        }
    }
}

/// Each head claims all that follows: reading must not take quadratic time.
#[trace::test]
fn heads_that_claim_each_others_bytes() {
    let mut bytes = MAGIC.to_vec();
    let count = 20_000;
    for i in 0..count {
        let mut head = BlockHead::of(BlockType::Chunk, i, &[]);
        (head.len, head.checksum) = ((count - i - 1) * BLOCK_HEAD_LEN as u32, 1);
        bytes.extend_from_slice(&head.to_bytes());
    }
    let started = std::time::Instant::now();
    assert!(read(&bytes).unwrap().logs.is_empty());
    assert!(started.elapsed().as_secs() < 60);
}

/// A deep stack, and then many heads that contradict it: each must cost what it lists or drops.
#[trace::test]
fn a_deep_stack_and_many_heads() {
    let (depth, count) = (60_000, 60_000_u32);
    let head = |sequence: u64| {
        let head = ChunkHead {
            thread: 1,
            sequence,
            base: Ticks(0),
            os_thread: 0,
            thread_name: Text::new(""),
            task: TaskId(sequence % 2),
            depth: if sequence == 0 { 0 } else { depth },
            open: Vec::new(),
        };
        let mut payload = Vec::new();
        head.encode(&mut payload);
        payload
    };
    let mut bytes = MAGIC.to_vec();
    let mut payload = head(0);
    for _ in 0..depth {
        Event::RegionBegin { callsite: CallsiteId(1) }.encode(0, &mut payload);
    }
    put_block(&mut bytes, BlockType::Chunk, 0, &payload);
    for i in 1..count {
        put_block(&mut bytes, BlockType::Chunk, i, &head(u64::from(i)));
    }
    let started = std::time::Instant::now();
    let analysis = Trace::from_bytes(bytes).unwrap().analyze().unwrap();
    assert_eq!(analysis.regions[0].open, depth);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

/// A program that calls itself so deeply, or forgets its guards: the outermost regions are given up,
/// and what their ends tell is told of them.
#[trace::test]
fn more_regions_are_open_than_are_kept() {
    const DEPTH: u64 = 150_000;
    let head = |sequence, base, depth| {
        let head = ChunkHead {
            thread: 1,
            sequence,
            base: Ticks(base),
            os_thread: 0,
            thread_name: Text::new(""),
            task: TaskId(0),
            depth,
            open: Vec::new(),
        };
        let mut payload = Vec::new();
        head.encode(&mut payload);
        payload
    };
    let mut bytes = MAGIC.to_vec();
    let mut begins = head(0, 0, 0);
    for _ in 0..DEPTH {
        Timed { delta: 1, event: Event::RegionBegin { callsite: CallsiteId(1) } }
            .encode(&mut begins);
    }
    put_block(&mut bytes, BlockType::Chunk, 0, &begins);
    let mut ends = head(1, DEPTH, DEPTH);
    for ended in 0..DEPTH {
        // The last one began one tick before the first end, the one before two ticks earlier, …
        let (callsite, task) = (CallsiteId(1), TaskId(0));
        let event = Event::WholeRegionEnd { callsite, age: 2 * ended + 1, task, inner: 0 };
        Timed { delta: 1, event }.encode(&mut ends);
    }
    put_block(&mut bytes, BlockType::Chunk, 1, &ends);

    let trace = Trace::from_bytes(bytes).unwrap();
    let mut steps = trace.merged();
    let (mut complete, mut lost, mut self_ns, mut covered_ns) = (0, 0, 0, 0);
    while let Some(item) = steps.next().unwrap() {
        let Step::RegionEnded(end) = item.step else { continue };
        match end.fate {
            Fate::Complete => {
                assert_eq!(end.duration_ns(), Some(2 * complete + 1));
                complete += 1;
            }
            Fate::Lost => lost += 1,
            other => panic!("{other:?}"),
        }
        self_ns += end.self_ns;
        covered_ns += if end.depth == 0 { end.covered_ns } else { 0 };
    }
    assert_eq!(complete, DEPTH);
    assert!(lost > DEPTH / 4 && lost < DEPTH, "{lost}");
    assert_eq!(self_ns, covered_ns);
    let too_many = |problem: &&Problem| matches!(problem, Problem::TooManyOpen { .. });
    assert_eq!(trace.load().unwrap().problems.iter().filter(too_many).count(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[trace::test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }

    #[trace::test]
    fn random_payloads(
        block_type in prop::sample::select(BlockType::ALL),
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = golden("an_order_on_two_threads");
        put_block(&mut bytes, block_type, 9, &payload);
        read(&bytes);
    }

    /// The head of a chunk, and then events of random kinds, up to the last one that there is.
    #[trace::test]
    fn random_events(
        sequences in prop::collection::vec(0..4_u64, 1..5),
        events in prop::collection::vec((1..=Kind::Wake as u8, prop::collection::vec(0..4_u8, 0..12)), 0..60),
    ) {
        let mut bytes = golden("an_order_on_two_threads");
        for sequence in sequences {
            let mut payload = Vec::new();
            // Two regions are hidden.
            let (thread_name, task, open) = (Text::new(""), TaskId(0), Vec::new());
            let (thread, base, os_thread, depth) = (3, Ticks(2048), 0, 2);
            let head =
                ChunkHead { thread, sequence, base, os_thread, thread_name, task, depth, open };
            head.encode(&mut payload);
            for (kind, fields) in &events {
                payload.push(kind << 3);
                payload.extend_from_slice(fields);
            }
            put_block(&mut bytes, BlockType::Chunk, 9, &payload);
        }
        read(&bytes);
    }

    #[trace::test]
    fn parts_of_traces_in_any_order(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..8),
    ) {
        let whole = golden("chunks_of_two_threads");
        let mut bytes = MAGIC.to_vec();
        for (from, to) in cuts {
            let (from, to) = (from.index(whole.len()), to.index(whole.len()));
            bytes.extend_from_slice(&whole[from.min(to)..from.max(to)]);
        }
        read(&bytes);
    }
}
