//! Running the peers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use harness::{Line, Mode};
use report::{Machine, Versions};

use crate::peers::{self, Peer};
use crate::results::{Measured, Results, Values};

/// How many regions there are in the recordings that are measured as a whole: few and many, so that
/// memory that grows shows.
pub(crate) const FEW: Mode = Mode::Whole(1_000_000);
/// See [`FEW`].
pub(crate) const MANY: Mode = Mode::Whole(3_000_000);

const MODES: [Mode; 4] = [Mode::Off, Mode::On, FEW, MANY];

/// Builds and runs those peers whose names are given, or all.
pub(crate) fn all(only: &[String], repeats: usize) -> Result<Results> {
    let is_wanted = |peer: &&Peer| only.is_empty() || only.iter().any(|name| name == peer.name);
    let mut running: Vec<Running> =
        peers::ALL.iter().filter(is_wanted).map(Running::build).collect();
    ensure!(!running.is_empty(), "no peer has one of these names: {}", only.join(", "));
    for repeat in 1..=repeats {
        for peer in &mut running {
            eprintln!("run {repeat} of {repeats}: {}", peer.measured.name);
            peer.run();
        }
    }
    let versions = Versions::read()?;
    let finish = |peer: Running| peer.finish(&versions);
    Ok(Results {
        machine: Machine::this(),
        repeats,
        peers: running.into_iter().map(finish).collect(),
    })
}

struct Running {
    measured: Measured,
    /// For the mode `off`, and for the others.
    programs: Option<(PathBuf, PathBuf)>,
}

impl Running {
    fn build(peer: &Peer) -> Self {
        eprintln!("building {}", peer.name);
        let mut running = Self {
            measured: Measured { name: peer.name.to_owned(), ..Measured::default() },
            programs: None,
        };
        match peer.build() {
            Ok(programs) => running.programs = Some(programs),
            Err(error) => running.fail("not built", &error),
        }
        running
    }

    /// Runs it once in each mode, unless it has failed before.
    fn run(&mut self) {
        let Some((off, others)) = self.programs.take() else { return };
        for mode in MODES {
            let program = if mode == Mode::Off { &off } else { &others };
            match lines(program, mode) {
                Ok(lines) => lines.into_iter().for_each(|line| self.add(line)),
                Err(error) => return self.fail("failed", &error),
            }
        }
        self.programs = Some((off, others));
    }

    fn add(&mut self, line: Line) {
        match line {
            Line::Facts(facts) => self.measured.facts = Some(facts),
            Line::Row { mode, row, unit, values } => {
                let all = self.measured.rows.entry((mode, row));
                let all = all.or_insert_with(|| Values { unit, values: Vec::new() });
                all.values.extend(values.into_iter().map(|value| (value * 1e3).round() / 1e3));
            }
        }
    }

    fn fail(&mut self, how: &str, error: &anyhow::Error) {
        let failure = format!("{how}: {error:#}");
        eprintln!("{}: {failure}", self.measured.name);
        self.measured.failure = Some(failure);
    }

    fn finish(self, versions: &Versions) -> Measured {
        let mut measured = self.measured;
        measured.version = match &measured.facts {
            Some(facts) => {
                let packages = facts.packages.iter().map(|package| versions.of(package));
                packages.chain(facts.version.clone()).collect::<Vec<_>>().join(", ")
            }
            None => measured.name.clone(),
        };
        measured
    }
}

/// What a program prints.
fn lines(program: &Path, mode: Mode) -> Result<Vec<Line>> {
    let mut command = Command::new(program);
    match mode {
        Mode::Off => command.arg("off"),
        Mode::On => command.arg("on"),
        Mode::Whole(regions) => command.arg("whole").arg(regions.to_string()),
    };
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{mode:?} ended with {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    text.lines()
        // Some peers print lines of their own.
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).with_context(|| format!("unexpected line {line}")))
        .collect()
}
