//! The guard outlives the temporaries of the last expression: edition 2021, which drops them
//! after the locals.

#[path = "../drop_order/mod.rs"]
mod drop_order;

#[test]
fn guard_is_dropped_after_the_body() {
    drop_order::check(
        ["local", "temporary", "parameter"],
        ["local", "guard", "temporary", "parameter"],
    );
}
