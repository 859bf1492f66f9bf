//! Opening: what is refused, what is reported, and that it does not matter where bytes come from.

mod telling;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use telling::{golden, open, open_text, problems, steps};
use trace_format::{BlockType, MAGIC, Stretch, Stretches, put_block};
use trace_reader::{Error, Problem, Source, ThreadId, Time, Trace};

fn refused(bytes: &[u8]) -> String {
    Trace::from_bytes(bytes.to_vec()).unwrap_err().to_string()
}

#[trace::test]
fn what_is_refused() {
    assert_eq!(
        refused(b""),
        "expected a trace, found an empty file; was the program killed before its first write, or \
         is it still running?"
    );
    assert_eq!(
        refused(b"#!/bin/sh\n"),
        "expected a trace, found neither `runtime-trace` at offset 0 nor a block anywhere in 10 \
         bytes; is this the right file?"
    );
    assert_eq!(
        refused(b"runtime-trace 23\nwhatever"),
        "expected format version 1 at offset 14, found version 23; read it with the version of \
         this tool that belongs to the program"
    );
    assert!(matches!(
        Trace::open("/nowhere/at/all").unwrap_err(),
        Error::Io { offset: 0, source } if source.kind() == io::ErrorKind::NotFound
    ));
}

#[trace::test]
fn a_header_of_a_newer_version_is_refused_whatever_else_is_in_it() {
    let mut bytes = MAGIC.to_vec();
    put_block(&mut bytes, BlockType::Header, 0, &[2, 0xff, 0xff]);
    let error = Trace::from_bytes(bytes).unwrap_err();
    assert!(matches!(error, Error::NewerVersion { found: 2, offset: 40 }), "{error}");
}

#[trace::test]
fn without_a_header_the_anchors_tell_the_time() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/an_order_on_two_threads.txt"
    ));
    let text = text.unwrap();
    let (start, rest) = (text.find("block header").unwrap(), text.find("block anchors").unwrap());
    let trace = open_text(&format!("{}sequence 1\n{}", &text[..start], &text[rest..]));
    assert_eq!(steps(&trace), steps(&open("an_order_on_two_threads")));
    assert!(trace.header().is_none());
    assert_eq!(
        problems(&trace)[..2],
        [
            "expected block 0 at offset 16, found block 1",
            "expected a header, found none; what program this is and how fast its clock runs has \
             to be guessed"
        ]
    );
}

#[trace::test]
fn without_the_magic_the_blocks_are_found() {
    let bytes = golden("an_order_on_two_threads");
    let trace = Trace::from_bytes(bytes[MAGIC.len()..].to_vec()).unwrap();
    assert_eq!(trace.problems().kept(), [Problem::NoMagic]);
    assert_eq!(steps(&trace), steps(&open("an_order_on_two_threads")));
}

#[trace::test]
fn what_the_trace_says_about_itself() {
    let trace = open("an_order_on_two_threads");
    let header = trace.header().unwrap();
    assert_eq!((&*header.program, &*header.host, header.pid), ("cafe", "counter", 42));
    let [barista, cashier] = trace.threads() else { panic!("two threads") };
    assert_eq!((barista.id, barista.name(), barista.os_thread), (ThreadId(1), "barista", 101));
    assert_eq!((cashier.label(), cashier.chunks()), ("cashier".into(), 1));
    assert_eq!(trace.end(), Time(1000));
    assert_eq!(trace.summary().unwrap().chunks, 2);
    let grind = trace.callsites().get(trace_reader::CallsiteId(2)).unwrap();
    assert_eq!(
        (&*grind.name, &*grind.location(), &grind.keys[..]),
        ("grind", "cafe.rs:20", &["beans".into()][..])
    );
    assert_eq!(trace.callsites().name(trace_reader::CallsiteId(77)), "callsite 77");
}

#[trace::test]
fn a_chunk_that_is_there_twice_counts_once() {
    let once = golden("chunks_of_two_threads");
    let chunk = Stretches::new(&once, MAGIC.len()).find_map(|stretch| match stretch {
        Stretch::Block { head, payload, .. } if head.block_type == BlockType::Chunk => {
            Some(payload)
        }
        _ => None,
    });
    let mut twice = once.clone();
    let blocks = Stretches::new(&once, MAGIC.len()).count() as u32;
    put_block(&mut twice, BlockType::Chunk, blocks, chunk.unwrap());
    let trace = Trace::from_bytes(twice).unwrap();
    assert_eq!(steps(&trace), steps(&Trace::from_bytes(once.clone()).unwrap()));
    let offset = once.len() as u64;
    let duplicate = Problem::DuplicateChunk { offset, thread: ThreadId(1), sequence: 0 };
    assert_eq!(trace.problems().kept(), [duplicate]);
}

/// A source that gives a few bytes at a time, as a network file may.
struct Trickle(Vec<u8>, AtomicU64);

impl Source for Trickle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.1.fetch_add(1, Relaxed) % 5 == 4 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = buffer.len().min(7);
        self.0.read_at(offset, &mut buffer[..len])
    }
}

#[trace::test]
fn it_does_not_matter_where_bytes_come_from() {
    let mut damaged = golden("chunks_of_two_threads");
    let len = damaged.len();
    damaged[len / 2] ^= 1;
    damaged.extend_from_slice(b"\xb1\x0c and more");
    for bytes in [golden("an_order_on_two_threads"), damaged] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let memory = Trace::from_bytes(bytes.clone()).unwrap();
        for trace in [
            Trace::open(file.path()),
            Trace::from_source(Trickle(bytes.clone(), AtomicU64::new(0))),
        ] {
            let trace = trace.unwrap();
            assert_eq!(steps(&trace), steps(&memory));
            assert_eq!(problems(&trace), problems(&memory));
        }
    }
}

/// More than is read at once, with damage at the seams.
#[trace::test]
fn a_large_file_has_the_stretches_that_the_format_finds() {
    let mut bytes = golden("chunks_of_two_threads");
    let blocks = Stretches::new(&bytes, MAGIC.len()).count() as u32;
    for i in 0..40 {
        let payload: Vec<u8> = (0..120_000_u32).map(|j| (j * (i + 7)) as u8).collect();
        put_block(&mut bytes, BlockType::Losses, blocks + i, &payload);
    }
    for at in (100_000..bytes.len()).step_by(524_287) {
        bytes[at] ^= 0x10;
    }
    let expected: Vec<(u64, u64)> = Stretches::new(&bytes, MAGIC.len())
        .filter_map(|stretch| match stretch {
            Stretch::Junk { offset, bytes, .. } => Some((offset as u64, bytes.len() as u64)),
            Stretch::Block { .. } => None,
        })
        .collect();
    assert!(expected.len() > 5);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    for trace in [Trace::from_bytes(bytes), Trace::open(file.path())] {
        let trace = trace.unwrap();
        let found: Vec<_> = trace
            .problems()
            .iter()
            .filter_map(|problem| match problem {
                Problem::Damaged { offset, len, .. } => Some((*offset, *len)),
                _ => None,
            })
            .collect();
        assert_eq!(found, expected);
    }
}

#[trace::test]
fn a_source_that_fails_is_an_error_and_says_where() {
    struct Broken(Vec<u8>);
    impl Source for Broken {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            match offset {
                0..100 => self.0.read_at(offset, &mut buffer[..1]),
                _ => Err(io::Error::other("the disk is gone")),
            }
        }
    }
    let error = Trace::from_source(Broken(golden("an_order_on_two_threads"))).unwrap_err();
    assert_eq!(error.to_string(), "cannot read at offset 100: the disk is gone");
}
