//! What the compiler says to a mistake: each file in `tests/ui` makes the one it is named after.
//!
//! `TRYBUILD=overwrite cargo test --test attribute_messages` writes what it says now. It says the same where
//! annotations are compiled to nothing: case 15 in docs/macros.md, run by `ci/compiled-out`.

use std::fs;

/// Compiles with the feature `off`: the guard is nothing to drop then, and so is not held.
const NO_MISTAKE_WHEN_OFF: &str = "async_guard_across_await.rs";

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    for case in fs::read_dir("tests/ui").unwrap() {
        let path = case.unwrap().path();
        let is_left_out = cfg!(feature = "off") && path.ends_with(NO_MISTAKE_WHEN_OFF);
        if path.extension().is_some_and(|extension| extension == "rs") && !is_left_out {
            cases.compile_fail(path);
        }
    }
}
