//! `cargo trace logs`.

mod golden;

use golden::Trace;

#[trace::test]
fn a_line_per_message_and_loss_between_them() {
    Trace::of("cappuccino").run(&["logs", "t.trace"]).is("cappuccino.logs");
}

#[trace::test]
fn the_wall_clock_when_it_is_wanted() {
    let trace = Trace::of("busy_morning");
    trace.run(&["logs", "t.trace", "--wall", "--limit", "3"]).is("busy_morning.logs_wall");
}

#[trace::test]
fn hostile_messages_are_spelled_out() {
    Trace::of("hostile").run(&["logs", "t.trace"]).is("hostile.logs");
}

#[trace::test]
fn messages_are_chosen_by_category_and_text() {
    let trace = Trace::of("cappuccino");
    let messages = |args: &[&str]| -> Vec<String> {
        let lines = trace.run(&[&["logs", "t.trace", "--json"], args].concat()).json_lines();
        let logs = lines.iter().filter(|line| line["kind"] == "log");
        logs.map(|line| line["message"].as_str().expect("a message").to_owned()).collect()
    };
    assert_eq!(messages(&[]).len(), 4);
    assert_eq!(messages(&["--category", "milk"]), ["65 °C, still too cold"]);
    assert_eq!(messages(&["--grep", "order 1"]).len(), 3);
    assert_eq!(messages(&["--grep", "Served"]).len(), 0);
    assert_eq!(messages(&["--grep", "Served", "-i"]).len(), 3);
    assert_eq!(messages(&["--grep", "served", "--limit", "1"]), ["served order 17"]);
}

#[trace::test]
fn json_has_task_thread_and_both_clocks() {
    let lines =
        Trace::of("cappuccino").run(&["logs", "t.trace", "--json"]).is_harmless().json_lines();
    let log = lines.iter().find(|line| line["category"] == "milk").expect("it is there");
    assert_eq!(log["time_ns"], 1_300_000);
    assert_eq!(log["wall_ns"], 1_795_466_547_124_756_000_u64);
    assert_eq!(log["thread_name"], "barista");
    assert_eq!(log["task"], 1);
    assert_eq!(log["task_type"], "makeCappuccino");
    let lost: u64 = lines.iter().filter_map(|line| line["events"].as_u64()).sum();
    assert_eq!(lost, 312);
}
