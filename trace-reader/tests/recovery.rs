//! What is recovered of a damaged trace: what fuzzing found, and what stays of each part.

mod telling;

use telling::violations;
use trace_format::{BlockType, MAGIC, Stretch, Stretches, put_block};
use trace_reader::{Recovered, Trace};

fn recover(trace: &Trace) -> (Recovered, Trace) {
    let mut bytes = Vec::new();
    let recovered = trace.recover(&mut bytes).unwrap();
    assert_eq!(recovered.bytes, bytes.len() as u64);
    (recovered, Trace::from_bytes(bytes).unwrap())
}

/// The blocks of a golden trace, and before them one with this payload.
fn behind(block_type: BlockType, payload: &[u8]) -> Trace {
    let mut bytes = MAGIC.to_vec();
    put_block(&mut bytes, block_type, 0, payload);
    let whole = telling::golden("an_order_on_two_threads");
    for (sequence, stretch) in (1..).zip(Stretches::new(&whole, MAGIC.len())) {
        let Stretch::Block { head, payload, .. } = stretch else { panic!("it is faultless") };
        put_block(&mut bytes, head.block_type, sequence, payload);
    }
    Trace::from_bytes(bytes).unwrap()
}

#[trace::test]
fn the_header_that_can_be_read_is_kept() {
    let trace = behind(BlockType::Header, &[1, 2, 3]);
    assert_eq!(trace.header().unwrap().program, "cafe");
    let (recovered, again) = recover(&trace);
    assert_eq!(again.header(), trace.header());
    assert_eq!(violations(&again), [""; 0]);
    assert_eq!(recovered.left_out, 24 + 3);
}
