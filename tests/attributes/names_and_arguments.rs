//! What is recorded: names, arguments, and where the function is.

use crate::lines::{record, region};
use crate::recorded::turn;

#[derive(Debug)]
struct Cup(&'static str);

#[trace::region]
fn pour() {}

#[trace::region()]
fn r#yield() {}

#[trace::region("steamMilk", args(order_id, size = cup.0.len(), ?cup, label = %cup.0, r#type))]
fn steam_milk(order_id: u64, cup: &Cup, r#type: &str) {
    _ = (order_id, cup, r#type);
}

#[trace::task(args(n = ?order, m = %order + 1,), "makeCappuccino",)]
fn make_cappuccino(order: i32) {
    pour();
    _ = order;
}

#[trace::task]
#[trace::region]
fn lower_begins_first() {}

#[test]
fn the_name_is_that_of_the_function() {
    region("pour", pour);
    region("yield", r#yield);
}

#[test]
fn arguments_are_recorded_in_each_form() {
    let recorded = record(|| steam_milk(7, &Cup("tall"), "oat"));
    assert_eq!(
        recorded.lines,
        [
            r#"region steamMilk order_id=7 size=4 cup=?Cup("tall") label=%tall type=oat"#,
            "end region steamMilk",
        ]
    );
}

#[test]
fn a_task_is_around_what_the_function_does() {
    let recorded = record(|| make_cappuccino(1));
    assert_eq!(
        recorded.lines,
        [
            "task makeCappuccino n=?1 m=%2",
            "region pour",
            "end region pour",
            "end task makeCappuccino",
        ]
    );
}

#[test]
fn of_two_attributes_the_lower_begins_first() {
    let lines = record(lower_begins_first).lines;
    assert_eq!(lines[..2], ["region lower_begins_first", "task lower_begins_first"]);
}

#[test]
fn the_callsite_is_the_function() {
    let recorded = record(pour);
    let mut named = recorded.callsites.values().filter(|c| c.name.to_str() == "pour");
    let callsite = named.find(|c| c.module.to_str() == module_path!()).unwrap();
    assert!(callsite.file.to_str().ends_with("tests/attributes/names_and_arguments.rs"));
    let source = include_str!("names_and_arguments.rs").lines().nth(callsite.line as usize - 1);
    assert_eq!(source, Some("fn pour() {}"));
}

#[test]
fn with_tracing_off_nothing_is_evaluated() {
    #[trace::region(args(n = unreachable()))]
    fn unobserved() -> u8 {
        1
    }
    fn unreachable() -> u64 {
        panic!("evaluated")
    }
    let _turn = turn();
    assert_eq!(unobserved(), 1);
}

#[test]
fn an_argument_sees_what_the_user_named_as_we_do() {
    const CALLSITE: u64 = 5;
    #[trace::region(args(a = __guard, b = CALLSITE))]
    fn shadowed(__guard: u64) -> u64 {
        __guard
    }
    let recorded = record(|| shadowed(4));
    assert_eq!(recorded.lines[0], "region shadowed a=4 b=5");
    assert_eq!(recorded.result, 4);
}
