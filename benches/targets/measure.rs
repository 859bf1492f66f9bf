//! Measuring: rows that take turns, samples of a fraction of a millisecond, and a judgement of the
//! machine. How and why: `benches/METHOD.md`.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long a sample is meant to take: short enough that many come through undisturbed.
const SAMPLE: Duration = Duration::from_micros(200);

/// What is measured: so many runs of something.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    body: Box<dyn FnMut(u32)>,
    runs: u32,
    /// Nanoseconds per run, one number per sample.
    samples: Vec<f64>,
}

impl Row {
    /// A row of something that is done so many times in a loop of its own, so that nothing but the
    /// loop is measured besides.
    pub(crate) fn new(name: &'static str, mut body: impl FnMut(u32) + 'static) -> Self {
        const TRIAL: u32 = 1000;
        body(TRIAL);
        let begin = Instant::now();
        body(TRIAL);
        let per_run = begin.elapsed().as_secs_f64() / f64::from(TRIAL);
        let runs = (SAMPLE.as_secs_f64() / per_run).clamp(100.0, 1e6) as u32;
        Self { name, body: Box::new(body), runs, samples: Vec::new() }
    }

    pub(crate) fn sample(&mut self) {
        let begin = Instant::now();
        (self.body)(self.runs);
        self.samples.push(begin.elapsed().as_nanos() as f64 / f64::from(self.runs));
    }
}

/// Nanoseconds per run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) least: f64,
    pub(crate) middle: f64,
    /// Nine of ten samples take at most this.
    pub(crate) p90: f64,
}

impl Times {
    fn of(samples: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = samples.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| sorted[((sorted.len() - 1) as f64 * part) as usize];
        Self { least: at(0.0), middle: at(0.5), p90: at(0.9) }
    }
}

/// Samples of rows, and of the machine between them.
pub(crate) struct Rounds {
    rows: Vec<Row>,
    machine: Machine,
}

impl Rounds {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        Self { rows, machine: Machine::new() }
    }

    /// Samples every row once per round, one after the other, so that a machine that gets slower
    /// does so for all of them.
    pub(crate) fn run(&mut self, rounds: usize) {
        self.machine.sample();
        for _ in 0..rounds {
            for row in &mut self.rows {
                row.sample();
            }
            self.machine.sample();
        }
    }

    /// What the rows took in quiet rounds, or in all if hardly any was quiet.
    pub(crate) fn times(&self) -> Vec<(&'static str, Times)> {
        let quiet = self.machine.quiet_rounds();
        let counts = |round: &bool| *round || !self.quiet().is_enough();
        let of_row = |row: &Row| {
            let samples = row.samples.iter().zip(&quiet).filter(|(_, round)| counts(round));
            (row.name, Times::of(samples.map(|(sample, _)| *sample)))
        };
        self.rows.iter().map(of_row).collect()
    }

    pub(crate) fn quiet(&self) -> Quiet {
        let rounds = self.machine.quiet_rounds();
        Quiet { rounds: rounds.iter().filter(|quiet| **quiet).count(), of: rounds.len() }
    }
}

/// All rows, and the ratio of each to the row called `floor` in the last rounds.
pub(crate) fn table(all: &[&Rounds], floor: &str) -> String {
    let all: Vec<_> = all.iter().flat_map(|rounds| rounds.times()).collect();
    let floor = all.iter().rfind(|(name, _)| *name == floor).expect("a row of the floor").1.least;
    let mut text =
        format!("{:44} {:>8} {:>8} {:>8} {:>8}\n", "ns", "least", "middle", "p90", "x floor");
    for (name, Times { least, middle, p90 }) in all {
        let ratio = least / floor;
        text += &format!("{name:44} {least:8.2} {middle:8.2} {p90:8.2} {ratio:8.2}\n");
    }
    text
}

/// How often the machine was ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet {
    /// In so many rounds,
    pub(crate) rounds: usize,
    /// of so many.
    pub(crate) of: usize,
}

impl Quiet {
    /// Whether there is a least time among them that means something.
    pub(crate) fn is_enough(self) -> bool {
        self.rounds >= 20
    }
}

/// Loops of which it is known how long they should take.
struct Machine {
    one_chain: Row,
    four_chains: Row,
    memory: Row,
}

impl Machine {
    fn new() -> Self {
        /// As much as fits into a core's second cache, if nobody else is in it.
        const WORDS: usize = 1 << 16;
        // A walk that visits every word once, in an order that no prefetcher follows.
        let mut next: Vec<u32> = (0..WORDS as u32).collect();
        let mut state = 1_u64;
        for i in (1..WORDS).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            next.swap(i, (state >> 33) as usize % i);
        }
        let mut at = 0_u32;
        Self {
            one_chain: Row::new("one chain of additions", |runs| {
                let mut a = 1_u64;
                for _ in 0..runs {
                    for _ in 0..16 {
                        a = black_box_add(a);
                    }
                }
                black_box(a);
            }),
            four_chains: Row::new("four chains of additions", |runs| {
                let mut chains = [1_u64, 2, 3, 4];
                for _ in 0..runs {
                    for _ in 0..16 {
                        chains = chains.map(black_box_add);
                    }
                }
                black_box(chains);
            }),
            memory: Row::new("a walk through 256 KiB", move |runs| {
                for _ in 0..runs {
                    at = next[at as usize];
                }
                black_box(at);
            }),
        }
    }

    fn sample(&mut self) {
        self.one_chain.sample();
        self.four_chains.sample();
        self.memory.sample();
    }

    /// Which rounds had a quiet machine before and after them.
    fn quiet_rounds(&self) -> Vec<bool> {
        /// A neighbour on the same core takes at least a third of the width.
        const WIDTH: f64 = 1.12;
        /// And one that uses the memory makes the walk vary by more.
        const MEMORY: f64 = 1.25;
        let walk = Times::of(self.memory.samples.iter().copied()).least;
        let chains = self.one_chain.samples.iter().zip(&self.four_chains.samples);
        let quiet: Vec<bool> = chains
            .zip(&self.memory.samples)
            .map(|((one, four), memory)| four / one < WIDTH && memory / walk < MEMORY)
            .collect();
        quiet.windows(2).map(|around| around[0] && around[1]).collect()
    }
}

/// One addition that takes one cycle, and that the compiler must leave where it is.
#[inline(always)]
fn black_box_add(value: u64) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        let mut value = value;
        // SAFETY: adds to a register.
        unsafe {
            core::arch::asm!("add {0}, 1", inout(reg) value, options(pure, nomem, nostack));
        }
        value
    }
    #[cfg(target_arch = "aarch64")]
    {
        let mut value = value;
        // SAFETY: adds to a register.
        unsafe {
            core::arch::asm!("add {0}, {0}, #1", inout(reg) value, options(pure, nomem, nostack));
        }
        value
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    black_box(value + 1)
}
