//! What the compiler says to a mistake: each file in `tests/ui` makes the one it is named after.
//!
//! `TRYBUILD=overwrite cargo test --test attribute_messages` writes what it says now. It says the same where
//! annotations are compiled to nothing: case 15 in docs/macros.md, run by `ci/compiled-out`.

use std::fs;

/// What differs with the feature `off`.
const LEFT_OUT: [&str; 2] = [
    // No mistake: the guard is nothing to drop then, and so is not held.
    "async_guard_across_await.rs",
    // Names the type that futures are put into, and they are put into none.
    "future_of_another_type.rs",
];

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    for case in fs::read_dir("tests/ui").unwrap() {
        let path = case.unwrap().path();
        let is_left_out = cfg!(feature = "off") && LEFT_OUT.iter().any(|name| path.ends_with(name));
        if path.extension().is_some_and(|extension| extension == "rs") && !is_left_out {
            cases.compile_fail(path);
        }
    }
}
