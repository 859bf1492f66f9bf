//! Whatever the pool file of a trace holds, it is joined, read and recovered.
//!
//! The input is the pool. Its trace is a small one that was not stopped.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trace_reader::{PoolFile, Problem, Trace, Workers};

/// The session of the trace and, unless it was changed, of the pool.
const TRACE: &str = include_str!("../trace-of-pools.txt");

static FILE: LazyLock<Vec<u8>> =
    LazyLock::new(|| trace_format::text_to_file(TRACE).expect("it is a text form"));

fuzz_target!(|pool: &[u8]| {
    let trace = Trace::from_sources(FILE.clone(), pool.to_vec()).expect("memory can be read");
    let found = trace.problems().iter().find_map(|problem| match problem {
        Problem::NotStopped { pool: PoolFile::Joined { chunks, unreadable, .. } } => {
            Some((*chunks, *unreadable))
        }
        _ => None,
    });
    let (chunks, unreadable) = found.expect("it was not stopped, and there is a pool");
    // A chunk has a control.
    assert!(chunks + unreadable <= pool.len() as u64 / 64);
    let all: usize = trace.threads().iter().map(|thread| thread.chunks()).sum();
    assert_eq!(all as u64, chunks + 1);
    let alone = Trace::from_bytes(FILE.clone()).expect("memory can be read");
    let events =
        |trace: &Trace| trace.analyze_with(Workers::new(1)).expect("memory can be read").events;
    assert!(events(&trace) >= events(&alone), "nothing of the trace is missing");
    fuzz::read(&trace);
});
