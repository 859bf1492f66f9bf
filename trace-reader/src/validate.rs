//! The strict reader: everything that is not exactly as the format demands.
//!
//! It is the lenient one with its eyes open. What that one reports as a problem is a violation
//! here, and besides what does no harm to a reading is reported as well: see
//! [`Problem`].

use crate::ledger::{Entry, Ledger};
use crate::step::Step;
use crate::{Error, Merged, Problem, Problems, Trace};

pub(crate) fn validate(trace: &Trace) -> Result<Problems, Error> {
    let mut found = trace.problems.clone();
    trace.violations.iter().for_each(|problem| found.push(problem.clone()));
    let mut ledger = Ledger::default();
    let mut lost: u64 = trace.losses.iter().fold(0, |sum, loss| sum.saturating_add(loss.count));
    let mut whole = trace.is_whole();
    let mut merged = Merged::new(trace, true);
    while let Some(item) = merged.next()? {
        if let Entry::Again(problem) = ledger.enter(&item) {
            found.push(problem);
        }
        match item.step {
            Step::Problem(problem) => {
                whole &= !matches!(problem, Problem::MalformedEvent { .. });
                found.push(problem);
            }
            Step::Loss(loss) => {
                whole = false;
                lost = lost.saturating_add(loss.count);
            }
            _ => {}
        }
    }
    ledger.tell(whole, &mut found);
    if let Some((offset, summary)) = trace.summary {
        if summary.lost != lost {
            found.push(Problem::SummaryDisagrees {
                offset,
                what: "lost events",
                expected: lost,
                found: summary.lost,
            });
        }
    }
    Ok(found)
}
