//! Pool files: what a program left that did not stop its trace.

use trace_format::wire::Field;
use trace_format::{
    BlockType, CallsiteId, CallsiteKind, ChunkHead, Event, POOL_CONTROL_LEN, PoolControl, PoolHead,
    Text, Ticks, Timed, put_block, text_to_file,
};
use trace_reader::{PoolFile, Problem, Trace};

const SESSION: u64 = 7;
const CHUNK_BYTES: u32 = 4096;
const PAGE: u32 = 4096;

/// A trace with a chunk of one region, and without an end. Its pool was `/dev/shm/a.pool`.
const TRACE: &str = r#"runtime-trace 1
block header
  Header version=1 session=7 clock=monotonic ticks_per_second=1000000000 wall_ns=0 pid=1 program="cafe" command_line="" host="bar" build_id="" pool_path="/nowhere/a.pool" pool_bytes=1048576 chunk_bytes=65536 overflow=drop beginning=start
block anchors
  Anchor ticks=0 monotonic_ns=0 wall_ns=0
block callsites
  Callsite id=1 kind=region name="first" file="a.rs" line=1 module="a" keys=[]
block chunk
  ChunkHead thread=1 sequence=0 base=0 os_thread=0 thread_name="main" task=0 depth=0 open=[]
  +5 RegionBegin callsite=1
  +5 RegionEnd
"#;

fn head(chunk_count: u32) -> PoolHead {
    let chunks_offset = u64::from(2 * PAGE);
    PoolHead {
        chunk_bytes: CHUNK_BYTES,
        chunk_count,
        controls_offset: PAGE,
        chunks_offset,
        tables_offset: chunks_offset + u64::from(chunk_count * CHUNK_BYTES),
        session: SESSION,
    }
}

/// A chunk with a region of callsite 2.
fn payload(thread: u64, sequence: u64) -> Vec<u8> {
    let mut payload = Vec::new();
    let head = ChunkHead {
        thread,
        sequence,
        base: Ticks(20),
        os_thread: 0,
        thread_name: Text::new("main"),
        task: trace_format::TaskId(0),
        depth: 0,
        open: Vec::new(),
    };
    head.encode(&mut payload);
    Timed { delta: 1, event: Event::RegionBegin { callsite: CallsiteId(2) } }.encode(&mut payload);
    Timed { delta: 9, event: Event::RegionEnd {} }.encode(&mut payload);
    payload
}

/// A pool with such chunks, of which each is `committed` as far as it says.
fn pool(chunks: &[(PoolControl, Vec<u8>)]) -> Vec<u8> {
    let head = head(chunks.len() as u32);
    let mut bytes = vec![0; head.tables_offset as usize];
    bytes[..56].copy_from_slice(&head.to_bytes());
    for (at, (control, payload)) in chunks.iter().enumerate() {
        let offset = head.control_offset(at as u32) as usize;
        bytes[offset..offset + POOL_CONTROL_LEN].copy_from_slice(&control.to_bytes());
        let offset = head.payload_offset(at as u32) as usize;
        bytes[offset..offset + payload.len()].copy_from_slice(payload);
    }
    let callsite = trace_format::Callsite {
        id: CallsiteId(2),
        kind: CallsiteKind::Region,
        name: Text::new("second"),
        file: Text::new("a.rs"),
        line: 2,
        module: Text::new("a"),
        keys: Vec::new(),
    };
    let mut table = Vec::new();
    callsite.encode(&mut table);
    put_block(&mut bytes, BlockType::Callsites, 0, &table);
    bytes
}

fn filled(thread: u64, sequence: u64) -> (PoolControl, Vec<u8>) {
    let payload = payload(thread, sequence);
    (PoolControl { committed: payload.len() as u32, thread, sequence }, payload)
}

const EMPTY: (PoolControl, Vec<u8>) =
    (PoolControl { committed: 0, thread: 1, sequence: 9 }, Vec::new());

fn joined(pool: Vec<u8>) -> Trace {
    Trace::from_sources(text_to_file(TRACE).unwrap(), pool).unwrap()
}

/// How many regions, how many chunks of the pool, and how many that are unreadable.
fn found(trace: &Trace) -> (u64, u64, u64) {
    let of_pool = trace.problems().iter().find_map(|problem| match problem {
        Problem::NotStopped { pool: PoolFile::Joined { chunks, unreadable, .. } } => {
            Some((*chunks, *unreadable))
        }
        _ => None,
    });
    let (chunks, unreadable) = of_pool.expect("a trace that was not stopped, and its pool");
    let regions =
        trace.analyze().unwrap().regions.iter().map(|region| region.durations.count()).sum();
    (regions, chunks, unreadable)
}

#[trace::test]
fn what_the_trace_lacks_comes_from_the_pool() {
    let trace = joined(pool(&[EMPTY, filled(2, 0), filled(1, 1)]));
    assert_eq!(found(&trace), (3, 2, 0));
    assert_eq!(trace.problems().total(), 1, "{:?}", trace.problems());
    let names: Vec<_> =
        [1, 2].map(|id| trace.callsites().name(CallsiteId(id)).into_owned()).to_vec();
    assert_eq!(names, ["first", "second"]);
}

#[trace::test]
fn what_both_have_is_taken_once_and_from_the_trace() {
    assert_eq!(found(&joined(pool(&[filled(1, 0), EMPTY]))), (1, 0, 0));
}

#[trace::test]
fn a_block_that_was_being_written_is_taken_from_the_pool() {
    let whole = text_to_file(TRACE).unwrap();
    let mut last = payload(1, 0).len() + 24;
    last = last.min(whole.len() - 1);
    for cut in 1..last {
        let trace = whole[..whole.len() - cut].to_vec();
        let trace = Trace::from_sources(trace, pool(&[filled(1, 0)])).unwrap();
        assert_eq!(found(&trace), (1, 1, 0), "{cut} bytes cut off");
        assert_eq!(trace.problems().total(), 1, "{cut}: {:?}", trace.problems());
    }
}

#[trace::test]
fn a_trace_that_was_stopped_wants_no_pool() {
    let stopped = format!("{TRACE}block summary\n  Summary end=100 chunks=1 lost=0\n");
    let trace =
        Trace::from_sources(text_to_file(&stopped).unwrap(), pool(&[filled(1, 1)])).unwrap();
    assert!(trace.problems().is_empty());
    assert_eq!(trace.threads()[0].chunks(), 1);
}

#[trace::test]
fn a_pool_of_another_session_is_not_joined() {
    let mut other = pool(&[filled(1, 1)]);
    other[48] ^= 1;
    assert_eq!(found(&joined(other)), (1, 0, 0));
}

#[trace::test]
fn chunks_that_cannot_be_are_counted() {
    let too_long = PoolControl { committed: CHUNK_BYTES - 23, thread: 1, sequence: 1 };
    let (control, _) = filled(1, 1);
    let no_head = (control, vec![0xff; control.committed as usize]);
    let trace = joined(pool(&[(too_long, payload(1, 1)), no_head, filled(1, 2)]));
    assert_eq!(found(&trace).1, 1);
    assert_eq!(found(&trace).2, 2);
}

/// The last chunk ends where the file could at most, and says that it goes on.
#[trace::test]
fn offsets_do_not_overflow() {
    let head = PoolHead {
        chunk_bytes: 64,
        chunk_count: 1,
        controls_offset: PAGE,
        chunks_offset: u64::MAX - 100,
        tables_offset: u64::MAX - 20,
        session: SESSION,
    };
    let mut pool = head.to_bytes().to_vec();
    pool.resize(PAGE as usize, 0);
    pool.extend(PoolControl { committed: 1000, thread: 1, sequence: 1 }.to_bytes());
    let trace = joined(pool);
    let problems: Vec<_> = trace.problems().iter().collect();
    let [Problem::NotStopped { pool: PoolFile::Joined { unreadable: 1, chunks: 0, .. } }] =
        problems[..]
    else {
        panic!("{problems:?}")
    };
}

#[trace::test]
fn no_pool_makes_the_reader_panic() {
    let sound = pool(&[filled(2, 0), EMPTY, filled(1, 1)]);
    let try_it = |bytes: Vec<u8>| {
        let trace = joined(bytes);
        trace.analyze().unwrap();
        trace.validate().unwrap();
        trace.recover(&mut std::io::sink()).unwrap();
    };
    for len in (0..sound.len()).step_by(7) {
        try_it(sound[..len].to_vec());
    }
    let interesting = (0..56).chain(4096..4096 + 3 * 64).chain(8192..8192 + 3 * 4096);
    for at in interesting.chain(8192 + 3 * 4096..sound.len()).filter(|&at| at < sound.len()) {
        if sound[at] == 0 && at > 4096 + 3 * 64 && at % 16 != 0 {
            continue;
        }
        for change in [1, 0x80, 0xff] {
            let mut bytes = sound.clone();
            bytes[at] ^= change;
            try_it(bytes);
        }
    }
}
