//! What is missing, by the recorder's own account and by the gaps in the file.

use std::collections::BTreeMap;

use trace_format::{BlockType, LossCause};

use crate::{Loss, Problem, Problems, ThreadId, Time};

/// What is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossReport {
    /// How many events the recorder counted as lost.
    pub total: u64,
    /// The same per thread and cause.
    pub losses: Vec<LossTotal>,
    /// Chunks that are missing in the file, per thread. How many events they held is not known.
    pub gaps: Vec<GapTotal>,
    /// In how many places the file is damaged, or ends, where events were or may have been. How many
    /// is not known.
    pub damaged: u64,
}

impl LossReport {
    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        let counted = self.total == 0 && self.losses.is_empty();
        counted && self.gaps.is_empty() && self.damaged == 0
    }
}

/// Whether a problem means that events are missing, nobody knows how many.
fn hides_events(problem: &Problem) -> bool {
    let may_be_chunk = |block_type| matches!(block_type, None | Some(BlockType::Chunk));
    match *problem {
        Problem::Damaged { block_type, .. } | Problem::EndsInsideBlock { block_type, .. } => {
            may_be_chunk(block_type)
        }
        Problem::MalformedBlock { block_type, .. } => may_be_chunk(Some(block_type)),
        Problem::MalformedEvent { .. } => true,
        _ => false,
    }
}

/// Events of a thread that were lost for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossTotal {
    /// The thread, when it is known.
    pub thread: Option<ThreadId>,
    /// Why.
    pub cause: LossCause,
    /// How many.
    pub count: u64,
    /// The first of them happened here or later.
    pub from: Time,
    /// The last of them happened here or earlier.
    pub to: Time,
}

/// Chunks of a thread that are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapTotal {
    /// The thread.
    pub thread: ThreadId,
    /// How many.
    pub chunks: u64,
    /// From where on.
    pub from: Time,
    /// Up to where.
    pub to: Time,
}

#[derive(Debug, Default)]
pub(super) struct Losses {
    losses: BTreeMap<(Option<ThreadId>, LossCause), LossTotal>,
    gaps: BTreeMap<ThreadId, GapTotal>,
}

impl Losses {
    /// Starts with what the loss records tell.
    pub(super) fn new(records: &[Loss]) -> Self {
        let mut losses = Self::default();
        records.iter().for_each(|loss| losses.loss(loss));
        losses
    }

    pub(super) fn loss(&mut self, loss: &Loss) {
        let &Loss { thread, cause, count, from, to } = loss;
        self.add(LossTotal { thread, cause, count, from, to });
    }

    fn add(&mut self, loss: LossTotal) {
        self.losses
            .entry((loss.thread, loss.cause))
            .and_modify(|total| {
                total.count = total.count.saturating_add(loss.count);
                total.from = total.from.min(loss.from);
                total.to = total.to.max(loss.to);
            })
            .or_insert(loss);
    }

    pub(super) fn gap(&mut self, thread: ThreadId, chunks: u64, from: Time, to: Time) {
        self.add_gap(GapTotal { thread, chunks, from, to });
    }

    fn add_gap(&mut self, gap: GapTotal) {
        self.gaps
            .entry(gap.thread)
            .and_modify(|total| {
                total.chunks = total.chunks.saturating_add(gap.chunks);
                total.to = gap.to;
            })
            .or_insert(gap);
    }

    /// Adds what follows this.
    pub(super) fn merge(&mut self, next: Self) {
        next.losses.into_values().for_each(|loss| self.add(loss));
        next.gaps.into_values().for_each(|gap| self.add_gap(gap));
    }

    pub(super) fn finish(self, problems: &Problems) -> LossReport {
        let total = self.losses.values().fold(0, |sum: u64, loss| sum.saturating_add(loss.count));
        LossReport {
            total,
            losses: self.losses.into_values().collect(),
            gaps: self.gaps.into_values().collect(),
            damaged: problems.iter().filter(|problem| hides_events(problem)).count() as u64,
        }
    }
}
