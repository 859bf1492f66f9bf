//! `cargo check` of a crate whose every function is annotated.
//!
//! Dependencies are checked beforehand. Then the root of the source is touched, so that exactly this
//! one crate is checked again: the time that a programmer waits after each change.

use std::fs::File;
use std::time::SystemTime;

use anyhow::Result;
use serde::Serialize;

use crate::cargo::{cargo, time};
use crate::subjects::{Subject, Subjects};
use crate::variants::{self, Variant};

/// How long checking a crate took.
#[derive(Serialize)]
pub(crate) struct Checked {
    pub(crate) subject: &'static str,
    /// How many of its functions are annotated.
    pub(crate) functions: usize,
    pub(crate) variant: &'static str,
    /// In each round.
    pub(crate) seconds: Vec<f64>,
    /// Why it cannot be checked.
    pub(crate) failure: Option<String>,
}

/// Checks every crate in every variant.
pub(crate) fn measure(subjects: &Subjects, rounds: usize) -> Result<Vec<Checked>> {
    let mut all = Vec::new();
    for subject in &subjects.subjects {
        eprintln!("checking {}", subject.name);
        let mut checked: Vec<(Checked, &Variant)> = variants::ALL
            .iter()
            .map(|variant| (first(subjects, subject, variant), variant))
            .collect();
        for _ in 0..rounds {
            for (checked, variant) in
                checked.iter_mut().filter(|(checked, _)| checked.failure.is_none())
            {
                let package = subject.package(variant);
                let root = File::options().append(true).open(subjects.root(&package))?;
                root.set_modified(SystemTime::now())?;
                checked.seconds.push(check(subjects, &package)?);
            }
        }
        all.extend(checked.into_iter().map(|(checked, _)| checked));
    }
    Ok(all)
}

/// Checks a crate for the first time, with its dependencies.
fn first(subjects: &Subjects, subject: &Subject, variant: &Variant) -> Checked {
    let failure = check(subjects, &subject.package(variant)).err();
    if let Some(failure) = &failure {
        eprintln!("{failure:#}");
    }
    let error =
        |text: String| text.lines().find(|line| line.starts_with("error")).map(str::to_owned);
    Checked {
        subject: subject.name,
        functions: subject.functions,
        variant: variant.name,
        seconds: Vec::new(),
        failure: failure
            .map(|failure| error(failure.to_string()).unwrap_or_else(|| "it failed".into())),
    }
}

fn check(subjects: &Subjects, package: &str) -> Result<f64> {
    let command = cargo(subjects.directory(), &["check", "--quiet", "--package", package]);
    Ok(time(command)?.0.as_secs_f64())
}
