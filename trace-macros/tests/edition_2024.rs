//! The guard outlives the temporaries of the last expression: edition 2024, which drops them
//! before the locals.

mod drop_order;

#[test]
fn guard_is_dropped_after_the_body() {
    drop_order::check(
        ["temporary", "local", "parameter"],
        ["temporary", "local", "guard", "parameter"],
    );
}
