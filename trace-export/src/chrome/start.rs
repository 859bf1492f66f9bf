//! Where 0 is: readers drop events before it.
//!
//! That is the start of the trace, unless something in it is known to have begun before: in what a flight recorder
//! kept, many things have. Only of such a trace all steps are read once more, to know the earliest.

use trace_reader::{Beginning, Step, Time, Trace};

use crate::Error;

/// What is written for the start of the trace, in nanoseconds.
pub(super) fn of(trace: &Trace) -> Result<i64, Error> {
    if trace.header().is_some_and(|header| header.beginning == Beginning::Start) {
        return Ok(0);
    }
    let mut earliest = Time::START;
    trace.losses().iter().for_each(|loss| earliest = earliest.min(loss.from));
    for thread in trace.threads() {
        let mut steps = trace.steps(thread.id);
        while let Some(item) = steps.next()? {
            let begin = match item.step {
                Step::RegionFound { begin, .. } => begin,
                Step::RegionEnded(end) => end.begin.unwrap_or(item.time),
                Step::TaskEnded { begin, .. } => begin.unwrap_or(item.time),
                Step::FiberEnded(end) => end.life.map_or(item.time, |life| life.begin),
                Step::Loss(loss) => loss.from,
                _ => item.time,
            };
            earliest = earliest.min(begin);
        }
    }
    Ok(earliest.ns().saturating_neg())
}
