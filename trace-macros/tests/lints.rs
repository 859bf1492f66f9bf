//! Case 13 in docs/macros.md: a function gets the same warnings from the compiler and clippy, pedantic ones included, with
//! an attribute as without.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// What an annotated function is not told, and why that is as it should be.
const MISSING: &[&str] = &[
    // It records, which no `const fn` can.
    "this could be a `const fn`",
    // Clippy looks for it in the last expression of a function, which is now a `match`. It is told of `async`
    // functions.
    "lib.rs: enclosing `Some` and `?` operator are unneeded",
    // An annotated one awaits its body.
    "unused `async` for function with no await statements",
    // The function does more than to make an `async` block.
    "this function can be simplified using the `async fn` syntax",
    // In a block that takes along what it mentions, `let x = x;` can mean something.
    "asynchronous.rs: redundant redefinition of a binding `x`",
    // Of a parameter that is mentioned, for the order in which parameters are dropped.
    "asynchronous.rs: unused variable: `hidden`",
    // Clippy does not say it of functions, but would of the block that the body is of one that returns a future.
    "asynchronous.rs: an async construct yields a type which is itself awaitable: awaitable value not awaited, \
     help: consider awaiting this value: `ready(x + 1).await`",
    // See the other list.
    "asynchronous.rs: value assigned to `x` is never read",
];

/// What an annotated function is told instead.
const NEW: &[&str] = &[
    // Of a parameter of an `async` function that is written before anybody reads it.
    "asynchronous.rs: value captured by `x` is never read",
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

    let plain = warnings(&directory, &[]);
    assert!(plain.len() > 200, "there should be something to compare: {plain:#?}");
    let annotated = warnings(&directory, &["--features", "annotated"]);
    let missing: Vec<_> =
        plain.difference(&annotated).filter(|line| !is_one_of(MISSING, line)).collect();
    let new: Vec<_> = annotated.difference(&plain).filter(|line| !is_one_of(NEW, line)).collect();
    assert!(missing.is_empty() && new.is_empty(), "missing: {missing:#?}\nnew: {new:#?}");
    // What is listed is still so.
    for (list, all, others) in [(MISSING, &plain, &annotated), (NEW, &annotated, &plain)] {
        for exception in list {
            let found = all.difference(others).any(|line| is_one_of(&[exception], line));
            assert!(found, "no exception any more: {exception}");
        }
    }
}

/// Whether a line is about one of these: a message, perhaps behind the name of a file.
fn is_one_of(exceptions: &[&str], line: &str) -> bool {
    exceptions.iter().any(|exception| match exception.split_once(".rs: ") {
        Some((file, message)) => line.contains(&format!("/{file}.rs:")) && line.contains(message),
        None => line.contains(exception),
    })
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
