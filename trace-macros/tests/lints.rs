//! A function gets the same warnings from the compiler and clippy, pedantic ones included, with
//! an attribute as without.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// What an annotated function is not told, and why that is as it should be.
const EXCEPTIONS: &[&str] = &[
    // It records, which no `const fn` can.
    "this could be a `const fn`",
    // Clippy looks for it in the last expression of a function, which is now a `match`.
    "enclosing `Some` and `?` operator are unneeded",
];

#[test]
fn annotated_functions_are_warned_about_as_plain_ones() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lints");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(&directory).unwrap();
    let manifest = format!(
        "[package]\nname = \"lints\"\nedition = \"2024\"\n\
         [lib]\npath = {:?}\n\
         [features]\nannotated = []\n\
         [dependencies]\ntrace-macros = {{ path = {here:?} }}\n\
         [workspace]\n",
        here.join("tests/lints/lib.rs"),
    );
    fs::write(directory.join("Cargo.toml"), manifest).unwrap();
    // The versions that are there already; what of them is not used here goes.
    _ = fs::copy(here.join("../Cargo.lock"), directory.join("Cargo.lock"));

    let mut plain = warnings(&directory, &[]);
    assert!(plain.len() > 40, "there should be something to compare: {plain:#?}");
    plain.retain(|warning| !EXCEPTIONS.iter().any(|exception| warning.ends_with(exception)));
    let annotated = warnings(&directory, &["--features", "annotated"]);
    let missing: Vec<_> = plain.difference(&annotated).collect();
    let new: Vec<_> = annotated.difference(&plain).collect();
    assert!(missing.is_empty() && new.is_empty(), "missing: {missing:#?}\nnew: {new:#?}");
}

/// A line per warning: place and message.
fn warnings(directory: &Path, options: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env::var_os("CARGO").unwrap())
        .args(["clippy", "--quiet", "--message-format=short"])
        .args(options)
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "cargo clippy failed:\n{text}");
    text.lines().filter(|line| line.contains(".rs:")).map(String::from).collect()
}
