//! The records of losses that have been found while a trace is opened.

use trace_format::{LossRecord, Ticks};

/// So many are kept one by one; those behind them are put together by their cause, and no thread is told. A
/// recorder does the same, with fewer.
const MOST: usize = 1 << 16;

/// Records in the order of the file, and what the last ones come to.
#[derive(Default)]
pub(crate) struct KnownLosses {
    kept: Vec<LossRecord>,
    others: Vec<LossRecord>,
}

impl KnownLosses {
    pub(crate) fn push(&mut self, loss: LossRecord) {
        if self.kept.len() < MOST {
            return self.kept.push(loss);
        }
        let LossRecord { cause, count, from, to, .. } = loss;
        match self.others.iter_mut().find(|other| other.cause == cause) {
            None => self.others.push(LossRecord { thread: 0, ..loss }),
            Some(other) => {
                other.count = other.count.saturating_add(count);
                other.from = Ticks(other.from.0.min(from.0));
                other.to = Ticks(other.to.0.max(to.0));
            }
        }
    }

    pub(crate) fn into_kept(self) -> Vec<LossRecord> {
        let Self { mut kept, others } = self;
        kept.extend(others);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace_format::LossCause;

    #[trace::test]
    fn none_is_forgotten() {
        let mut known = KnownLosses::default();
        let causes = [LossCause::PoolFull, LossCause::Reentrant];
        let count = 2 * MOST as u64;
        for n in 0..count {
            let (from, to) = (Ticks(count - n), Ticks(count + n));
            known.push(LossRecord { thread: n, cause: causes[n as usize % 2], count: n, from, to });
        }
        let kept = known.into_kept();
        assert_eq!(kept.len(), MOST + causes.len());
        assert_eq!(kept.iter().map(|loss| loss.count).sum::<u64>(), count * (count - 1) / 2);
        assert!(kept[..MOST].iter().zip(0..).all(|(loss, n)| loss.thread == n));
        let other = &kept[MOST];
        assert_eq!((other.thread, other.cause), (0, LossCause::PoolFull));
        assert_eq!((other.from, other.to), (Ticks(2), Ticks(2 * count - 2)));
    }
}
