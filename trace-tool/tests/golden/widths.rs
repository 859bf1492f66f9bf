//! Checks that a command keeps every width, whatever the trace.

use std::fs;
use std::path::Path;

use unicode_width::UnicodeWidthStr;

use super::Trace;

/// From the least width of the tool up.
const WIDTHS: [usize; 9] = [40, 41, 45, 50, 58, 60, 80, 100, 160];

/// Runs `cargo trace COMMAND` at many widths, over every trace in `tests/data` and over one in
/// which everything is too long; no line may be wider than that.
#[track_caller]
pub(crate) fn are_kept_by(command: &str) {
    let names = names();
    assert!(names.len() > 3, "{names:?}");
    let kept = names.iter().map(|name| (name.as_str(), Trace::of(name)));
    for (name, trace) in kept.chain([("endless", endless())]) {
        for columns in WIDTHS {
            let answer = trace.run_with(columns, &[command, "t.trace"]);
            assert_eq!(answer.code(), 0, "{name}: {}", answer.stderr());
            for line in answer.is_harmless().stdout().lines() {
                let width = line.width();
                assert!(width <= columns, "{name}: {width} > {columns}: {line}");
            }
        }
    }
}

/// The traces in `tests/data`.
fn names() -> Vec<String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let files = fs::read_dir(data).expect("the directory is there");
    let paths = files.map(|file| file.expect("a file").path());
    let texts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    texts.map(|path| path.file_stem().expect("a name").to_str().expect("text").to_owned()).collect()
}

/// A trace in which everything is too long: names, values, numbers, times, and how deep it nests.
pub(crate) fn endless() -> Trace {
    const DEPTH: usize = 40;
    /// About 230 years.
    const AGES: u64 = 230 * 365 * 86_400_000_000_000;
    const MOST: u64 = u64::MAX;
    let callsites = [
        ("task", word("brew"), vec![word("bean"), word("cup")]),
        ("task", word("牛奶"), vec![]),
        ("region", word("steam"), vec![word("jug")]),
        ("log", word("till"), vec![]),
        ("counter", word("queue"), vec![]),
        ("region", word("milk"), vec![]),
    ];
    let callsites = callsites.iter().enumerate().map(|(i, (kind, name, keys))| {
        format!(
            "  Callsite id={} kind={kind} name=\"{name}\" file=\"\" line=0 module=\"\" \
             keys={keys:?}\n",
            i + 1,
        )
    });
    let head = |thread: u64, base: u64, name: &str| {
        format!(
            "block chunk\n  ChunkHead thread={thread} sequence=0 base={base} os_thread={MOST} \
             thread_name=\"{name}\" task=0 depth=0 open=[]\n"
        )
    };
    let mut text = format!(
        "runtime-trace 1\nblock header\n  Header version=1 session={MOST} clock=monotonic \
         ticks_per_second=1000000000 wall_ns={AGES} pid=4294967295 program=\"/{program}\" \
         command_line=\"{program} --{program} {program}\" host=\"{host}\" build_id=\"\" \
         pool_path=\"\" pool_bytes={MOST} chunk_bytes=65536 overflow=drop beginning=start\nblock anchors\n  \
         Anchor ticks=1000 monotonic_ns=1000 wall_ns={AGES}\nblock callsites\n",
        program = word("bin"),
        host = word("host"),
    );
    text.extend(callsites);

    text.push_str(&head(1, 1000, &word("thread")));
    text.push_str(&format!(
        "  +1 UnseenTaskEnd callsite=1 task={MOST}\n  \
         +1 TaskBegin callsite=1 task=1 parent=0\n  +0 TaskArgs values=[\"{}\", u64:{MOST}]\n  \
         +1 FiberBegin callsite=6 fiber=7 parent=0 task=1\n  \
         +1 TaskPollBegin callsite=6 fiber=7 waited={MOST} task=1\n  +1 RegionEnd\n  \
         +1 FiberBegin callsite=1 fiber=8 parent=0 task=1\n  \
         +1 TaskPollBegin callsite=1 fiber=8 waited={MOST} task=1\n  +1 RegionEnd\n  \
         +1 TaskEnter task=1\n  +1 TaskBegin callsite=2 task={} parent=1\n",
        word("value"),
        MOST - 1,
    ));
    let region = format!(
        "  +1 RegionBegin callsite=3\n  +0 RegionArgs values=[\"{}\"]\n  +1 Log callsite=4 \
         message=\"{}\"/99999\n",
        word("jug"),
        word("sold"),
    );
    text.push_str(&region.repeat(DEPTH));
    text.push_str("  +1 Counter callsite=5 value=f64:-1.2345678e-300\n");
    // Some stay open for ages.
    text.push_str(&"  +1 RegionEnd\n".repeat(DEPTH / 2));
    text.push_str("  +1 Log callsite=99 message=\"\"\n");

    text.push_str(&head(2, 2000 + AGES, &word("another")));
    text.push_str(&format!(
        "  +1 Wake fiber=7\n  +0 Wake fiber=8\n  +0 TaskPollBegin callsite=1 fiber=8 waited={MOST} task=1\n  \
         +0 PollBegin callsite=6 fiber=7 waited={MOST}\n  +1 RegionEnd\n  +1 RegionEnd\n  \
         +1 TaskEnd callsite=1 task=1 parent=0 age={AGES}\nblock losses\n  LossRecord thread=1 \
         cause=pool-full count={MOST} from=1000 to={AGES}\n  LossRecord thread=2 cause=pool-full \
         count=1 from=1000 to=2000\n"
    ));
    Trace::of_bytes(&trace_format::text_to_file(&text).expect("the text form is right"))
}

/// A word that no line has room for; its two ends differ.
fn word(name: &str) -> String {
    format!("first-{}-last", name.repeat(60))
}
