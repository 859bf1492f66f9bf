//! The text form of any bytes gives back these bytes, and any text of the form gives a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace_format::text_to_file;

fuzz_target!(|input: &[u8]| {
    same(input);
    let Ok(text) = std::str::from_utf8(input) else { return };
    match text_to_file(text) {
        Ok(file) => same(&file),
        Err(error) => assert_ne!(error.to_string(), ""),
    }
});

fn same(file: &[u8]) {
    let text = fuzz::text_of(file);
    match text_to_file(&text) {
        Ok(again) => assert!(again == file, "{text}"),
        Err(error) => panic!("{error}: {text}"),
    }
}
