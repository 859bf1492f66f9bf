//! Traces that are hard to export, each in the text form, by a name that says what is odd about it.

use std::fmt::Write;

use trace_format::text::quote;

/// A trace in the making.
struct Making {
    text: String,
}

impl Making {
    /// With a header, callsites of every kind, and the clock at zero. Ticks are nanoseconds.
    fn new(names: &[(&str, &str, &[&str])]) -> Self {
        let mut text = String::from(
            "runtime-trace 1\nblock header\n  Header version=1 session=7 clock=monotonic ticks_per_second=0 \
             wall_ns=1700000000000000000 pid=4711 program=\"/usr/bin/odd\" command_line=\"\" host=\"bar\" \
             build_id=\"\" pool_path=\"\" pool_bytes=1048576 chunk_bytes=65536 overflow=drop beginning=start\n\
             block anchors\n  Anchor ticks=0 monotonic_ns=5000000 wall_ns=1700000000000000000\n\
             block callsites\n",
        );
        for (id, (kind, name, keys)) in (1..).zip(names) {
            let keys = keys.iter().map(|key| quoted(key)).collect::<Vec<_>>().join(", ");
            let name = quoted(name);
            let _ = writeln!(
                text,
                "  Callsite id={id} kind={kind} name={name} file=\"src/odd.rs\" line={id} module=\"odd\" keys=[{keys}]"
            );
        }
        Self { text }
    }

    /// Begins a chunk in which nothing is open.
    fn chunk(&mut self, thread: u64, sequence: u64, base: u64) -> &mut Self {
        self.chunk_with(thread, sequence, base, "depth=0 open=[]")
    }

    /// Begins a chunk in which something is.
    fn chunk_with(&mut self, thread: u64, sequence: u64, base: u64, open: &str) -> &mut Self {
        let _ = writeln!(
            self.text,
            "block chunk\n  ChunkHead thread={thread} sequence={sequence} base={base} os_thread={} \
             thread_name=\"worker {thread}\" task=0 {open}",
            1000 + thread
        );
        self
    }

    fn event(&mut self, event: &str) -> &mut Self {
        let _ = writeln!(self.text, "  {event}");
        self
    }

    fn events(&mut self, events: &[&str]) -> &mut Self {
        for event in events {
            self.event(event);
        }
        self
    }

    /// Ends the trace as a program does that stops it.
    fn stopped(&mut self, end: u64) -> String {
        let chunks = self.text.matches("block chunk").count();
        let _ = writeln!(self.text, "block summary\n  Summary end={end} chunks={chunks} lost=0");
        self.text.clone()
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    quote(text.as_bytes(), &mut quoted);
    quoted
}

const REGIONS: &[(&str, &str, &[&str])] = &[
    ("region", "outer", &[]),
    ("region", "inner", &[]),
    ("task", "order", &[]),
    ("log", "till", &[]),
];

/// All of them.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    vec![
        ("empty", Making::new(&[]).stopped(1000)),
        ("nothing_but_a_header", Making::new(&[]).text),
        ("not_stopped", not_stopped()),
        ("misnested", misnested()),
        ("misnested_deeply", misnested_deeply()),
        ("lossy", lossy()),
        ("began_before", began_before()),
        ("odd_names", odd_names()),
        ("odd_arguments", odd_arguments()),
        ("odd_counters", odd_counters()),
        ("many_threads_at_a_time", many_threads(10_000, 1)),
        ("many_threads_in_turn", many_threads(10_000, 1000)),
        ("tasks_that_never_end", tasks_that_never_end()),
        ("tasks_twice", tasks_twice()),
        ("tasks_in_circles", tasks_in_circles()),
        ("deep", deep()),
        ("no_callsites", no_callsites()),
        ("clock_back", clock_back()),
        ("futures", futures()),
        ("futures_without_begins", futures_without_begins()),
        ("futures_that_contradict_themselves", futures_that_contradict_themselves()),
        ("nothing_but_ends", nothing_but_ends()),
    ]
}

fn not_stopped() -> String {
    let mut making = Making::new(REGIONS);
    making.chunk(1, 0, 1000).events(&[
        "+10 TaskBegin callsite=3 task=1 parent=0",
        "+10 TaskEnter task=1",
        "+10 RegionBegin callsite=1",
        "+10 RegionBegin callsite=2",
        "+500 RegionEnd",
        "+10 Log callsite=4 message=\"the last words\"",
    ]);
    making.text
}

fn misnested() -> String {
    Making::new(REGIONS)
        .chunk(1, 0, 1000)
        .events(&[
            "+10 RegionBegin callsite=1",
            "+100 RegionBegin callsite=2",
            "+100 WholeRegionEnd callsite=1 age=200 task=0 inner=1",
            "+100 RegionEnd",
            "+10 TaskRegionBegin callsite=1 task=9",
            "+10 RegionBegin callsite=2",
            "+10 RegionBegin callsite=2",
            "+100 WholeRegionEnd callsite=1 age=120 task=9 inner=2",
            "+100 RegionEnd",
            "+100 RegionEnd",
        ])
        .stopped(5000)
}

/// More are open than a target is told of in parts.
fn misnested_deeply() -> String {
    let mut making = Making::new(REGIONS);
    making.chunk(1, 0, 1000).event("+10 RegionBegin callsite=1");
    for _ in 0..200 {
        making.event("+10 RegionBegin callsite=2");
    }
    making.event("+10 WholeRegionEnd callsite=1 age=2010 task=0 inner=200");
    for _ in 0..200 {
        making.event("+10 RegionEnd");
    }
    making.stopped(9000)
}

fn lossy() -> String {
    let mut making = Making::new(REGIONS);
    making.chunk(1, 0, 1000).events(&[
        "+10 RegionBegin callsite=1",
        "+10 RegionBegin callsite=2",
        "+100 Loss cause=reentrant count=3 age=50",
        "+100 RegionEnd",
        "+100 RegionBegin callsite=2",
    ]);
    // Two chunks are missing.
    making
        .chunk_with(
            1,
            3,
            9000,
            "depth=1 open=[OpenRegion callsite=1 age=7990 task=0 outer=none fiber=0]",
        )
        .events(&[
            "+100 RegionBegin callsite=2",
            "+100 RegionEnd",
            "+100 WholeRegionEnd callsite=1 age=8290 task=0 inner=0",
        ]);
    making.chunk(2, 1, 9500).events(&[
        "+0 Loss cause=pool-full count=1000 age=5000",
        "+100 RegionBegin callsite=2",
        "+100 RegionEnd",
    ]);
    making.text.push_str(
        "block losses\n  LossRecord thread=0 cause=too-large count=2 from=100 to=8000\n  \
         LossRecord thread=1 cause=pool-full count=7 from=100 to=9000\n",
    );
    making.stopped(10_000)
}

fn began_before() -> String {
    let mut making = Making::new(REGIONS);
    making.text = making.text.replace("beginning=start", "beginning=midway");
    making
        .chunk_with(
            1,
            7,
            1000,
            "depth=2 open=[OpenRegion callsite=1 age=900 task=0 outer=none fiber=0, \
             OpenRegion callsite=2 age=500 task=3 outer=0 fiber=0]",
        )
        .events(&[
            "+10 UnseenRegionEnd callsite=1",
            "+10 RegionBegin callsite=2",
            "+100 RegionEnd",
            "+100 WholeRegionEnd callsite=2 age=720 task=3 inner=0",
            "+10 WholeRegionEnd callsite=1 age=1130 task=0 inner=0",
            "+10 WholeRegionEnd callsite=2 age=1000000 task=5 inner=0",
            "+10 TaskEnd callsite=3 task=3 parent=1 age=5000",
            "+10 UnseenTaskEnd callsite=3 task=0",
            "+10 UnseenTaskEnd callsite=3 task=8",
            "+10 TaskLog callsite=4 task=77 message=\"of a task that nobody knows\"",
        ])
        .stopped(5000)
}

fn odd_names() -> String {
    let long = "very ".repeat(2048);
    let names: &[&str] = &[
        "",
        "\"quotes\" and 'quotes' and \\ and `",
        "two\nlines\r\nand\ttabs",
        "a\0b",
        "\u{202e}sdrawkcab\u{202c} \u{200f}",
        "</script><b>&amp;",
        "a;b;c 12",
        "牛奶 ☕ e\u{301}",
        "\u{1b}[31mred",
        &long,
    ];
    let mut callsites: Vec<(&str, &str, &[&str])> = Vec::new();
    for name in names {
        callsites.extend([
            ("region", *name, &[][..]),
            ("task", *name, &["key"]),
            ("log", *name, &[]),
        ]);
        callsites.push(("counter", *name, &[]));
    }
    let mut making = Making::new(&callsites);
    making.chunk(1, 0, 1000);
    for (at, name) in names.iter().enumerate() {
        let (first, task, message) = (4 * at + 1, at + 1, quoted(name));
        making
            .event(&format!("+10 TaskBegin callsite={} task={task} parent={}", first + 1, task - 1))
            .event(&format!("+0 TaskArgs values=[{message}]"))
            .event(&format!("+10 TaskEnter task={task}"))
            .event(&format!("+10 RegionBegin callsite={first}"))
            .event(&format!("+10 Log callsite={} message={message}", first + 2))
            .event(&format!("+10 Counter callsite={} value=u64:{at}", first + 3))
            .event("+100 RegionEnd")
            .event("+10 TaskEnter task=0")
            .event(&format!(
                "+10 TaskEnd callsite={} task={task} parent={} age=160",
                first + 1,
                task - 1
            ));
    }
    making.text =
        making.text.replace("thread_name=\"worker 1\"", "thread_name=\"a\\u{0}\\\"\\n\\u{202e}b\"");
    making.stopped(100_000)
}

fn odd_arguments() -> String {
    let keys: &[&str] = &["a", "a", "", "c\0d", "e\nf"];
    let mut making = Making::new(&[
        ("region", "region", keys),
        ("task", "task", keys),
        ("argument", "late \"one\"", &[]),
        ("region", "open", keys),
    ]);
    let values = [
        "[u64:18446744073709551615, i64:-9223372036854775808, true, \"x\", f64:0.5]",
        "[i128:-170141183460469231731687303715884105728, u128:340282366920938463463374607431768211455, \
         bits:9221120237041090560, f64:inf, f64:-inf]",
        "[debug:\"Some(\\\"x\\\")\", display:\"\\u{0}\", \"\\xff\\xfe\", \"\", false]",
        // Fewer and more than there are keys.
        "[]",
        "[u64:1, u64:2, u64:3, u64:4, u64:5, u64:6, u64:7]",
    ];
    making.chunk(1, 0, 1000);
    for (task, values) in (1..).zip(values) {
        making
            .event(&format!("+10 TaskBegin callsite=2 task={task} parent=0"))
            .event(&format!("+0 TaskArgs values={values}"))
            .event(&format!("+10 TaskRegionBegin callsite=1 task={task}"))
            .event(&format!("+0 RegionArgs values={values}"))
            .event("+10 RegionArg key=3 outward=0 value=\"late\"")
            .event(&format!("+10 TaskArg key=3 task={task} value=i64:-5"))
            .event("+10 RegionEnd")
            .event(&format!("+10 TaskEnd callsite=2 task={task} parent=0 age=50"));
    }
    making.events(&[
        "+10 RegionArg key=3 outward=5 value=u64:1",
        "+10 TaskArg key=3 task=99 value=u64:1",
        "+10 RegionBegin callsite=4",
        "+0 RegionArgs values=[u64:1, u64:2, u64:3, u64:4, u64:5]",
        "+10 RegionArg key=3 outward=0 value=u64:1",
    ]);
    making.stopped(9000)
}

fn odd_counters() -> String {
    let mut making = Making::new(&[("counter", "level", &[]), ("counter", "level", &[])]);
    making.chunk(1, 0, 1000);
    for value in [
        "u64:0",
        "u64:18446744073709551615",
        "i64:-9223372036854775808",
        "f64:0.1",
        "f64:1e308",
        "f64:inf",
        "f64:-inf",
        "bits:9221120237041090560",
        "i128:-170141183460469231731687303715884105728",
        "\"no number\"",
        "true",
    ] {
        making.event(&format!("+10 Counter callsite=1 value={value}"));
        making.event(&format!("+10 Counter callsite=2 value={value}"));
    }
    making.stopped(5000)
}

/// Each of which begins so long after the one before.
fn many_threads(count: u64, apart_ns: u64) -> String {
    let mut making = Making::new(REGIONS);
    for thread in 1..=count {
        making.chunk(thread, 0, 1000 + apart_ns * thread).events(&[
            "+10 RegionBegin callsite=1",
            "+100 RegionBegin callsite=2",
            "+100 RegionEnd",
            "+500 RegionEnd",
        ]);
    }
    making.stopped(10_000 + apart_ns * count)
}

fn tasks_that_never_end() -> String {
    let mut making = Making::new(REGIONS);
    making.chunk(1, 0, 1000);
    for task in 1..=5000 {
        making
            .event(&format!("+10 TaskBegin callsite=3 task={task} parent={}", task / 2))
            .event(&format!("+10 TaskRegionBegin callsite=1 task={task}"))
            .event("+10 RegionEnd");
    }
    making.stopped(1_000_000)
}

fn tasks_twice() -> String {
    Making::new(REGIONS)
        .chunk(1, 0, 1000)
        .events(&[
            "+10 TaskBegin callsite=3 task=1 parent=0",
            "+10 TaskBegin callsite=3 task=1 parent=0",
            "+10 TaskEnd callsite=3 task=1 parent=0 age=20",
            "+10 TaskEnd callsite=3 task=1 parent=0 age=30",
            "+10 TaskBegin callsite=3 task=1 parent=0",
            "+10 TaskBegin callsite=3 task=18446744073709551615 parent=18446744073709551614",
            "+10 TaskRegionBegin callsite=1 task=18446744073709551615",
            "+10 RegionEnd",
            "+10 TaskEnd callsite=3 task=18446744073709551615 parent=18446744073709551614 age=30",
        ])
        .stopped(5000)
}

fn tasks_in_circles() -> String {
    Making::new(REGIONS)
        .chunk(1, 0, 1000)
        .events(&[
            "+10 TaskBegin callsite=3 task=1 parent=2",
            "+10 TaskBegin callsite=3 task=2 parent=1",
            "+10 TaskBegin callsite=3 task=3 parent=3",
            "+10 TaskRegionBegin callsite=1 task=3",
            "+10 RegionEnd",
            "+10 TaskEnd callsite=3 task=1 parent=2 age=50",
        ])
        .stopped(5000)
}

fn deep() -> String {
    let mut making = Making::new(REGIONS);
    making.chunk(1, 0, 1000);
    for _ in 0..1000 {
        making.event("+10 RegionBegin callsite=2");
    }
    for _ in 0..1000 {
        making.event("+10 RegionEnd");
    }
    making.stopped(100_000)
}

fn no_callsites() -> String {
    Making::new(&[])
        .chunk(1, 0, 1000)
        .events(&[
            "+10 TaskBegin callsite=4000000000 task=1 parent=0",
            "+10 RegionBegin callsite=4294967295",
            "+10 Log callsite=77 message=\"of nowhere\"",
            "+10 Counter callsite=78 value=u64:5",
            "+10 FiberBegin callsite=79 fiber=5 parent=0 task=0",
            "+10 PollBegin callsite=79 fiber=5 waited=10",
            "+10 RegionEnd",
            "+10 RegionEnd",
        ])
        .stopped(5000)
}

fn clock_back() -> String {
    Making::new(REGIONS)
        .chunk(1, 0, 100_000)
        .events(&[
            "+10 RegionBegin callsite=1",
            "+10 RegionBegin callsite=2",
            "+0 Clock ticks=50000",
            "+10 RegionEnd",
            "+10 RegionBegin callsite=2",
            "+70000 RegionEnd",
            "+10 RegionEnd",
        ])
        .stopped(200_000)
}

const FUTURES: &[(&str, &str, &[&str])] =
    &[("region", "fetch", &["url"]), ("task", "order", &[]), ("region", "parse", &[])];

/// Polled on two threads, within each other, woken, cancelled, and never polled.
fn futures() -> String {
    let mut making = Making::new(FUTURES);
    making.chunk(1, 0, 1000).events(&[
        "+0 TaskBegin callsite=2 task=5 parent=0",
        "+0 FiberBegin callsite=2 fiber=6 parent=0 task=5",
        "+100 TaskPollBegin callsite=2 fiber=6 waited=100 task=5",
        "+10 FiberBegin callsite=1 fiber=7 parent=6 task=5",
        "+0 RegionArgs values=[\"http://milk\"]",
        "+0 PollBegin callsite=1 fiber=7 waited=0",
        "+10 RegionBegin callsite=3",
        "+100 RegionEnd",
        "+10 RegionEnd",
        "+10 FiberBegin callsite=1 fiber=8 parent=6 task=5",
        "+10 Wake fiber=6",
        "+10 RegionEnd",
        "+10 FiberBegin callsite=1 fiber=9 parent=0 task=0",
        "+5000 Wake fiber=9",
    ]);
    making.chunk(2, 0, 2000).events(&[
        "+0 TaskPollBegin callsite=2 fiber=6 waited=300 task=5",
        "+10 PollBegin callsite=1 fiber=7 waited=0",
        "+100 RegionEnd",
        "+0 FiberEnd callsite=1 fiber=7 parent=6 task=5 age=1000 busy=230 waited=0 polls=2 outcome=completed",
        "+10 FiberEnd callsite=1 fiber=8 parent=6 task=5 age=880 busy=0 waited=0 polls=0 outcome=cancelled",
        "+10 RegionEnd",
        "+0 FiberEnd callsite=2 fiber=6 parent=0 task=5 age=1130 busy=300 waited=400 polls=2 outcome=panicked",
        "+0 TaskEnd callsite=2 task=5 parent=0 age=1130",
    ]);
    making.stopped(20_000)
}

fn futures_without_begins() -> String {
    let mut making = Making::new(FUTURES);
    making.text = making.text.replace("beginning=start", "beginning=midway");
    making
        .chunk_with(
            1,
            4,
            1000,
            "depth=2 open=[OpenRegion callsite=2 age=500 task=5 outer=0 fiber=6, \
             OpenRegion callsite=3 age=400 task=5 outer=none fiber=0]",
        )
        .events(&[
            "+10 WholeRegionEnd callsite=3 age=410 task=5 inner=0",
            "+10 WholeRegionEnd callsite=2 age=520 task=5 inner=0",
            "+0 UnseenFiberEnd callsite=2 fiber=6 outcome=completed",
            "+10 PollBegin callsite=1 fiber=9 waited=0",
            "+10 RegionEnd",
            "+10 Wake fiber=9",
            "+10 Wake fiber=10",
            "+10 FiberEnd callsite=1 fiber=9 parent=0 task=0 age=900 busy=50 waited=5 polls=3 outcome=completed",
            "+10 UnseenFiberEnd callsite=1 fiber=12 outcome=cancelled",
        ])
        .stopped(5000)
}

/// What no program does, but a file may say.
fn futures_that_contradict_themselves() -> String {
    let mut making = Making::new(FUTURES);
    making.chunk(1, 0, 1000).events(&[
        "+10 FiberBegin callsite=1 fiber=1 parent=0 task=0",
        "+10 FiberBegin callsite=1 fiber=1 parent=1 task=3",
        "+10 PollBegin callsite=1 fiber=1 waited=5",
        "+10 PollBegin callsite=1 fiber=1 waited=5",
        "+10 RegionBegin callsite=3",
        "+10 FiberEnd callsite=1 fiber=1 parent=0 task=0 age=20 busy=1 waited=1 polls=1 outcome=completed",
        "+10 RegionEnd",
        "+10 RegionEnd",
        "+10 RegionEnd",
        "+10 PollBegin callsite=1 fiber=1 waited=5",
        "+500 RegionEnd",
        "+10 FiberEnd callsite=1 fiber=1 parent=0 task=0 age=20 busy=1 waited=1 polls=1 outcome=completed",
        "+10 TaskPollBegin callsite=1 fiber=18446744073709551615 waited=9 task=18446744073709551615",
        "+500 Log callsite=3 message=\"in a poll\"",
    ]);
    making.chunk(2, 0, 1025).events(&[
        "+10 PollBegin callsite=1 fiber=1 waited=5",
        "+1000 RegionEnd",
        "+10 Wake fiber=1",
        "+10 FiberBegin callsite=2 fiber=0 parent=0 task=0",
        "+10 PollBegin callsite=2 fiber=0 waited=0",
        "+10 RegionEnd",
    ]);
    making.stopped(9000)
}

fn nothing_but_ends() -> String {
    let mut making = Making::new(REGIONS);
    making.chunk(1, 0, 1000);
    for _ in 0..50 {
        making.events(&[
            "+10 RegionEnd",
            "+10 UnseenRegionEnd callsite=1",
            "+10 TaskEnd callsite=3 task=1 parent=0 age=100",
        ]);
    }
    making.stopped(9000)
}
