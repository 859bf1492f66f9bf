//! The tests of a crate whose every function is annotated, built without optimisation, while nothing is
//! recorded.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value as Json;

use crate::cargo::{cargo, output_of, time};
use crate::subjects::{Subjects, TESTED};
use crate::variants::{self, OURS, PLAIN, TRACING};

/// Few, since one of the tests tries all characters, which takes a minute.
const ROUNDS: usize = 1;
/// With others it takes minutes: they do their work even while nothing is recorded.
const VARIANTS: &[&str] = &[PLAIN, OURS, TRACING];

/// How long the tests took.
#[derive(Serialize)]
pub(crate) struct Ran {
    pub(crate) subject: &'static str,
    pub(crate) variant: &'static str,
    /// In each round.
    pub(crate) seconds: Vec<f64>,
}

/// Runs the tests of the crate as it is, with ours, and with the one that ours is held against.
pub(crate) fn measure(subjects: &Subjects) -> Result<Vec<Ran>> {
    let subject = subjects.subjects.iter().find(|subject| subject.name == TESTED);
    let subject = subject.context("the crate whose tests are run is one of the subjects")?;
    let mut all = Vec::new();
    for variant in variants::ALL.iter().filter(|variant| VARIANTS.contains(&variant.name)) {
        eprintln!("building the tests of {}", subject.package(variant));
        // A crate that cannot be built was told of by the check before.
        if let Ok(program) = build(subjects, &subject.package(variant)) {
            let ran = Ran { subject: subject.name, variant: variant.name, seconds: Vec::new() };
            all.push((ran, program));
        }
    }
    for round in 1..=ROUNDS {
        for (ran, program) in &mut all {
            eprintln!("testing {}, round {round} of {ROUNDS}: {}", ran.subject, ran.variant);
            let mut command = Command::new(&program);
            command.args(["--test-threads=1", "--quiet"]);
            ran.seconds.push(time(command)?.0.as_secs_f64());
        }
    }
    Ok(all.into_iter().map(|(ran, _)| ran).collect())
}

/// Builds the tests of a library, and returns the program.
fn build(subjects: &Subjects, package: &str) -> Result<PathBuf> {
    let arguments = ["test", "--lib", "--no-run", "--quiet", "--message-format=json", "--package"];
    let mut command = cargo(subjects.directory(), &arguments);
    command.arg(package);
    let messages = output_of(command)?;
    let program = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .find_map(|message| Some(message["executable"].as_str()?.to_owned()));
    Ok(program.context("cargo tells where the program is")?.into())
}
