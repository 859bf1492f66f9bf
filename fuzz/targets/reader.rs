//! Any file is read, in all ways, and these agree.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use trace_format::{MAGIC, Stretch, Stretches};
use trace_reader::{Problem, Trace};

fuzz_target!(|file: &[u8]| {
    let Some(trace) = fuzz::opened(Trace::from_bytes(file.to_vec())) else { return };
    assert_eq!(damaged(&trace), junk(file), "both find the same blocks");
    fuzz::read(&trace);
    // With a pool that is none, the same is read.
    let with_pool =
        fuzz::opened(Trace::from_sources(file.to_vec(), Vec::new())).expect("it is one");
    assert_eq!(with_pool.threads().len(), trace.threads().len());
    assert_eq!(with_pool.end(), trace.end());
});

// Most changes leave the checksums right, so that they get to what is behind these.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    if !seed.is_multiple_of(8) {
        fuzz::mend(&mut data[..size]);
    }
    size
});

/// How many bytes the reader says are no block.
fn damaged(trace: &Trace) -> u64 {
    let len = |problem: &Problem| match *problem {
        Problem::Damaged { len, .. } => len,
        Problem::EndsInsideBlock { found, .. } => found,
        _ => 0,
    };
    trace.problems().iter().map(len).sum()
}

/// How many bytes are no block.
fn junk(file: &[u8]) -> u64 {
    let start = if file.starts_with(MAGIC) { MAGIC.len() } else { 0 };
    let len = |stretch| match stretch {
        Stretch::Junk { bytes, .. } => bytes.len() as u64,
        Stretch::Block { .. } => 0,
    };
    Stretches::new(file, start).map(len).sum()
}
