//! What an excerpt tells of some tasks is what the whole recording tells of them.

mod telling;

use std::cmp::Reverse;
use std::collections::HashSet;

use proptest::prelude::*;
use telling::open_text;
use trace_reader::{
    Excerpt, Fiber, Log, Recording, Region, Selection, Task, TaskId, ThreadId, Time, Trace,
};

const START: &str = r#"runtime-trace 1
block callsites
  Callsite id=1 kind=task name="order" file="" line=0 module="" keys=["size"]
  Callsite id=2 kind=task name="part" file="" line=0 module="" keys=[]
  Callsite id=3 kind=region name="brew" file="" line=0 module="" keys=[]
  Callsite id=4 kind=log name="log" file="" line=0 module="" keys=[]
  Callsite id=5 kind=argument name="sugar" file="" line=0 module="" keys=[]
"#;

/// Any events in any order, so that tasks begin twice, end before they begin, are parts of each
/// other, or are only mentioned. `parents` tells which task each one is a part of.
fn event(parents: &[u64]) -> impl Strategy<Value = String> + use<> {
    let task = 0..parents.len() as u64;
    let parents = parents.to_vec();
    let known = (1..parents.len() as u64).prop_map(move |task| {
        let (callsite, parent) = (task % 2 + 1, parents[task as usize]);
        (task, callsite, format!("callsite={callsite} task={task} parent={parent}"))
    });
    let fiber = (11..16_u64).prop_map(|fiber| (fiber, fiber % 5 + 1));
    prop_oneof![
        3 => known.clone().prop_map(|(.., fields)| format!("TaskBegin {fields}")),
        2 => (known.clone(), 0..40_u64)
            .prop_map(|((.., fields), age)| format!("TaskEnd {fields} age={age}")),
        1 => known.prop_map(|(task, callsite, _)| format!("UnseenTaskEnd callsite={callsite} task={task}")),
        1 => Just("UnseenTaskEnd callsite=1 task=0".to_owned()),
        1 => Just("TaskArgs values=[\"large\"]".to_owned()),
        1 => task.clone().prop_map(|task| format!("TaskArg key=5 task={task} value=i64:-2")),
        2 => task.clone().prop_map(|task| format!("TaskEnter task={task}")),
        3 => Just("RegionBegin callsite=3".to_owned()),
        2 => task.clone().prop_map(|task| format!("TaskRegionBegin callsite=3 task={task}")),
        4 => Just("RegionEnd".to_owned()),
        1 => (0..20_u64, task.clone(), 0..3_u64)
            .prop_map(|(age, task, inner)| format!("WholeRegionEnd callsite=3 age={age} task={task} inner={inner}")),
        1 => Just("RegionArg key=5 outward=0 value=u64:2".to_owned()),
        2 => Just("Log callsite=4 message=\"m\"".to_owned()),
        1 => task.prop_map(|task| format!("TaskLog callsite=4 task={task} message=\"m\"")),
        2 => fiber.clone()
            .prop_map(|(fiber, task)| format!("FiberBegin callsite=3 fiber={fiber} parent=0 task={task}")),
        3 => fiber.clone()
            .prop_map(|(fiber, task)| format!("TaskPollBegin callsite=3 fiber={fiber} waited=0 task={task}")),
        1 => fiber.clone().prop_map(|(fiber, _)| format!("Wake fiber={fiber}")),
        1 => fiber.prop_map(|(fiber, task)| {
            let end = format!("FiberEnd callsite=3 fiber={fiber} parent=0 task={task}");
            format!("{end} age=9 busy=5 waited=3 polls=2 outcome=cancelled")
        }),
        // Of one that is polled later, an excerpt would not know of this end.
        1 => Just("UnseenFiberEnd callsite=3 fiber=20 outcome=completed".to_owned()),
        1 => Just("Loss cause=pool-full count=3 age=1".to_owned()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let parents = prop::collection::vec(0..7_u64, 7);
    let threads = parents.prop_flat_map(|parents| {
        let events = prop::collection::vec((0..9_u8, event(&parents)), 0..60);
        prop::collection::vec(events, 1..4)
    });
    threads.prop_map(|threads| {
        let mut text = START.to_owned();
        for (thread, events) in (1..).zip(threads) {
            text.push_str(&chunk_of(thread));
            for (delta, event) in events {
                text.push_str(&format!("  +{delta} {event}\n"));
            }
        }
        text
    })
}

fn chunk_of(thread: u64) -> String {
    format!(
        "block chunk\n  ChunkHead thread={thread} sequence=0 base=1000 os_thread=0 thread_name=\"\" \
         task=0 depth=0 open=[]\n"
    )
}

/// A task as both tell it, but for indices and mere mentions of what is not in an excerpt.
fn told(task: &Task) -> Task {
    Task { children: Vec::new(), regions: Vec::new(), logs: Vec::new(), ..task.clone() }
}

fn told_region(region: &Region) -> Region {
    Region { parent: None, children: Vec::new(), ..region.clone() }
}

fn latency_ns(trace: &Trace, task: &Task) -> u64 {
    task.end.unwrap_or(trace.end()).since(task.begin.unwrap_or(Time::START))
}

/// A task and all of its subtasks.
fn family(recording: &Recording, index: usize) -> Vec<usize> {
    let (mut found, mut seen) = (vec![index], HashSet::from([index]));
    let mut next = 0;
    while let Some(&at) = found.get(next) {
        let children = recording.tasks[at].children.iter().copied();
        found.extend(children.filter(|&child| seen.insert(child)));
        next += 1;
    }
    found
}

fn regions(recording: &Recording, family: &[usize]) -> Vec<Region> {
    let regions = family.iter().flat_map(|&task| &recording.tasks[task].regions);
    regions.map(|&region| told_region(&recording.regions[region])).collect()
}

fn fibers(recording: &Recording, family: &[usize]) -> Vec<Fiber> {
    let is_of = |task| family.iter().any(|&index| recording.tasks[index].id == task);
    recording.fibers.iter().filter(|fiber| is_of(fiber.task)).cloned().collect()
}

fn logs(recording: &Recording, family: &[usize]) -> Vec<Log> {
    let logs = family.iter().flat_map(|&task| &recording.tasks[task].logs);
    logs.map(|&log| Log { region: None, ..recording.logs[log].clone() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[trace::test]
    fn an_excerpt_of_all_tasks_tells_of_each_what_the_recording_tells(text in text()) {
        let trace = open_text(&text);
        let whole = trace.load().unwrap();
        let selection = Selection::Slowest { count: usize::MAX, task_type: None };
        let excerpt = trace.excerpt(&selection, usize::MAX).unwrap();
        prop_assert_eq!(excerpt.candidates, whole.tasks.iter().filter(|t| is_one(t)).count() as u64);
        let latencies = excerpt.chosen.iter().map(|chosen| {
            Reverse(latency_ns(&trace, &excerpt.recording.tasks[chosen.index]))
        });
        prop_assert!(latencies.is_sorted());
        for chosen in &excerpt.chosen {
            let task = &excerpt.recording.tasks[chosen.index];
            if task.id == TaskId::BACKGROUND {
                prop_assert!(whole.tasks.iter().any(|other| told(other) == told(task)));
                continue;
            }
            let in_whole = whole.task_index(task.id).unwrap();
            prop_assert_eq!(told(&whole.tasks[in_whole]), told(task));
            let (all, here) = (family(&whole, in_whole), family(&excerpt.recording, chosen.index));
            prop_assert_eq!(all.len(), here.len());
            let (all_regions, all_logs) = (regions(&whole, &all), logs(&whole, &all));
            prop_assert_eq!(&all_regions, &regions(&excerpt.recording, &here));
            prop_assert_eq!(&all_logs, &logs(&excerpt.recording, &here));
            let all_fibers = fibers(&whole, &all);
            prop_assert_eq!(&all_fibers, &fibers(&excerpt.recording, &here));
            let entries = all.len() - 1 + all_regions.len() + all_logs.len() + all_fibers.len();
            prop_assert_eq!(chosen.entries, entries as u64);
        }
    }

    #[trace::test]
    fn an_excerpt_of_few_tells_the_same_of_these(text in text(), count in 1..4_usize) {
        let trace = open_text(&text);
        let all = Selection::Slowest { count: usize::MAX, task_type: Some("part".into()) };
        let few = Selection::Slowest { count, task_type: Some("part".into()) };
        let all = trace.excerpt(&all, usize::MAX).unwrap();
        let few = trace.excerpt(&few, usize::MAX).unwrap();
        prop_assert_eq!(few.candidates, all.candidates);
        prop_assert_eq!(few.lost_events, all.lost_events);
        prop_assert_eq!(few.chosen.len(), count.min(all.chosen.len()));
        for chosen in &few.chosen {
            let task = &few.recording.tasks[chosen.index];
            if task.id != TaskId::BACKGROUND {
                let alone = trace.excerpt(&Selection::Id(task.id), usize::MAX).unwrap();
                prop_assert_eq!(alone.chosen.len(), 1);
                prop_assert_eq!(told(&alone.recording.tasks[alone.chosen[0].index]), told(task));
                prop_assert_eq!(alone.chosen[0].entries, chosen.entries);
            }
        }
    }
}

/// A damaged trace may begin the background, which is no task.
fn is_one(task: &Task) -> bool {
    task.id != TaskId::BACKGROUND || task.end.is_some()
}

/// One long task with many logs, a part of it, and another task.
fn one_long_task(logs: usize) -> Trace {
    let mut text = START.to_owned();
    text.push_str(&chunk_of(1));
    text.push_str("  +0 TaskBegin callsite=1 task=1 parent=0\n");
    text.push_str(&"  +1 TaskLog callsite=4 task=1 message=\"m\"\n".repeat(logs));
    text.push_str(&"  +0 TaskArg key=5 task=1 value=u64:7\n".repeat(Excerpt::ARGUMENTS + 5));
    text.push_str("  +0 TaskBegin callsite=2 task=2 parent=1\n");
    text.push_str("  +0 TaskLog callsite=4 task=9 message=\"elsewhere\"\n");
    text.push_str("  +1 TaskEnd callsite=1 task=1 parent=0 age=101\n");
    open_text(&text)
}

#[trace::test]
fn only_the_first_entries_are_kept_and_all_are_counted() {
    let trace = one_long_task(100);
    let excerpt = trace.excerpt(&Selection::Id(TaskId(1)), 10).unwrap();
    let [chosen] = excerpt.chosen[..] else { panic!("one task") };
    assert_eq!(chosen.entries, 101);
    let times: Vec<i64> = excerpt.recording.logs.iter().map(|log| log.time.ns()).collect();
    assert_eq!(times, (1..=10).collect::<Vec<_>>());
    let task = &excerpt.recording.tasks[chosen.index];
    assert_eq!((task.args.len(), excerpt.arguments_left_out), (Excerpt::ARGUMENTS, 5));
    // The part came too late to be kept, and the other task was not asked for.
    assert_eq!(excerpt.recording.tasks.len(), 1);
}

#[trace::test]
fn a_future_is_one_entry_however_often_it_is_polled() {
    let mut text = START.to_owned();
    text.push_str(&chunk_of(1));
    text.push_str("  +0 TaskBegin callsite=1 task=1 parent=0\n");
    for _ in 0..100 {
        for fiber in 11..14 {
            let fiber = format!("callsite=3 fiber={fiber}");
            text.push_str(&format!("  +1 TaskPollBegin {fiber} waited=0 task=1\n  +1 RegionEnd\n"));
        }
    }
    let trace = open_text(&text);
    for limit in [0, 2, 3] {
        let excerpt = trace.excerpt(&Selection::Id(TaskId(1)), limit).unwrap();
        assert_eq!(excerpt.chosen[0].entries, 3);
        let kept: Vec<_> = excerpt.recording.fibers.iter().map(|fiber| fiber.id.0).collect();
        assert_eq!(kept, (11..14).take(limit).collect::<Vec<_>>());
        assert!(excerpt.recording.fibers.iter().all(|fiber| fiber.poll_count == 100));
    }
}

#[trace::test]
fn of_very_many_polls_the_first_ones_and_the_last_one_are_kept() {
    let mut text = START.to_owned();
    const POLLS: u64 = Excerpt::POLLS as u64 + 10;
    text.push_str(&chunk_of(1));
    text.push_str("  +0 TaskBegin callsite=1 task=1 parent=0\n");
    text.push_str("  +0 FiberBegin callsite=3 fiber=11 parent=0 task=1\n");
    let poll = "  +1 Wake fiber=11\n  +0 TaskPollBegin callsite=3 fiber=11 waited=0 task=1\n  +1 RegionEnd\n";
    text.push_str(&poll.repeat(POLLS as usize));
    text.push_str(&chunk_of(2).replace("base=1000", "base=900000"));
    text.push_str(poll);
    let trace = open_text(&text);
    let excerpt = trace.excerpt(&Selection::Id(TaskId(1)), 10).unwrap();
    let [fiber] = &excerpt.recording.fibers[..] else { panic!("one future") };
    assert_eq!((fiber.poll_count, fiber.busy_ns), (POLLS + 1, POLLS + 1));
    assert_eq!((fiber.polls.len(), fiber.wakes.len()), (Excerpt::POLLS, Excerpt::POLLS));
    assert_eq!(fiber.threads(), [ThreadId(1), ThreadId(2)]);
    assert_eq!(fiber.wakes.last().unwrap().1, ThreadId(2));
    assert_eq!(excerpt.polls_left_out, 2 * 11);
    let whole = trace.load().unwrap();
    assert_eq!(whole.fibers[0].polls.len() as u64, POLLS + 1);
}

/// As in the window of a flight recorder.
#[trace::test]
fn the_end_of_a_future_alone_tells_of_it() {
    let mut text = START.to_owned();
    text.push_str(&chunk_of(1));
    text.push_str(
        "  +9 FiberEnd callsite=3 fiber=11 parent=7 task=1 age=8 busy=5 waited=2 polls=3 outcome=cancelled\n  \
         +0 UnseenFiberEnd callsite=3 fiber=12 outcome=completed\n",
    );
    let trace = open_text(&text);
    let recording = trace.load().unwrap();
    let [unseen, told] = &recording.fibers[..] else { panic!("two: {:?}", recording.fibers) };
    assert_eq!((unseen.id.0, unseen.task, unseen.begin), (12, TaskId::BACKGROUND, None));
    assert_eq!((told.id.0, told.parent.0, told.task, told.poll_count), (11, 7, TaskId(1), 3));
    assert_eq!(told.begin.map(|begin| told.end.unwrap().since(begin)), Some(8));
    let excerpt = trace.excerpt(&Selection::Slowest { count: 9, task_type: None }, 10).unwrap();
    assert_eq!((excerpt.candidates, excerpt.chosen[0].entries), (1, 1));
    assert_eq!(excerpt.recording.fibers, std::slice::from_ref(told));
}

#[trace::test]
fn tasks_that_are_open_or_only_mentioned_are_among_the_slowest() {
    let trace = one_long_task(100);
    let selection = Selection::Slowest { count: 2, task_type: None };
    let excerpt = trace.excerpt(&selection, 10).unwrap();
    assert_eq!(excerpt.candidates, 3);
    let ids: Vec<u64> =
        excerpt.chosen.iter().map(|c| excerpt.recording.tasks[c.index].id.0).collect();
    assert_eq!(ids, [9, 1]);
}

#[trace::test]
fn what_is_not_there_is_not_found() {
    let trace = one_long_task(1);
    for selection in [
        Selection::Id(TaskId(77)),
        Selection::Id(TaskId::BACKGROUND),
        Selection::Slowest { count: 3, task_type: Some("tea".into()) },
    ] {
        let excerpt = trace.excerpt(&selection, 10).unwrap();
        assert_eq!((excerpt.candidates, excerpt.chosen.len()), (0, 0));
        let names: Vec<_> =
            excerpt.task_types.iter().map(|&id| trace.callsites().name(id)).collect();
        assert_eq!(names, ["order", "part"]);
    }
}
