//! Traces in the text form, what they become, and what must hold of that.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::collections::HashMap;

use serde_json::Value;
use trace_export::{Exported, Target, export};
use trace_reader::Trace;

/// The beginning of a trace with all kinds of callsites.
pub const CAFE: &str = r#"runtime-trace 1
block header
  Header version=1 session=7 clock=monotonic ticks_per_second=1000000000 wall_ns=1000000 pid=42 program="/usr/bin/cafe" command_line="" host="counter" build_id="" pool_path="" pool_bytes=1048576 chunk_bytes=4096 overflow=drop beginning=start
block anchors
  Anchor ticks=1000 monotonic_ns=1000 wall_ns=1000000
block callsites
  Callsite id=1 kind=region name="brew" file="cafe.rs" line=10 module="cafe" keys=[]
  Callsite id=2 kind=region name="grind" file="cafe.rs" line=20 module="cafe" keys=["beans", "lost"]
  Callsite id=3 kind=task name="order" file="cafe.rs" line=30 module="cafe" keys=["size"]
  Callsite id=4 kind=log name="till" file="cafe.rs" line=40 module="cafe" keys=[]
  Callsite id=5 kind=counter name="queue" file="cafe.rs" line=50 module="cafe" keys=[]
  Callsite id=6 kind=argument name="sugar" file="cafe.rs" line=60 module="cafe" keys=[]
  Callsite id=7 kind=region name="milk" file="cafe.rs" line=70 module="cafe" keys=[]
"#;

/// The end of a trace that was stopped at 2000 ns.
pub const CLOSED: &str = r"
block anchors
  Anchor ticks=3000 monotonic_ns=3000 wall_ns=1002000
block summary
  Summary end=3000 chunks=1 lost=0
";

/// What the chunk of a thread begins with.
pub fn chunk(thread: u64, base: u64) -> String {
    format!(
        "block chunk\n  ChunkHead thread={thread} sequence=0 base={base} os_thread={} \
         thread_name=\"barista {thread}\" task=0 depth=0 open=[]\n",
        100 + thread
    )
}

pub fn trace_of(text: &str) -> Trace {
    Trace::from_bytes(trace_format::text_to_file(text).unwrap()).unwrap()
}

/// A trace of the café, out of the chunks of its threads.
pub fn cafe(chunks: &str) -> Trace {
    trace_of(&format!("{CAFE}{chunks}{CLOSED}"))
}

/// A trace with one thread, which does this.
pub fn alone(events: &str) -> Trace {
    cafe(&format!("{}{events}", chunk(1, 1000)))
}

/// The golden traces of the reader: everything that can be out of the ordinary.
pub fn golden() -> Vec<(String, Trace)> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../trace-reader/tests/data");
    let mut paths: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 10);
    let open = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, trace_of(&std::fs::read_to_string(path).unwrap()))
    };
    paths.iter().map(open).collect()
}

/// Behind a loss a region is found that began before the end of another one, of which only that is told.
pub fn found_behind() -> Trace {
    let first = "  +100 WholeRegionEnd callsite=7 age=50 task=0 inner=0\n";
    let found = "open=[OpenRegion callsite=1 age=430 task=0 outer=none fiber=0]";
    let second = chunk(1, 1500).replace("sequence=0", "sequence=1");
    let second = second.replace("depth=0", "depth=1").replace("open=[]", found);
    let events = "  +0 Loss cause=pool-full count=4 age=300\n  \
                  +10 WholeRegionEnd callsite=1 age=440 task=0 inner=0\n";
    cafe(&format!("{}{first}{second}{events}", chunk(1, 1000)))
}

/// Names that have to be escaped, one way or another, in the text form.
pub const ODD_NAMES: [&str; 9] = [
    r#"a\"b\\c"#,
    r"two\nlines;one\tframe",
    r"nul\x00and\x1bescape",
    r" outer spaces ",
    "",
    "\u{202e}right to left\u{2028}",
    r"no\xff\xed\xa0\x80UTF-8",
    r"brew 17",
    r"\u{feff}mark",
];

/// A trace with a region of each odd name, inside of each other, and one of a name of 10 KB.
pub fn odd() -> Trace {
    let long = "x".repeat(10_240);
    let names = ODD_NAMES.iter().copied().chain([long.as_str()]);
    let callsites: String = names
        .enumerate()
        .map(|(at, name)| {
            format!(
                "  Callsite id={} kind=region name=\"{name}\" file=\"{name}\" line=0 module=\"\" \
                 keys=[\"{name}\"]\n",
                at + 10
            )
        })
        .collect();
    let count = ODD_NAMES.len() + 1;
    let begins: String = (0..count)
        .map(|at| {
            let message = ODD_NAMES.get(at).unwrap_or(&"");
            format!(
                "  +1 RegionBegin callsite={}\n  +0 RegionArgs values=[\"{message}\"]\n  \
                 +1 Log callsite=4 message=\"{message}\"\n",
                at + 10
            )
        })
        .collect();
    let ends = "  +1 RegionEnd\n".repeat(count);
    let chunk = chunk(1, 1000).replace("barista", ODD_NAMES[0]);
    trace_of(&format!("{CAFE}{callsites}{chunk}{begins}{ends}{CLOSED}"))
}

/// Threads that do what a seed says, among it all that programs had better not do.
pub fn random(seed: u64, threads: u64) -> Trace {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    };
    let mut text = CAFE.to_owned();
    for thread in 1..=threads {
        text += &chunk(thread, 1000 + below(50));
        // Where the regions began that are open.
        let (mut open, mut now): (Vec<(u64, u64)>, u64) = (Vec::new(), 0);
        for _ in 0..60 {
            let delta = below(4);
            now += delta;
            let (task, fiber) = (1 + below(4), 1 + below(3));
            let event = match below(15) {
                0 | 1 => {
                    open.push((now, 1));
                    "RegionBegin callsite=1".to_owned()
                }
                2 => {
                    open.push((now, 2));
                    format!("TaskRegionBegin callsite=2 task={task}")
                }
                3 if open.last().is_some_and(|(begin, _)| *begin == now) => {
                    "RegionArgs values=[u64:1, true]".to_owned()
                }
                4..=6 if !open.is_empty() => {
                    open.pop();
                    "RegionEnd".to_owned()
                }
                7 if open.len() > 1 => {
                    let inner = 1 + below(open.len() as u64 - 1);
                    let (begin, callsite) = open.remove(open.len() - 1 - inner as usize);
                    let age = now - begin;
                    format!(
                        "WholeRegionEnd callsite={callsite} age={age} task={} inner={inner}",
                        below(5)
                    )
                }
                8 => format!("TaskBegin callsite=3 task={task} parent={}", below(3)),
                9 => format!("TaskEnd callsite=3 task={task} parent=0 age={}", below(now + 1)),
                10 => format!("FiberBegin callsite=7 fiber={fiber} parent=0 task={task}"),
                11 => {
                    open.push((now, 7));
                    format!("TaskPollBegin callsite=7 fiber={fiber} waited=1 task={task}")
                }
                12 => format!("Wake fiber={fiber}"),
                13 => format!(
                    "FiberEnd callsite=7 fiber={fiber} parent=0 task={task} age={} busy=1 \
                     waited=1 polls=1 outcome=cancelled",
                    below(now + 1)
                ),
                _ => match below(6) {
                    0 => format!("TaskLog callsite=4 task={task} message=\"paid\""),
                    1 => format!("TaskArg key=6 task={task} value=i64:-2"),
                    2 => "RegionArg key=6 outward=0 value=f64:0.5".to_owned(),
                    3 => "Loss cause=pool-full count=3 age=5".to_owned(),
                    4 => "UnseenRegionEnd callsite=1".to_owned(),
                    _ => {
                        format!("WholeRegionEnd callsite=1 age={} task=1 inner=0", below(now + 1))
                    }
                },
            };
            text += &format!("  +{delta} {event}\n");
        }
    }
    trace_of(&(text + CLOSED))
}

/// All of these, by what they are called.
pub fn all() -> Vec<(String, Trace)> {
    let mut all = golden();
    all.push(("nothing".to_owned(), trace_of("runtime-trace 1\n")));
    all.push(("odd names".to_owned(), odd()));
    all.extend((0..60).map(|seed| (format!("random {seed}"), random(seed, 1 + seed % 4))));
    all
}

pub fn text_of(trace: &Trace, target: Target) -> (String, Exported) {
    let mut out = Vec::new();
    let exported = export(trace, target, &mut out).unwrap();
    assert_eq!(exported.bytes, out.len() as u64);
    (String::from_utf8(out).expect("all targets here are UTF-8"), exported)
}

pub fn json_of(trace: &Trace, target: Target) -> Value {
    let (text, _) = text_of(trace, target);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

pub fn remarks_of(trace: &Trace, target: Target) -> Vec<String> {
    text_of(trace, target).1.remarks.iter().map(ToString::to_string).collect()
}

/// The self time per name that the reader counts, of what is whole in the trace.
pub fn self_times(trace: &Trace) -> HashMap<String, u64> {
    let analysis = trace.analyze().unwrap();
    let mut times: HashMap<String, u64> = HashMap::new();
    for region in analysis.regions {
        *times.entry(region.name).or_default() += u64::try_from(region.self_ns).unwrap();
    }
    for future in analysis.futures {
        *times.entry(future.name).or_default() += u64::try_from(future.self_ns).unwrap();
    }
    times.retain(|_, ns| *ns > 0);
    times
}
