//! The validator: one mistake in a faultless trace, and what is said of it.

mod telling;

use telling::{open_text, violations};

/// A faultless trace; tests change a line of it.
const FAULTLESS: &str = r#"runtime-trace 1
block header
  Header version=1 session=7 clock=monotonic ticks_per_second=0 wall_ns=0 pid=1 program="" command_line="" host="" build_id="" pool_path="" pool_bytes=0 chunk_bytes=0 overflow=drop beginning=start
block anchors
  Anchor ticks=1000 monotonic_ns=1000 wall_ns=0
block callsites
  Callsite id=1 kind=region name="brew" file="" line=0 module="" keys=["cup"]
  Callsite id=2 kind=task name="order" file="" line=0 module="" keys=[]
  Callsite id=3 kind=argument name="sugar" file="" line=0 module="" keys=[]
block chunk
  ChunkHead thread=1 sequence=0 base=1000 os_thread=0 thread_name="" task=0 depth=0 open=[]
  +0 TaskBegin callsite=2 task=1 parent=0
  +10 RegionBegin callsite=1
  +0 RegionArgs values=[true]
  +10 RegionArg key=3 outward=0 value=true
block chunk
  ChunkHead thread=1 sequence=1 base=1100 os_thread=0 thread_name="" task=0 depth=1 open=[OpenRegion callsite=1 age=90 task=0 outer=none fiber=0]
  +10 WholeRegionEnd callsite=1 age=100 task=0 inner=0
  +10 TaskEnd callsite=2 task=1 parent=0 age=120
block losses
  LossRecord thread=1 cause=reentrant count=2 from=1000 to=1100
block anchors
  Anchor ticks=2000 monotonic_ns=2000 wall_ns=1000
block summary
  Summary end=2000 chunks=2 lost=2
"#;

#[trace::test]
fn a_faultless_trace() {
    assert_eq!(violations(&open_text(FAULTLESS)), [""; 0]);
}

#[track_caller]
fn with(from: &str, to: &str, expected: &[&str]) {
    assert_eq!(FAULTLESS.matches(from).count(), 1, "{from} occurs once");
    let trace = open_text(&FAULTLESS.replace(from, to));
    assert_eq!(violations(&trace), expected);
}

#[trace::test]
fn junk_between_blocks() {
    with(
        "block losses\n",
        "junk 00112233\nblock losses\n",
        &["4 bytes at offset 279 are damaged, a block or more"],
    );
}

#[trace::test]
fn no_header() {
    let (start, end) =
        (FAULTLESS.find("block header").unwrap(), FAULTLESS.find("block anchors").unwrap());
    with(
        &FAULTLESS[start..end],
        "",
        &[
            "expected a header, found none; what program this is and how fast its clock runs has to be guessed",
        ],
    );
}

#[trace::test]
fn the_header_is_not_the_first_block() {
    let (start, end) =
        (FAULTLESS.find("block header").unwrap(), FAULTLESS.find("block anchors").unwrap());
    let header = &FAULTLESS[start..end];
    let without = FAULTLESS.replace(header, "");
    let moved = without.replace("block losses", &format!("{header}block losses"));
    assert_eq!(
        violations(&open_text(&moved)),
        ["expected the header as the first block, found it at offset 233"]
    );
    let doubled = FAULTLESS.replace("block losses", &format!("{header}block losses"));
    assert_eq!(
        violations(&open_text(&doubled)),
        [
            "a second header block at offset 279 is ignored",
            "expected the header as the first block, found it at offset 279"
        ]
    );
}

#[trace::test]
fn no_summary() {
    with(
        "block summary\n  Summary end=2000 chunks=2 lost=2\n",
        "",
        &["the program did not stop the trace: it died, or still runs"],
    );
}

#[trace::test]
fn the_summary_is_not_the_last_block() {
    let (at, end) = (FAULTLESS.rfind("block anchors").unwrap(), FAULTLESS.len());
    let summary = "block summary\n  Summary end=2000 chunks=2 lost=2\n";
    let anchor = &FAULTLESS[at..end - summary.len()];
    let text = format!("{}{summary}{anchor}", &FAULTLESS[..at]);
    assert_eq!(
        violations(&open_text(&text)),
        ["expected the summary at offset 322 at the very end"]
    );
}

#[trace::test]
fn the_summary_counts_something_else() {
    with(
        "chunks=2 lost=2",
        "chunks=3 lost=5",
        &[
            "the summary at offset 358 counts 3 chunks, but there are 2",
            "the summary at offset 358 counts 5 lost events, but there are 2",
        ],
    );
}

#[trace::test]
fn a_block_out_of_sequence() {
    with(
        "block losses\n",
        "sequence 8\nblock losses\n",
        &["expected block 5 at offset 279, found block 8"],
    );
}

#[trace::test]
fn a_payload_that_is_longer_than_its_record() {
    with(
        "block losses\n",
        "raw losses\n  hex 0102000000000000000000000000000000000000ff\nblock losses\n",
        &["a losses block cannot be read: LossRecord.cause at 323 cannot be 255"],
    );
    let header = FAULTLESS.find("block anchors").unwrap();
    let bytes = trace_format::text_to_file(&FAULTLESS[..header]).unwrap();
    let hex: String = bytes[16 + 24..].iter().map(|byte| format!("{byte:02x}")).collect();
    let start = FAULTLESS.find("block header").unwrap();
    with(
        &FAULTLESS[start..header],
        &format!("raw header\n  hex {hex}00\n"),
        &["a header block cannot be read: expected the end of a header at 62, found more bytes"],
    );
}

#[trace::test]
fn a_callsite_that_is_described_nowhere() {
    with("key=3", "key=9", &["thread 1 uses callsite 9 at offset 214, which is described nowhere"]);
}

#[trace::test]
fn a_callsite_that_is_described_too_late() {
    let line =
        "  Callsite id=3 kind=argument name=\"sugar\" file=\"\" line=0 module=\"\" keys=[]\n";
    let without = FAULTLESS.replace(line, "");
    let moved = without.replace("block losses", &format!("block callsites\n{line}block losses"));
    assert_eq!(
        violations(&open_text(&moved)),
        ["\"sugar\" is used at offset 201, before it is described"]
    );
}

#[trace::test]
fn a_callsite_that_is_described_twice() {
    let line =
        "  Callsite id=3 kind=argument name=\"sugar\" file=\"\" line=0 module=\"\" keys=[]\n";
    with(line, &format!("{line}{line}"), &[]);
    let other = line.replace("sugar", "milk");
    with(
        line,
        &format!("{line}{other}"),
        &["\"sugar\" is described again, differently, in the block at offset 97"],
    );
}

#[trace::test]
fn a_callsite_of_another_kind() {
    with(
        "key=3",
        "key=2",
        &[
            "expected a callsite of the kind argument at offset 214, found \"order\" of the kind task",
        ],
    );
}

#[trace::test]
fn another_number_of_arguments_than_keys() {
    with(
        "values=[true]",
        "values=[]",
        &["expected 1 arguments of \"brew\" at offset 211, found 0"],
    );
}

#[trace::test]
fn arguments_of_nothing() {
    with(
        "+10 RegionBegin callsite=1\n  +0 RegionArgs",
        "+10 RegionBegin callsite=1\n  +0 TaskEnter task=0\n  +0 RegionArgs",
        &["on thread 1 at 10 ns, offset 213, arguments belong to nothing that is open"],
    );
    with(
        "outward=0",
        "outward=4",
        &["on thread 1 at 20 ns, offset 214, arguments belong to nothing that is open"],
    );
}

#[trace::test]
fn a_region_end_with_nothing_open() {
    with(
        "  +10 TaskEnd",
        "  +10 RegionEnd\n  +0 TaskEnd",
        &["on thread 1 at 120 ns, offset 272, a region ended while none was open"],
    );
}

#[trace::test]
fn a_region_end_of_a_begin_in_an_earlier_chunk() {
    with(
        "WholeRegionEnd callsite=1 age=100 task=0 inner=0",
        "RegionEnd",
        &["expected WholeRegionEnd of thread 1 at offset 265, since the region began in an \
             earlier chunk, found RegionEnd"],
    );
}

#[trace::test]
fn an_end_that_contradicts_its_begin() {
    for (from, to) in
        [("age=100", "age=99"), ("callsite=1 age=100 task=0", "callsite=1 age=100 task=5")]
    {
        with(
            from,
            to,
            &[
                "on thread 1 at 110 ns, offset 265, the end of region \"brew\" contradicts its begin",
            ],
        );
    }
}

#[trace::test]
fn an_end_of_a_region_that_is_not_there() {
    with(
        "  +10 TaskEnd",
        "  +5 WholeRegionEnd callsite=1 age=5 task=0 inner=3\n  +5 TaskEnd",
        &["expected at most 0 open regions of thread 1 at offset 272, found the number 3"],
    );
}

#[trace::test]
fn a_head_that_contradicts_the_chunk_before() {
    for (from, to) in [
        ("task=0 depth=1", "task=8 depth=1"),
        ("depth=1", "depth=2"),
        ("age=90 task=0 outer=none", "age=90 task=0 outer=3"),
    ] {
        with(
            from,
            to,
            &["the chunk of thread 1 at 100 ns, offset 220, begins in another state than the \
                 chunk before it ended in"],
        );
    }
}

#[trace::test]
fn a_clock_event_that_is_not_needed() {
    with(
        "  +10 TaskEnd",
        "  +0 Clock ticks=1115\n  +5 TaskEnd",
        &["expected a delta of thread 1 at offset 272, found Clock, which is for what a delta \
             cannot tell"],
    );
}

#[trace::test]
fn a_clock_that_steps_back() {
    with(
        "  +10 TaskEnd callsite=2 task=1 parent=0 age=120",
        "  +0 Clock ticks=1100\n  +0 TaskEnd callsite=2 task=1 parent=0 age=100",
        &["the clock of thread 1 stepped back at 110 ns, offset 281; 1 events are shown later \
             than they say"],
    );
}

#[trace::test]
fn an_anchor_that_steps_back() {
    with(
        "ticks=2000 monotonic_ns=2000",
        "ticks=900 monotonic_ns=2000",
        &["a clock anchor in the block at offset 322 precedes an earlier one"],
    );
}

#[trace::test]
fn numbers_that_are_reserved() {
    with(
        "id=2 kind=task",
        "id=0 kind=task",
        &[
            "expected a number above 0 of the callsite at offset 97, found 0",
            "thread 1 uses callsite 2 at offset 202, which is described nowhere",
        ],
    );
}

#[trace::test]
fn a_chunk_behind_a_later_one() {
    let first = FAULTLESS.find("block chunk").unwrap();
    let second = FAULTLESS.rfind("block chunk").unwrap();
    let end = FAULTLESS.find("block losses").unwrap();
    let text = [
        &FAULTLESS[..first],
        &FAULTLESS[second..end],
        &FAULTLESS[first..second],
        &FAULTLESS[end..],
    ]
    .concat();
    assert_eq!(
        violations(&open_text(&text)),
        ["chunk 0 of thread 1 at offset 222 stands behind a later one"]
    );
}

#[trace::test]
fn a_chunk_that_is_missing() {
    with(
        "sequence=1",
        "sequence=3",
        &["2 chunks of thread 1 are missing between 20 ns and 100 ns"],
    );
}

#[trace::test]
fn tasks_that_begin_or_end_twice_or_never_began() {
    with(
        "  +10 RegionBegin",
        "  +0 TaskBegin callsite=2 task=1 parent=0\n  +10 RegionBegin",
        &["on thread 1 at 0 ns, offset 207, task 1 \"order\" began a second time"],
    );
    with(
        "  +10 TaskEnd",
        "  +10 TaskEnd callsite=2 task=1 parent=0 age=120\n  +0 TaskEnd",
        &["on thread 1 at 120 ns, offset 279, task 1 \"order\" ended a second time"],
    );
    // Something was lost, and it may have been the begin.
    with("TaskBegin callsite=2 task=1", "TaskBegin callsite=2 task=2", &[]);
}

#[trace::test]
fn an_event_that_is_malformed() {
    let (start, end) = (FAULTLESS.find("block losses").unwrap(), FAULTLESS.len());
    let bytes = trace_format::text_to_file(FAULTLESS).unwrap();
    // Behind the last event of the second chunk: a kind that does not exist.
    let chunk = trace_format::Stretches::new(&bytes, 16).filter_map(|stretch| match stretch {
        trace_format::Stretch::Block { head, payload, .. }
            if head.block_type == trace_format::BlockType::Chunk =>
        {
            Some(payload.to_vec())
        }
        _ => None,
    });
    let mut payload = chunk.last().unwrap();
    payload.extend_from_slice(&[31 << 3, 1, 2]);
    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    let second = FAULTLESS.rfind("block chunk").unwrap();
    let text =
        format!("{}raw chunk\n  hex {hex}\n{}", &FAULTLESS[..second], &FAULTLESS[start..end]);
    assert_eq!(
        violations(&open_text(&text)),
        ["3 bytes of thread 1 are skipped: expected an event at 279, found the unknown kind 31",]
    );
}
