//! What the fuzz targets have in common.
//!
//! | target | takes | must hold |
//! |---|---|---|
//! | `decode` | a payload | what decodes is encoded to the same bytes |
//! | `reader` | a file | all ways of reading agree; what is recovered is sound and has the same events |
//! | `text` | bytes, or text | the text form gives back the same bytes |
//! | `export` | a file | every target takes it; JSON is JSON |
//! | `pool` | a pool file | what is joined is read, and recovered |
//!
//! `ci/fuzz` runs them. `cargo run --manifest-path fuzz/Cargo.toml --example corpus` writes the inputs that
//! they begin with, but for those that found something: these are kept as `found-*`.

use trace_format::{BLOCK_HEAD_LEN, BlockHead, BlockType, MARKER};
use trace_reader::{Error, Problem, Trace, Workers};

/// Gives every block of a file the head that its bytes demand: a block goes from its marker to the next one.
///
/// Without that nearly every change of a file ends at a checksum, and nothing behind it is tried.
pub fn mend(file: &mut [u8]) {
    let starts: Vec<usize> =
        (0..file.len()).filter(|&at| file[at..].starts_with(&MARKER)).collect();
    let ends = starts.iter().copied().skip(1).chain([file.len()]);
    for (sequence, (start, end)) in starts.iter().copied().zip(ends).enumerate() {
        let Some(payload) = file.get(start + BLOCK_HEAD_LEN..end) else { continue };
        let block_type = BlockType::ALL[usize::from(file[start + 4]) % BlockType::ALL.len()];
        // As it was, if that is a type.
        let known = BlockType::ALL.iter().find(|known| **known as u8 == file[start + 4]);
        let block_type = known.copied().unwrap_or(block_type);
        let head = BlockHead::of(block_type, sequence as u32, payload);
        file[start..start + BLOCK_HEAD_LEN].copy_from_slice(&head.to_bytes());
    }
}

/// The text form of a file.
pub fn text_of(file: &[u8]) -> String {
    let mut text = String::new();
    let Ok(()) = trace_format::file_to_text(file, |piece| {
        text.push_str(piece);
        Ok::<(), std::convert::Infallible>(())
    });
    text
}

/// Reads a trace in all ways there are, and checks that they agree.
pub fn read(trace: &Trace) {
    let recording = trace.load().expect("memory can be read");
    let alone = trace.analyze_with(Workers::new(1)).expect("memory can be read");
    let violations = trace.validate().expect("memory can be read");

    // Threads take more time than all the rest.
    if alone.events.is_multiple_of(4) {
        let together =
            trace.analyze_with(Workers::new(2).pieces_of(64)).expect("memory can be read");
        // In words, since doubles are not always equal to themselves.
        assert_eq!(format!("{alone:?}"), format!("{together:?}"));
    }
    let loaded: u64 = recording.threads.iter().map(|thread| thread.events).sum();
    assert_eq!(alone.events, loaded);
    assert_eq!(alone.problems.total(), recording.problems.total());
    assert!(violations.total() >= alone.problems.total());
    let told = violations.iter().chain(alone.problems.iter());
    told.for_each(|problem| assert_ne!(trace.describe(problem), ""));

    let selection = trace_reader::Selection::Slowest { count: 3, task_type: None };
    let excerpt = trace.excerpt(&selection, 10).expect("memory can be read");
    assert!(excerpt.chosen.len() as u64 <= excerpt.candidates.min(3));
    recover(trace, alone.events);
}

/// Recovers a trace, and checks that what comes of it is sound and has as many events.
fn recover(trace: &Trace, events: u64) {
    let mut bytes = Vec::new();
    let recovered = trace.recover(&mut bytes).expect("memory can be read and written");
    assert_eq!(recovered.bytes, bytes.len() as u64);
    let again = match Trace::from_bytes(bytes.clone()) {
        Ok(again) => again,
        Err(error) => panic!("what was recovered cannot be read: {error}"),
    };
    let violations = again.validate().expect("memory can be read");
    // Of blocks, nothing is wrong any more; what is wrong inside of them is.
    let of_blocks = |problem: &&Problem| {
        matches!(
            problem,
            Problem::NoMagic
                | Problem::Damaged { .. }
                | Problem::EndsInsideBlock { .. }
                | Problem::NotStopped { .. }
                | Problem::BlockOutOfSequence { .. }
                | Problem::SurplusBlock { .. }
                | Problem::DuplicateChunk { .. }
                | Problem::SummaryNotLast { .. }
                | Problem::SummaryDisagrees { .. }
        )
    };
    if let Some(problem) = violations.iter().find(of_blocks) {
        panic!("what was recovered is not sound: {}", again.describe(problem));
    }
    assert_eq!(again.analyze_with(Workers::new(1)).expect("memory can be read").events, events);
    assert_eq!(again.end(), trace.end());
    assert_eq!(again.header(), trace.header());
    let mut twice = Vec::new();
    let recovered = again.recover(&mut twice).expect("memory can be read and written");
    assert!(bytes == twice && recovered.left_out == 0, "recovered once more: {recovered:?}");
}

/// Opens a trace; `None` when the reader says, with reason, that there is none.
pub fn opened(result: Result<Trace, Error>) -> Option<Trace> {
    match result {
        Ok(trace) => Some(trace),
        Err(Error::Empty | Error::NotATrace { .. } | Error::NewerVersion { .. }) => None,
        Err(other) => panic!("memory can be read: {other}"),
    }
}
