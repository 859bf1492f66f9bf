//! What decodes is encoded to the same bytes.
//!
//! The first byte of the input chooses what the others are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trace_format::text::{Scan, Spelled};
use trace_format::wire::{Bounded, Cursor, Field};
use trace_format::{
    Anchor, BlockHead, Callsite, ChunkHead, Header, LossRecord, PoolControl, PoolHead, Stretch,
    Stretches, Summary, Timed, Value, Values,
};

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    match choice % 12 {
        0 => events(bytes),
        1 => records::<Header<'_>>(bytes),
        2 => records::<Callsite<'_>>(bytes),
        3 => chunk(bytes),
        4 => records::<Anchor>(bytes),
        5 => records::<LossRecord>(bytes),
        6 => records::<Summary>(bytes),
        7 => records::<Value<'_>>(bytes),
        8 => values(bytes),
        9 => heads(bytes),
        10 => stretches(bytes),
        _ => {
            let mut file = bytes.to_vec();
            fuzz::mend(&mut file);
            stretches(&file);
        }
    }
});

fn chunk(bytes: &[u8]) {
    let mut input = Cursor::new(bytes);
    if ChunkHead::decode(&mut input, "a head").is_ok() {
        records::<ChunkHead<'_>>(&bytes[..input.position()]);
        events(&bytes[input.position()..]);
    }
}

fn events(bytes: &[u8]) {
    let mut input = Cursor::new(bytes);
    let mut start = 0;
    while let Ok(timed) = Timed::decode(&mut input) {
        let event = &bytes[start..input.position()];
        let mut again = Vec::new();
        timed.encode(&mut again);
        assert_eq!(event, again);
        let mut text = String::new();
        timed.print(&mut text);
        let spelled = Timed::parse(&mut Scan::new(&text, 1)).expect("it was printed");
        assert_eq!(spelled, timed, "{text}");
        start = input.position();
    }
}

fn records<'a, T: Field<'a> + Spelled + PartialEq + std::fmt::Debug>(bytes: &'a [u8]) {
    let mut input = Cursor::new(bytes);
    let mut start = 0;
    while let Ok(record) = T::decode(&mut input, T::SHAPE) {
        let encoded = &bytes[start..input.position()];
        let mut again = Vec::new();
        record.encode(&mut again);
        assert_eq!(encoded, again);
        // Into memory that is just large enough, and into less.
        let mut room = vec![0; encoded.len()];
        let mut bounded = Bounded::new(&mut room);
        record.encode(&mut bounded);
        assert_eq!(bounded.len(), Some(encoded.len()));
        assert_eq!(room, encoded);
        let mut bounded = Bounded::new(&mut room[1..]);
        record.encode(&mut bounded);
        assert_eq!(bounded.len(), None);
        let mut text = String::new();
        record.print(&mut text);
        let spelled = T::parse(&mut Scan::new(&text, 1)).expect("it was printed");
        assert_eq!(spelled, record, "{text}");
        start = input.position();
    }
}

/// A list that is gone through is the one that was decoded.
fn values(bytes: &[u8]) {
    let mut input = Cursor::new(bytes);
    let Ok(values) = Values::decode(&mut input, "values") else { return };
    let list: Vec<Value<'_>> = values.iter().collect();
    let again = Values::new(list.into_iter());
    assert_eq!(again, values);
    let mut encoded = Vec::new();
    again.encode(&mut encoded);
    assert_eq!(encoded, bytes[..input.position()]);
}

fn heads(bytes: &[u8]) {
    if let Some(head) = bytes.first_chunk().and_then(BlockHead::from_bytes) {
        assert!(bytes.starts_with(&head.to_bytes()));
    }
    if let Some(head) = bytes.first_chunk().and_then(PoolHead::from_bytes) {
        assert!(bytes.starts_with(&head.to_bytes()));
        assert!(head.payload_capacity() <= head.chunk_bytes);
        if let Some(last) = head.chunk_count.checked_sub(1) {
            let end = head.payload_offset(last) + u64::from(head.payload_capacity());
            assert!(end <= head.tables_offset);
            assert!(head.control_offset(last) < head.chunks_offset);
        }
    }
    if let Some(control) = bytes.first_chunk().map(PoolControl::from_bytes) {
        assert_eq!(PoolControl::from_bytes(&control.to_bytes()), control);
    }
}

/// Stretches are the bytes, one behind the other, and no sound block is junk.
fn stretches(bytes: &[u8]) {
    let mut end = 0;
    for stretch in Stretches::new(bytes, 0) {
        match stretch {
            Stretch::Block { offset, head, payload } => {
                assert_eq!(offset, end);
                assert!(head.matches(payload));
                let head = head.to_bytes();
                assert_eq!(bytes[offset..][..head.len()], head);
                end = offset + head.len() + payload.len();
                assert_eq!(&bytes[offset + head.len()..end], payload);
            }
            Stretch::Junk { offset, bytes: junk, .. } => {
                assert_eq!(offset, end);
                assert!(!junk.is_empty());
                end = offset + junk.len();
                assert_eq!(&bytes[offset..end], junk);
            }
        }
    }
    assert_eq!(end, bytes.len());
}
