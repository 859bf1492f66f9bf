//! The second half of opening a trace: putting together what was found in its blocks.
//!
//! 1. Chunks are sorted by thread and sequence number; duplicates are dropped.
//! 2. The clock is built from the anchors, so that times can be told.
//! 3. Gaps in the sequence numbers are laid to the damage between the chunks around them.
//! 4. The end is what the summary says, or else the latest thing there is.

use trace_format::{Anchor, BLOCK_HEAD_LEN, LossRecord};

use crate::opening::{Damage, Opening, Unfinished};
use crate::problem::LostChunks;
use crate::source::Source;
use crate::trace::{Thread, Trace};
use crate::{Clock, Error, Loss, Problem, Summary, ThreadId, Time, chunk};

impl Opening {
    pub(crate) fn finish(mut self, source: Box<dyn Source>, file_len: u64) -> Result<Trace, Error> {
        self.callsites.shrink();
        if self.header.is_none() {
            self.problems.push(Problem::NoHeader);
        }
        if let Some(Unfinished { offset, len, found, block_type }) = self.unfinished.take() {
            self.problems.push(Problem::EndsInsideBlock { offset, len, found, block_type });
        }
        let mut threads = std::mem::take(&mut self.threads).into_sorted();
        let anchors = std::mem::take(&mut self.anchors).into_kept();
        let chunks: usize = threads.iter().map(Thread::chunks).sum();
        self.drop_duplicates(&mut threads);
        let bases = threads.iter().flat_map(|thread| &thread.chunks).map(|c| c.base_ticks);
        let anchored = anchors.iter().map(|anchor| anchor.ticks.0);
        let start_ticks = bases.chain(anchored).min().unwrap_or(0);
        let clock = Clock::new(&anchors, self.header.as_ref(), start_ticks);
        self.gaps(&threads, &clock, &*source)?;
        for Damage { offset, len, block_type, lost } in std::mem::take(&mut self.damages) {
            self.problems.push(Problem::Damaged { offset, len, block_type, lost });
        }
        let (end_ticks, end) = match &self.summary {
            Some((_, summary)) => (summary.end.0, clock.time(summary.end.0)),
            None => {
                self.problems.push(Problem::NotStopped { pool: self.pool.clone() });
                let ticks = last_ticks(&threads, &anchors, &*source)?;
                // A trace of nothing ends where it starts.
                (ticks, clock.time(ticks).max(Time::START))
            }
        };
        let summary = self.summary.take().map(|(offset, summary)| {
            self.check_summary(offset, &summary, chunks as u64);
            (offset, Summary { end, chunks: summary.chunks, lost: summary.lost })
        });
        let convert = |loss: &LossRecord| Loss {
            thread: (loss.thread != 0).then_some(ThreadId(loss.thread)),
            cause: loss.cause,
            count: loss.count,
            from: clock.time(loss.from.0),
            to: clock.time(loss.to.0),
        };
        Ok(Trace {
            losses: self.losses.into_kept().iter().map(convert).collect(),
            source,
            file_len,
            header: self.header,
            callsites: self.callsites,
            threads: threads.into(),
            clock,
            end,
            end_ticks,
            has_magic: self.has_magic,
            summary,
            problems: self.problems,
            violations: self.violations,
        })
    }

    fn check_summary(&mut self, offset: u64, summary: &trace_format::Summary, chunks: u64) {
        if !self.summary_is_last {
            self.violations.push(Problem::SummaryNotLast { offset });
        }
        if summary.chunks != chunks {
            let (what, expected, found) = ("chunks", chunks, summary.chunks);
            self.violations.push(Problem::SummaryDisagrees { offset, what, expected, found });
        }
    }

    fn drop_duplicates(&mut self, threads: &mut [Thread]) {
        for thread in threads {
            // Stable: of two with the same number the first in the file stays.
            thread.chunks.sort_by_key(|chunk| chunk.sequence);
            let id = thread.id;
            let problems = &mut self.problems;
            thread.chunks.dedup_by(|again, first| {
                let same = again.sequence == first.sequence;
                if same {
                    problems.push(Problem::DuplicateChunk {
                        offset: again.payload_offset - BLOCK_HEAD_LEN as u64,
                        thread: id,
                        sequence: again.sequence,
                    });
                }
                same
            });
        }
    }

    fn gaps(
        &mut self,
        threads: &[Thread],
        clock: &Clock,
        source: &dyn Source,
    ) -> Result<(), Error> {
        for thread in threads {
            for pair in thread.chunks.windows(2) {
                let (before, behind) = (&pair[0], &pair[1]);
                if behind.sequence == before.sequence + 1 {
                    continue;
                }
                let from = clock.time(chunk::last_ticks(source, before)?);
                let to = clock.time(behind.base_ticks).max(from);
                let chunks = behind.sequence - before.sequence - 1;
                let lost = LostChunks { thread: thread.id, chunks, from, to };
                let at = self.damages.partition_point(|d| d.offset < before.payload_offset);
                match self.damages.get_mut(at) {
                    Some(damage) if damage.offset < behind.payload_offset => damage.lost.push(lost),
                    _ => self.problems.push(Problem::MissingChunks(lost)),
                }
            }
        }
        Ok(())
    }
}

fn last_ticks(threads: &[Thread], anchors: &[Anchor], source: &dyn Source) -> Result<u64, Error> {
    let mut ticks = anchors.iter().map(|anchor| anchor.ticks.0).max().unwrap_or(0);
    for thread in threads {
        if let Some(last) = thread.chunks.last() {
            ticks = ticks.max(chunk::last_ticks(source, last)?);
        }
    }
    Ok(ticks)
}
