//! `cargo trace tasks`.

mod golden;

use golden::Trace;

#[trace::test]
fn subtasks_regions_and_logs_make_a_tree() {
    Trace::of("cappuccino").run(&["tasks", "t.trace"]).is("cappuccino.tasks");
}

#[trace::test]
fn the_slowest_of_a_type_come_first() {
    let trace = Trace::of("busy_morning");
    let args = ["tasks", "t.trace", "--type", "makeCappuccino", "--slowest", "2"];
    trace.run(&args).is("busy_morning.tasks");
}

#[trace::test]
fn hostile_names_are_spelled_out() {
    Trace::of("hostile").run(&["tasks", "t.trace"]).is("hostile.tasks");
}

#[trace::test]
fn every_width_is_kept() {
    golden::widths::are_kept_by("tasks");
    let narrow = Trace::of("cappuccino").run_with(40, &["tasks", "t.trace"]);
    narrow.is("cappuccino.tasks_40");
}

#[trace::test]
fn names_keep_their_ends_and_arguments_are_told_in_full() {
    let trace = golden::widths::endless();
    let narrow = trace.run_with(40, &["tasks", "t.trace"]);
    for expected in [
        "first-brewb…ewbrew-last #1  83950 d 00 h\n",
        "first…-last #18446744073709551615  ≥1 ns\nbegan before the trace\n",
        "from first-t…ad-last to first-a…er-last\n",
        "\na wider terminal shows self, thread\n",
    ] {
        assert!(narrow.stdout().contains(expected), "{expected:?} in {}", narrow.stdout());
    }
    let in_one = narrow.stdout().replace("\n  ", "");
    assert!(in_one.contains(&format!("=\"first-{}-last\"", "value".repeat(60))), "{in_one}");
}

#[trace::test]
fn one_task_by_its_number() {
    let trace = Trace::of("cappuccino");
    let answer = trace.run(&["tasks", "t.trace", "--id", "2", "--json"]).is_harmless().json();
    let tasks = answer["tasks"].as_array().expect("tasks");
    assert_eq!(tasks.len(), 1);
    let task = &tasks[0];
    assert_eq!(task["type"], "brewEspresso");
    assert_eq!(task["parent"], 1);
    assert_eq!(task["latency_ns"], 4_300_000);
    assert_eq!(task["begin_time_ns"], 3_300_000);
    assert_eq!(task["begin_wall_ns"], 1_795_466_547_126_756_000_u64);
    assert_eq!(task["args"][0]["key"], "beans");
    assert_eq!(task["args"][0]["value"], "Arabica { roast: 4 }");
    let names: Vec<_> =
        task["entries"].as_array().expect("entries").iter().map(|e| &e["name"]).collect();
    assert_eq!(names, ["grindBeans", "extractCoffee"]);

    let none = trace.run(&["tasks", "t.trace", "--id", "77"]);
    assert_eq!(none.code(), 2);
    assert!(none.stderr().starts_with("error: no task has the id 77"), "{}", none.stderr());
}

#[trace::test]
fn entries_nest_by_depth() {
    let trace = Trace::of("cappuccino");
    let answer = trace.run(&["tasks", "t.trace", "--id", "1", "--json"]).json();
    let entries = answer["tasks"][0]["entries"].as_array().expect("entries");
    let shape: Vec<_> = entries
        .iter()
        .map(|entry| {
            (entry["kind"].as_str().expect("a kind"), entry["depth"].as_u64().expect("a depth"))
        })
        .collect();
    let expected = [
        ("region", 0),
        ("region", 1),
        ("log", 2),
        ("task", 0),
        ("region", 1),
        ("region", 1),
        ("log", 0),
    ];
    assert_eq!(shape, expected);
    let short = trace.run(&["tasks", "t.trace", "--id", "1", "--entries", "2"]);
    assert!(short.stdout().contains("… and 5 more entries (--entries)"), "{}", short.stdout());
}

#[trace::test]
fn a_type_that_is_not_there_is_an_error_that_names_those_that_are() {
    let answer = Trace::of("cappuccino").run(&["tasks", "t.trace", "--type", "makeTea"]);
    assert_eq!(answer.code(), 2);
    assert_eq!(
        answer.stderr(),
        "error: no task has the type `makeTea`; this trace has `brewEspresso`, `dayShift`, `makeCappuccino`\n"
    );
}

#[trace::test]
fn arguments_without_end_are_cut_and_counted() {
    let events = "  +0 TaskArg key=2 task=1 value=true\n".repeat(2500);
    let text = format!(
        "runtime-trace 1\nblock callsites\n\
         \x20 Callsite id=1 kind=task name=\"t\" file=\"\" line=0 module=\"\" keys=[]\n\
         \x20 Callsite id=2 kind=argument name=\"a\" file=\"\" line=0 module=\"\" keys=[]\n\
         block chunk\n\
         \x20 ChunkHead thread=1 sequence=0 base=1000 os_thread=1 thread_name=\"\" task=0 \
         depth=0 open=[]\n  +0 TaskBegin callsite=1 task=1 parent=0\n{events}"
    );
    let trace =
        Trace::of_bytes(&trace_format::text_to_file(&text).expect("the text form is right"));
    let answer = trace.run(&["tasks", "t.trace", "--json"]).json();
    assert_eq!(answer["tasks"][0]["args"].as_array().expect("arguments").len(), 1000);
    assert_eq!(answer["arguments_left_out"], 1500);
    let text = trace.run(&["tasks", "t.trace"]);
    let note = "… and 1,500 arguments of regions and tasks that have very many";
    assert!(text.stdout().contains(note), "{}", text.stdout());
}

#[trace::test]
fn a_task_that_is_its_own_ancestor_and_deep_nesting_are_survived() {
    let mut events = String::new();
    for (task, parent) in [(1, 2), (2, 1)] {
        events.push_str(&format!("  +1 TaskBegin callsite=1 task={task} parent={parent}\n"));
    }
    events.push_str("  +1 TaskEnter task=1\n");
    const DEPTH: usize = 5_000;
    events.push_str(&"  +1 RegionBegin callsite=2\n".repeat(DEPTH));
    events.push_str(&"  +1 RegionEnd\n".repeat(DEPTH));
    for (task, parent) in [(1, 2), (2, 1)] {
        events
            .push_str(&format!("  +1 TaskEnd callsite=1 task={task} parent={parent} age=10000\n"));
    }
    let text = format!(
        "runtime-trace 1\nblock callsites\n\
         \x20 Callsite id=1 kind=task name=\"t\" file=\"\" line=0 module=\"\" keys=[]\n\
         \x20 Callsite id=2 kind=region name=\"r\" file=\"\" line=0 module=\"\" keys=[]\n\
         block chunk\n\
         \x20 ChunkHead thread=1 sequence=0 base=1000 os_thread=1 thread_name=\"\" task=0 \
         depth=0 open=[]\n{events}"
    );
    let trace =
        Trace::of_bytes(&trace_format::text_to_file(&text).expect("the text form is right"));
    let answer = trace.run(&["tasks", "t.trace", "--json"]);
    assert_eq!(answer.code(), 0);
    let answer = answer.json();
    // Each of the two is a part of the other, and in both the regions are told once.
    for task in answer["tasks"].as_array().expect("tasks") {
        assert_eq!(task["entries"].as_array().expect("entries").len(), DEPTH + 1);
    }
    let text = trace.run(&["tasks", "t.trace"]);
    assert!(text.stdout().contains("[30] "), "{}", text.stdout());
}

/// What happens in a future is told within it, whatever threads polled it.
#[trace::test]
fn futures() {
    let trace = Trace::of("futures");
    trace.run(&["tasks", "t.trace"]).is("futures.tasks");
    trace.run_with(40, &["tasks", "t.trace"]).is("futures.tasks_40");
    let answer = trace.run(&["tasks", "t.trace", "--json"]).json();
    let task = &answer["tasks"][0];
    assert_eq!(
        (&task["future"]["ready_ns"], &task["future"]["polls"]),
        (&140_000.into(), &2.into())
    );
    assert_eq!(task["future"]["threads"], serde_json::json!(["worker 1", "worker 2"]));
    assert_eq!(task["future"]["last_woken_by"], "worker 1");
    let future = &task["entries"][4];
    assert_eq!((&future["kind"], &future["name"]), (&"future".into(), &"extractCoffee".into()));
    assert_eq!(future["threads"], serde_json::json!(["worker 1"]));
    assert_eq!(future["last_woken_by"], serde_json::Value::Null);
    let entries = task["entries"].as_array().expect("entries").iter();
    let shape: Vec<_> = entries
        .map(|entry| (entry["depth"].as_u64(), entry["kind"].as_str(), entry["name"].as_str()))
        .collect();
    let shape: Vec<_> = shape.into_iter().map(|(d, k, n)| (d.unwrap(), k.unwrap(), n)).collect();
    assert_eq!(
        shape,
        [
            (0, "log", None),
            (0, "future", Some("steamMilk")),
            (1, "region", Some("heat")),
            (1, "log", None),
            (0, "future", Some("extractCoffee")),
            (0, "region", Some("mix")),
            (0, "task", None),
        ]
    );
    // Of tasks that are futures as well.
    let washing = &answer["tasks"][1];
    let part = &task["entries"].as_array().expect("entries")[6];
    let outcomes = [task, washing, part].map(|task| task["outcome"].as_str().expect("it ended"));
    assert_eq!(outcomes, ["completed", "cancelled", "cancelled"]);
}
