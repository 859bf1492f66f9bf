//! Any trace is exported to every target, and what are JSON documents are some.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use serde::de::IgnoredAny;
use trace_export::{Target, export};
use trace_reader::Trace;

fuzz_target!(|file: &[u8]| {
    let Some(trace) = fuzz::opened(Trace::from_bytes(file.to_vec())) else { return };
    for target in Target::ALL {
        let mut bytes = Vec::new();
        let exported = export(&trace, target, &mut bytes).expect("memory can be read and written");
        assert_eq!(exported.bytes, bytes.len() as u64, "{target}");
        if matches!(target, Target::Chrome | Target::Speedscope) {
            let json: Result<IgnoredAny, _> = serde_json::from_slice(&bytes);
            assert!(json.is_ok(), "{target}: {json:?}");
        }
        if target == Target::Collapsed {
            let text = std::str::from_utf8(&bytes).expect("stacks are text");
            let is_stack = |line: &str| {
                line.rsplit_once(' ').is_some_and(|(_, ns)| ns.parse::<u128>().is_ok())
            };
            assert!(text.lines().all(is_stack), "{text}");
        }
    }
});

// As in `reader`: most changes leave the checksums right.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    if !seed.is_multiple_of(8) {
        fuzz::mend(&mut data[..size]);
    }
    size
});
