//! More types than fit into two bytes, and names of any length.

use std::collections::HashMap;

use trace::Context;
use trace_reader::Trace;

/// More than 65,535, and so more than can be told in two bytes.
const TYPES: usize = 70_000;

fn leaked(name: String) -> &'static str {
    Box::leak(name.into_boxed_str())
}

#[test]
fn there_may_be_any_number_of_types_with_any_names() {
    let short: Vec<_> = (0..TYPES).map(|n| leaked(format!("type {n}"))).collect();
    let long = leaked("é".repeat(500_000));
    let ((), bytes) = trace::capture(|| {
        for round in 0..2 {
            for (n, name) in short.iter().enumerate() {
                // Each type has another number of regions, of up to four.
                for _ in 0..=n % 2 {
                    trace::with_region(Context::current(), name, || ());
                }
                if n % 7 == round {
                    trace::new_task(Context::current(), name).1.end();
                }
            }
        }
        trace::with_region(Context::current(), "", || ());
        trace::with_region(Context::current(), long, || ());
        trace::log(Context::current(), long, "a long category");
    });
    let trace = Trace::from_bytes(bytes).unwrap();
    assert!(trace.validate().unwrap().is_empty());
    let analysis = trace.analyze().unwrap();
    assert_eq!(analysis.loss.total, 0);
    let regions: HashMap<_, _> =
        analysis.regions.iter().map(|region| (&*region.name, region.durations.count())).collect();
    assert_eq!(regions.len(), TYPES + 2);
    for (n, name) in short.iter().enumerate() {
        assert_eq!(regions[name], 2 * (1 + n as u64 % 2), "{name}");
    }
    assert_eq!(regions[""], 1);
    // Cut between two characters.
    let kept = "é".repeat(2_048);
    assert_eq!(regions[&*kept], 1);
    assert_eq!(&*analysis.logs[0].name, kept);
    let tasks: u64 = analysis.tasks.iter().map(|task| task.durations.count()).sum();
    assert_eq!(tasks, TYPES as u64 / 7 * 2);
    assert_eq!(analysis.tasks.len(), TYPES / 7 * 2);
}
