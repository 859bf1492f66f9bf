//! What the compiler says to a mistake: each file in `tests/ui` makes the one it is named after.
//!
//! `TRYBUILD=overwrite cargo test --test attribute_messages` writes what it says now.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
