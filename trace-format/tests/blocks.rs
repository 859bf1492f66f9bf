//! Blocks: their heads, and how they are found again behind damage.

use std::time::{Duration, Instant};

use trace_format::{
    BLOCK_HEAD_LEN, BlockHead, BlockType, MARKER, MAX_PAYLOAD_LEN, Stretch, Stretches, put_block,
};

fn blocks(payloads: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    for (i, payload) in payloads.iter().enumerate() {
        put_block(&mut file, BlockType::Chunk, i as u32, payload);
    }
    file
}

/// What a walk finds: `Ok` and the payload of a block, `Err` and the length of junk.
fn found(file: &[u8]) -> Vec<Result<&[u8], usize>> {
    let mut end = 0;
    let found = Stretches::new(file, 0).map(|stretch| match stretch {
        Stretch::Block { offset, payload, .. } => {
            assert_eq!(offset, end);
            end = offset + BLOCK_HEAD_LEN + payload.len();
            Ok(payload)
        }
        Stretch::Junk { offset, bytes, .. } => {
            assert_eq!(offset, end);
            end = offset + bytes.len();
            Err(bytes.len())
        }
    });
    let found = found.collect();
    assert_eq!(end, file.len(), "stretches cover the file");
    found
}

#[trace::test]
fn the_bytes_of_a_head() {
    let head = BlockHead::of(BlockType::Chunk, 0x0102, b"123456789");
    assert_eq!(head.checksum, 0xcbf4_3926, "the check value of CRC-32");
    let bytes = head.to_bytes();
    assert_eq!(bytes[..4], MARKER);
    assert_eq!(bytes[4..20], [3, 0, 0, 0, 9, 0, 0, 0, 2, 1, 0, 0, 0x26, 0x39, 0xf4, 0xcb]);
    assert_eq!(bytes[20..], crc32fast::hash(&bytes[..20]).to_le_bytes());
    assert_eq!(BlockHead::from_bytes(&bytes), Some(head));
}

/// Bytes with a right check behind them.
fn checked(mut bytes: [u8; BLOCK_HEAD_LEN]) -> [u8; BLOCK_HEAD_LEN] {
    let check = crc32fast::hash(&bytes[..20]);
    bytes[20..].copy_from_slice(&check.to_le_bytes());
    bytes
}

#[trace::test]
fn a_head_with_any_byte_changed_is_none() {
    let bytes = BlockHead::of(BlockType::Chunk, 1, b"milk").to_bytes();
    for i in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes;
            damaged[i] ^= 1 << bit;
            assert_eq!(BlockHead::from_bytes(&damaged), None);
        }
    }
}

#[trace::test]
fn a_head_with_a_right_check_is_none_when_a_field_cannot_be() {
    let bytes = BlockHead::of(BlockType::Chunk, 1, b"").to_bytes();
    for (at, byte) in [(0, 0xb0), (4, 0), (4, 7), (5, 1), (6, 1), (7, 1), (11, 4)] {
        let mut wrong = bytes;
        wrong[at] = byte;
        if at == 11 {
            wrong[8] = 1; // 2^26 + 1
        }
        assert_eq!(BlockHead::from_bytes(&checked(wrong)), None, "byte {at} = {byte}");
    }
}

#[trace::test]
#[should_panic(expected = "a payload of 67108865 bytes")]
fn a_payload_that_is_too_long_is_not_written() {
    BlockHead::of(BlockType::Chunk, 0, &vec![0; MAX_PAYLOAD_LEN + 1]);
}

#[trace::test]
fn blocks_one_behind_the_other() {
    assert_eq!(found(&[]), []);
    assert_eq!(found(&blocks(&[b"a", b"", b"bc"])), [Ok(&b"a"[..]), Ok(b""), Ok(b"bc")]);
}

#[trace::test]
fn an_offset_behind_the_end_finds_nothing() {
    assert_eq!(Stretches::new(b"milk", 5).next(), None);
}

#[trace::test]
fn a_damaged_head_costs_one_block() {
    let mut file = blocks(&[b"a", b"bc", b"d"]);
    file[25 + 9] ^= 1;
    assert_eq!(found(&file), [Ok(&b"a"[..]), Err(26), Ok(b"d")]);
}

#[trace::test]
fn a_damaged_payload_costs_one_block_and_keeps_its_head() {
    let mut file = blocks(&[b"a", b"bc", b"d"]);
    file[25 + 24] ^= 1;
    assert_eq!(found(&file), [Ok(&b"a"[..]), Err(26), Ok(b"d")]);
    let Some(Stretch::Junk { head: Some(head), .. }) = Stretches::new(&file, 25).next() else {
        panic!("the head is sound")
    };
    assert_eq!((head.sequence, head.len), (1, 2));
}

#[trace::test]
fn bytes_that_went_missing_cost_one_block() {
    let mut file = blocks(&[&[1; 300], &[2; 100], b"c", &[4; 500]]);
    file.drain(100..200);
    assert_eq!(found(&file), [Err(224), Ok(&[2; 100][..]), Ok(b"c"), Ok(&[4; 500])]);
}

#[trace::test]
fn bytes_that_came_between_cost_no_block() {
    let mut file = blocks(&[b"a", b"b"]);
    file.splice(25..25, [MARKER[0]; 10]);
    assert_eq!(found(&file), [Ok(&b"a"[..]), Err(10), Ok(b"b")]);
}

#[trace::test]
fn an_unfinished_block_is_junk_with_a_head() {
    let file = blocks(&[b"a", b"bc"]);
    let stretches: Vec<_> = Stretches::new(&file[..file.len() - 1], 0).collect();
    assert!(matches!(stretches[1], Stretch::Junk { offset: 25, head: Some(_), .. }));
    assert_eq!(stretches.len(), 2);
}

#[trace::test]
fn a_block_in_a_damaged_payload_is_found() {
    let inner = blocks(&[b"a", &[7; 1000], b"c"]);
    let mut file = blocks(&[&inner, b"d"]);
    *file.last_mut().unwrap() ^= 1;
    file[16] ^= 1; // the checksum of the outer one's payload …
    let head = checked(file[..24].try_into().unwrap());
    file[..24].copy_from_slice(&head); // … in a head that is sound
    assert_eq!(found(&file), [Err(24), Ok(&b"a"[..]), Ok(&[7; 1000]), Ok(b"c"), Err(25)]);
}

/// Whoever reads each payload as it comes reads some 2^40 bytes here, which takes minutes.
#[trace::test]
fn a_file_full_of_heads_that_lie_takes_linear_time() {
    let count = 1 << 18;
    let mut file = Vec::new();
    for i in 0..count {
        let len = (count - i - 1) * BLOCK_HEAD_LEN as u32;
        let head = BlockHead { block_type: BlockType::Chunk, len, sequence: i, checksum: 7 };
        file.extend(head.to_bytes());
    }
    let sound = blocks(&[b"milk"]);
    file.extend(&sound);
    let start = Instant::now();
    let found = found(&file);
    assert_eq!(found.len(), count as usize + 1);
    assert_eq!(found.last(), Some(&Ok(&b"milk"[..])));
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}
