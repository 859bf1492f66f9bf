//! Any sequence of begins and ends, well nested or not, against a naive account of it: at each
//! moment, time is the self time of the innermost open region and of no other.

mod program;

use program::{BASE, Known, Program, acts};
use proptest::prelude::*;
use trace_reader::{Fate, Recording, Step, Trace};

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

fn config() -> ProptestConfig {
    ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
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
        let only_misnested = |problem: &trace_reader::Problem| {
            matches!(problem, trace_reader::Problem::Misnested { .. })
        };
        prop_assert!(trace.validate().unwrap().iter().all(only_misnested));
    }

    #[test]
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
