//! `cargo trace report`.

mod golden;

use golden::Trace;
use serde_json::json;

#[trace::test]
fn a_busy_morning() {
    Trace::of("busy_morning").run(&["report", "t.trace"]).is("busy_morning.report");
}

#[trace::test]
fn loss_is_big_and_every_number_that_it_touches_is_marked() {
    Trace::of("cappuccino").run(&["report", "t.trace"]).is("cappuccino.report");
}

#[trace::test]
fn violations_are_told_and_the_rest_is_read() {
    Trace::of("violations").run(&["report", "t.trace"]).is("violations.report");
}

#[trace::test]
fn hostile_names_are_spelled_out() {
    Trace::of("hostile").run(&["report", "t.trace"]).is("hostile.report");
}

#[trace::test]
fn every_width_is_kept() {
    golden::widths::are_kept_by("report");
    let narrow = Trace::of("busy_morning").run_with(60, &["report", "t.trace"]);
    narrow.is("busy_morning.report_60");
}

#[trace::test]
fn json_says_what_the_text_says() {
    let trace = Trace::of("cappuccino");
    let report = trace.run(&["report", "t.trace", "--json"]).is_harmless().json();
    let text = trace.run(&["report", "t.trace"]);
    assert_eq!(report["program"], "/usr/bin/cappuccino");
    assert_eq!(report["pid"], 4711);
    assert_eq!(report["duration_ns"], 20_000_000);
    assert_eq!(report["start_wall_ns"], 1_795_466_547_123_456_000_u64);
    assert_eq!(report["stopped"], true);
    assert_eq!(report["loss"]["events"], 312);
    let task = &report["tasks"][0];
    assert_eq!(task["name"], "makeCappuccino");
    assert_eq!(task["count"], 3);
    assert_eq!(task["total_ns"], 15_000_000);
    assert_eq!(task["max_ns"], 8_000_000);
    assert_eq!(task["open"], 1);
    assert!(text.stdout().contains("≥15.0 ms"));
    let counted: u64 = task["histogram"]
        .as_array()
        .expect("buckets")
        .iter()
        .map(|bucket| bucket["count"].as_u64().expect("a count"))
        .sum();
    assert_eq!(counted, 3);
    let heat = report["regions"].as_array().expect("rows").iter().find(|row| row["name"] == "heat");
    assert_eq!(heat.expect("heat is there")["count"], 3);
    assert_eq!(report["counters"][0]["name"], "queue depth");
    assert_eq!(report["counters"][0]["max"], json!(2.0));
}

#[trace::test]
fn rows_are_sorted_and_limited_as_wanted() {
    let trace = Trace::of("busy_morning");
    let names = |args: &[&str]| -> Vec<String> {
        let report = trace.run(&[&["report", "t.trace", "--json"], args].concat()).json();
        let rows = report["regions"].as_array().expect("rows").clone();
        rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&[]), ["steamMilk", "heat"]);
    assert_eq!(names(&["--sort", "name"]), ["heat", "steamMilk"]);
    assert_eq!(names(&["--sort", "p99", "--limit", "1"]), ["steamMilk"]);
    let text = trace.run(&["report", "t.trace", "--limit", "1"]);
    assert!(text.stdout().contains("… and 1 more (--limit)"));
}

#[trace::test]
fn colours_are_there_when_they_are_wanted() {
    let trace = Trace::of("cappuccino");
    let colored = trace.run_with(100, &["--color", "always", "report", "t.trace"]);
    assert!(colored.stdout().contains("\x1b[1m"));
    let plain = trace.run_with(100, &["report", "t.trace"]);
    let stripped = anstream::adapter::strip_str(colored.stdout()).to_string();
    assert_eq!(stripped, plain.stdout());
}

#[trace::test]
fn the_library_gives_the_same_answer() {
    let trace = trace_reader::Trace::from_bytes(golden::bytes("busy_morning")).expect("a trace");
    let mut report = trace_tool::Report::of(&trace).expect("a report");
    report.sort(Default::default());
    let run = Trace::of("busy_morning").run(&["report", "t.trace"]);
    assert_eq!(report.to_string(), run.stdout());
}

#[trace::test]
fn a_damaged_chunk_is_a_loss() {
    let mut bytes = golden::bytes("busy_morning");
    let whole = Trace::of_bytes(&bytes).run(&["report", "t.trace", "--json"]).json();
    assert_eq!(whole["loss"]["damaged"], 0);
    let chunk =
        trace_format::Stretches::new(&bytes, trace_format::MAGIC.len()).find_map(|stretch| {
            match stretch {
                trace_format::Stretch::Block { offset, head, .. }
                    if head.block_type == trace_format::BlockType::Chunk =>
                {
                    Some(offset)
                }
                _ => None,
            }
        });
    bytes[chunk.unwrap() + trace_format::BLOCK_HEAD_LEN] ^= 1;
    let damaged = Trace::of_bytes(&bytes);
    assert_eq!(damaged.run(&["report", "t.trace", "--json"]).json()["loss"]["damaged"], 1);
    let report = damaged.run(&["report", "t.trace"]);
    assert!(report.stdout().contains("LOST: events are missing where it is damaged, in 1 place"));
    assert!(report.stdout().contains('≥'), "counts are marked");
}

#[trace::test]
fn names_that_take_no_columns_take_no_time() {
    let khmer = format!("{}{}", "ក".to_owned() + &"្ក".repeat(30_000), "x".repeat(400));
    let mut payload = Vec::new();
    let callsite = trace_format::Callsite {
        id: trace_format::CallsiteId(1),
        kind: trace_format::CallsiteKind::Region,
        name: trace_format::Text::new(&khmer),
        file: trace_format::Text::new("a.rs"),
        line: 1,
        module: trace_format::Text::new("a"),
        keys: Vec::new(),
    };
    trace_format::wire::Field::encode(&callsite, &mut payload);
    let mut bytes = trace_format::MAGIC.to_vec();
    trace_format::put_block(&mut bytes, trace_format::BlockType::Callsites, 0, &payload);
    let chunk = "runtime-trace 1\nblock chunk\n  ChunkHead thread=1 sequence=0 base=5 os_thread=0 \
                 thread_name=\"\" task=0 depth=0 open=[]\n  +1 RegionBegin callsite=1\n  \
                 +5 RegionEnd\n";
    let chunk = trace_format::text_to_file(chunk).unwrap();
    bytes.extend_from_slice(&chunk[trace_format::MAGIC.len()..]);
    let begin = std::time::Instant::now();
    Trace::of_bytes(&bytes).run(&["report", "t.trace"]).is_harmless();
    assert!(begin.elapsed().as_secs() < 5);
}

/// Where the time of futures went, and how they ended.
#[trace::test]
fn futures() {
    let trace = Trace::of("futures");
    trace.run(&["report", "t.trace"]).is("futures.report");
    let report = trace.run(&["report", "t.trace", "--json"]).json();
    let row = |name: &str| {
        let mut rows = report["futures"].as_array().expect("rows").iter();
        rows.find(|row| row["name"] == name).expect("a row")
    };
    let milk = row("steamMilk");
    let times = ["total_ns", "busy_ns", "ready_ns", "idle_ns", "self_ns"].map(|key| &milk[key]);
    assert_eq!(times, [5_121_000, 17_000, 0, 5_104_000, 7_000]);
    let coffee = row("extractCoffee");
    let counts = ["count", "cancelled", "panicked", "began", "polls"].map(|key| &coffee[key]);
    assert_eq!(counts, [1, 1, 0, 2, 1]);
    assert!(
        report["regions"].as_array().expect("rows").iter().all(|row| row["name"] != "steamMilk")
    );
}
