//! Any sequence of begins and ends, well nested or not, against a naive account of it: at each
//! moment, time is the self time of the innermost open region and of no other.

mod program;

use program::{BASE, Known, Program, acts, places};
use proptest::prelude::*;
use trace_reader::{Fate, PoolFile, Problem, Recording, Step, Trace, Value};

fn known(recording: &Recording) -> Vec<Known> {
    let known = |region: &trace_reader::Region| Known {
        callsite: region.callsite.0,
        task: region.task.0,
        parent: region.parent,
        begin: region.begin.unwrap().ns(),
        end: region.end.map(|end| end.ns()),
        self_ns: region.self_ns,
    };
    recording.regions.iter().map(known).collect()
}

/// The time in outermost regions and the sum of self times.
fn sums(trace: &Trace) -> (u64, u64) {
    let thread = &trace.analyze().unwrap().threads[0];
    (thread.covered_ns, thread.self_ns)
}

fn counted(recording: &Recording) -> Vec<(i64, i64)> {
    let value = |value: &Value<'_>| match value {
        Value::I64(value) => *value,
        other => panic!("{other:?}"),
    };
    recording.counters.iter().map(|sample| (sample.time.ns(), value(&sample.value))).collect()
}

fn is_misnested(problem: &Problem) -> bool {
    matches!(problem, Problem::Misnested { .. })
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[trace::test]
    fn the_reader_agrees_with_the_oracle(acts in acts()) {
        let program = Program::run(&acts);
        let trace = Trace::from_bytes(program.file(&vec![false; program.chunks.len()])).unwrap();
        let recording = trace.load().unwrap();
        prop_assert_eq!(&known(&recording), &program.regions);
        let logs: Vec<_> =
            recording.logs.iter().map(|log| (log.time.ns(), log.task.0, log.region)).collect();
        prop_assert_eq!(&logs, &program.logs);
        prop_assert_eq!(sums(&trace), (program.covered_ns, program.covered_ns));
        prop_assert_eq!(trace.analyze().unwrap().events, program.events);
        prop_assert!(trace.validate().unwrap().iter().all(is_misnested));
    }

    #[trace::test]
    fn counters_have_the_values_that_they_were_set_to(acts in acts()) {
        let program = Program::run(&acts);
        let trace = Trace::from_bytes(program.file(&vec![false; program.chunks.len()])).unwrap();
        prop_assert_eq!(&counted(&trace.load().unwrap()), &program.counted);
        let counters = trace.analyze().unwrap().counters;
        let values = || program.counted.iter().map(|(_, value)| *value);
        let Some(last) = program.counted.last() else {
            prop_assert!(counters.is_empty());
            return Ok(());
        };
        let [counter] = &counters[..] else { panic!("{counters:?}") };
        prop_assert_eq!(counter.count, values().count() as u64);
        prop_assert_eq!(counter.min, values().min().unwrap() as f64);
        prop_assert_eq!(counter.max, values().max().unwrap() as f64);
        let mean = values().sum::<i64>() as f64 / values().count() as f64;
        prop_assert!((counter.mean - mean).abs() < 1e-9, "{} is not {mean}", counter.mean);
        prop_assert_eq!((counter.last_time.ns(), counter.last), (last.0, last.1 as f64));
    }

    #[trace::test]
    fn a_program_that_died_is_read_from_its_trace_and_its_pool(
        acts in acts(),
        places in places(),
    ) {
        let program = Program::die(&acts);
        let (trace, pool) = program.remains(&places);
        let trace = Trace::from_sources(trace, pool).unwrap();
        let recording = trace.load().unwrap();
        prop_assert_eq!(&known(&recording), &program.regions);
        prop_assert_eq!(&counted(&recording), &program.counted);
        let logs: Vec<_> =
            recording.logs.iter().map(|log| (log.time.ns(), log.task.0, log.region)).collect();
        prop_assert_eq!(&logs, &program.logs);
        prop_assert_eq!(sums(&trace), (program.covered_ns, program.covered_ns));
        prop_assert_eq!(trace.analyze().unwrap().events, program.events);
        let is_known = |problem: &Problem| {
            is_misnested(problem)
                || matches!(
                    problem,
                    Problem::NotStopped { pool: PoolFile::Joined { unreadable: 0, .. } }
                )
        };
        let violations = trace.validate().unwrap();
        // The trace and the pool need not hold the chunks in their order.
        let is_out_of_order =
            |problem: &Problem| matches!(problem, Problem::ChunkOutOfOrder { .. });
        let mut violations = violations.iter().filter(|problem| !is_out_of_order(problem));
        prop_assert!(violations.all(is_known), "{:?}", trace.validate().unwrap());

        let mut bytes = Vec::new();
        trace.recover(&mut bytes).unwrap();
        let again = Trace::from_bytes(bytes).unwrap();
        prop_assert_eq!(&known(&again.load().unwrap()), &program.regions);
        prop_assert_eq!(again.end(), trace.end());
        let violations = again.validate().unwrap();
        let is_fine = |problem: &Problem| is_misnested(problem) || is_out_of_order(problem);
        prop_assert!(violations.iter().all(is_fine), "{:?}", violations);
    }

    #[trace::test]
    fn what_is_complete_is_true_whatever_is_missing(
        acts in acts(),
        without in prop::collection::vec(any::<bool>(), 80),
    ) {
        let program = Program::run(&acts);
        prop_assume!(without.iter().zip(&program.chunks).any(|(without, _)| !without));
        let trace = Trace::from_bytes(program.file(&without)).unwrap();
        let mut steps = trace.steps(trace_reader::ThreadId(1));
        let (mut last, mut self_ns, mut covered_ns) = (i64::MIN, 0, 0);
        while let Some(item) = steps.next().unwrap() {
            prop_assert!(item.time.ns() >= last, "times ascend");
            last = item.time.ns();
            let Step::RegionEnded(end) = item.step else { continue };
            self_ns += end.self_ns;
            covered_ns += if end.depth == 0 { end.covered_ns } else { 0 };
            if end.fate != Fate::Complete {
                continue;
            }
            // The first chunk that is there is where time starts.
            let start = trace.clock().time(BASE).ns();
            let (begin, end_ns) = (end.begin.unwrap().ns() - start, end.end.ns() - start);
            let same = |known: &&Known| {
                known.callsite == end.callsite.0
                    && known.task == end.task.0
                    && known.begin == begin
                    && known.end == Some(end_ns)
            };
            prop_assert!(program.regions.iter().any(|known| same(&known)), "{:?}", end);
        }
        prop_assert_eq!(self_ns, covered_ns);
    }
}
