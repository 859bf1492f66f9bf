//! A recorded trace, cut at every byte and changed in every byte: it can be read, and says what is
//! missing.

use trace_reader::{Error, Trace};

/// Regions, tasks and logs from two threads, in chunks of their own.
fn recorded() -> Vec<u8> {
    let ((), bytes) = trace::capture(|| {
        let task = trace::trace_task!("order", id = 7);
        let ctx = task.context();
        std::thread::scope(|scope| {
            scope.spawn(move || ctx.run(|| trace::trace_log!("milk", "oat")));
        });
        trace::trace_log!("order", "for here");
        let _region = trace::trace_region!("mix", text = "äöü");
        trace::trace_counter!("cups", 3);
    });
    bytes
}

/// How many logs can be read of these bytes; their text must be intact.
fn logs(bytes: Vec<u8>) -> Result<usize, Error> {
    let recording = Trace::from_bytes(bytes)?.load()?;
    for log in &recording.logs {
        assert!(["oat", "for here"].contains(&&*log.message.to_str()));
    }
    Ok(recording.logs.len())
}

#[test]
fn every_truncation() {
    let whole = recorded();
    assert_eq!(logs(whole.clone()).unwrap(), 2);
    let mut readable = 0;
    for len in 0..whole.len() {
        match Trace::from_bytes(whole[..len].to_vec()) {
            Ok(trace) => {
                assert!(!trace.problems().is_empty(), "{len} bytes are not the whole trace");
                readable = readable.max(logs(whole[..len].to_vec()).unwrap());
            }
            Err(Error::Empty) => assert_eq!(len, 0),
            Err(error) => {
                assert!(len < 64, "{len} of {} bytes: {error}", whole.len());
            }
        }
    }
    assert_eq!(readable, 2, "only the end is missing");
}

#[test]
fn every_changed_byte() {
    let whole = recorded();
    for at in 0..whole.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            let trace = match Trace::from_bytes(bytes.clone()) {
                Ok(trace) => trace,
                // Another version, or another kind of file.
                Err(error) => {
                    assert!(at < 16, "byte {at}: {error}");
                    continue;
                }
            };
            let violations = trace.validate().unwrap();
            assert!(!violations.is_empty(), "byte {at} ^ {change:#x} must be noticed");
            assert!(logs(bytes).unwrap() >= 1, "one block is damaged, not both chunks");
        }
    }
}

#[test]
fn the_text_form_gives_back_the_same_bytes() {
    let whole = recorded();
    let mut text = String::new();
    let Ok(()) = trace_format::file_to_text(&whole, |piece| {
        text.push_str(piece);
        Ok::<(), std::convert::Infallible>(())
    });
    assert_eq!(trace_format::text_to_file(&text).unwrap(), whole);
}
