//! A clean build of the tracer, and how many crates that is.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;
use tempfile::TempDir;
use toml::Table;

use crate::cargo::{cargo, output_of, time};
use crate::variants::{self, OURS, TRACING, Variant};

const ROUNDS: usize = 3;

/// How long building a tracer took.
#[derive(Serialize)]
pub(crate) struct Built {
    pub(crate) variant: &'static str,
    /// How many crates there are in its tree, itself included.
    pub(crate) crates: usize,
    /// In each round.
    pub(crate) seconds: Vec<f64>,
}

/// Builds ours, and the one that it is held against, each in an empty program.
pub(crate) fn measure() -> Result<Vec<Built>> {
    let mut all = Vec::new();
    for variant in variants::ALL.iter().filter(|variant| [OURS, TRACING].contains(&variant.name)) {
        let directory = program(variant)?;
        let built =
            Built { variant: variant.name, crates: crates(&directory)?, seconds: Vec::new() };
        all.push((built, directory));
    }
    for round in 1..=ROUNDS {
        for (built, directory) in &mut all {
            eprintln!("clean build {round} of {ROUNDS}: {}", built.variant);
            output_of(cargo(directory.path(), &["clean", "--quiet"]))?;
            let mut build = cargo(directory.path(), &["build", "--quiet", "--offline"]);
            // Ours comes from a directory, which alone would make cargo build it incrementally. What comes
            // from a registry, as it does for users, is not.
            build.env("CARGO_INCREMENTAL", "0");
            built.seconds.push(time(build)?.0.as_secs_f64());
        }
    }
    Ok(all.into_iter().map(|(built, _)| built).collect())
}

/// An empty program that depends on the tracer. Its dependencies are fetched.
fn program(variant: &Variant) -> Result<TempDir> {
    let directory = TempDir::new()?;
    fs::create_dir(directory.path().join("src"))?;
    fs::write(directory.path().join("src/main.rs"), "fn main() {}\n")?;
    let mut manifest: Table =
        toml::from_str("[package]\nname = \"program\"\nedition = \"2024\"\n\n[workspace]\n")?;
    let dependencies: Table = variant.dependency().into_iter().collect();
    manifest.insert("dependencies".into(), dependencies.into());
    fs::write(directory.path().join("Cargo.toml"), toml::to_string(&manifest)?)?;
    output_of(cargo(directory.path(), &["fetch", "--quiet"]))?;
    Ok(directory)
}

/// How many crates a program is built from, without itself.
fn crates(directory: &TempDir) -> Result<usize> {
    let arguments = ["tree", "--edges=normal,build", "--prefix=none", "--no-dedupe"];
    let tree = output_of(cargo(directory.path(), &arguments))?;
    let crates: BTreeSet<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    crates.len().checked_sub(1).context("the tree has a root")
}
