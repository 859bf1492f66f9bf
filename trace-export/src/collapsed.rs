//! Stacks for flame graphs: a line per stack, `outer;inner;innermost NS`, with the time that was spent in
//! its innermost frame and in nothing inside of it.
//!
//! A frame is a region, or a poll of a future; its name is the callsite's. All threads are put together.
//! The time of a frame is the self time that the reader computed, so that the sums per name are those of a
//! report, also where regions are mis-nested. It must never be computed here a second time.
//!
//! Invariants: lines ascend by stack, each stack has one line, and no line has a time of 0. Of a thread as
//! much is kept as is open on it.

mod frames;
mod stacks;

use std::io::Write;

use trace_reader::{Fate, RegionEnd, Step, Trace};

use crate::{Error, output::Output, remark::Remarks};
use frames::Frames;
use stacks::{ROOT, Stacks};

/// Writes the stacks of all threads.
pub(crate) fn write(
    trace: &Trace,
    out: &mut Output<'_>,
    remarks: &mut Remarks,
) -> Result<(), Error> {
    let (mut frames, mut stacks) = (Frames::new(trace.callsites()), Stacks::default());
    for thread in trace.threads() {
        let mut steps = trace.steps(thread.id);
        let mut open = Open::default();
        while let Some(item) = steps.next()? {
            match item.step {
                Step::RegionBegan { region, callsite, .. }
                | Step::PollBegan { region, callsite, .. }
                | Step::RegionFound { region, callsite, .. } => {
                    let frame = frames.of(callsite, remarks);
                    let stack = stacks.inside(open.innermost(), frame, &frames, remarks);
                    open.begin(region, stack);
                }
                Step::RegionEnded(ref end) => {
                    remark_on(end, remarks);
                    let stack = open.end(end);
                    if end.self_ns > 0 {
                        // Of one that is told by its end alone, nobody knows what it was in.
                        let stack = stack.unwrap_or_else(|| {
                            let frame = frames.of(end.callsite, remarks);
                            stacks.inside(ROOT, frame, &frames, remarks)
                        });
                        stacks.spend(stack, end.self_ns);
                    }
                }
                Step::Problem(ref problem) => remarks.problem(problem),
                _ => {}
            }
        }
    }
    stacks.for_each_line(&frames.into_names(), |line| out.write_all(line))?;
    Ok(())
}

#[inline]
fn remark_on(end: &RegionEnd, remarks: &mut Remarks) {
    match end.fate {
        Fate::Complete => {}
        Fate::BeganBefore => remarks.met("regions that began before the trace have no time"),
        Fate::Open => remarks.met("regions that are open at the end count up to there"),
        Fate::Lost => {
            remarks.met("regions whose end was lost count up to the event before the loss")
        }
    }
}

/// A frame that is open on a thread.
#[derive(Clone, Copy)]
struct OpenFrame {
    region: u64,
    stack: u32,
    /// Its region has ended, and it waits for those inside.
    is_over: bool,
}

/// What is open on a thread, from the outside in: regions ascend by number. The innermost one is not over.
#[derive(Default)]
struct Open {
    frames: Vec<OpenFrame>,
    /// How many are over.
    over: usize,
}

impl Open {
    fn innermost(&self) -> u32 {
        self.frames.last().map_or(ROOT, |frame| frame.stack)
    }

    fn begin(&mut self, region: u64, stack: u32) {
        self.frames.push(OpenFrame { region, stack, is_over: false });
    }

    /// The stack whose innermost frame ends; `None` when that was not open.
    fn end(&mut self, end: &RegionEnd) -> Option<u32> {
        let last = self.frames.last()?;
        if last.region != end.region {
            return if end.untold { None } else { self.end_around(end.region) };
        }
        let stack = last.stack;
        self.frames.pop();
        while self.over > 0 && self.frames.last().is_some_and(|frame| frame.is_over) {
            self.frames.pop();
            self.over -= 1;
        }
        Some(stack)
    }

    /// Ends one in which others are open. It is taken out only when there are many of these: moving the ones
    /// inside takes time in proportion to their number.
    #[cold]
    fn end_around(&mut self, region: u64) -> Option<u32> {
        let at = self.frames.binary_search_by_key(&region, |frame| frame.region).ok()?;
        let frame = &mut self.frames[at];
        if std::mem::replace(&mut frame.is_over, true) {
            return None;
        }
        let stack = frame.stack;
        self.over += 1;
        if self.over > 64 && self.over > self.frames.len() / 2 {
            self.frames.retain(|frame| !frame.is_over);
            self.over = 0;
        }
        Some(stack)
    }
}
