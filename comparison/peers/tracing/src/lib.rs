//! What both peers that use `tracing` annotate.

use std::hint::black_box;

use harness::Operations;

/// Spans by the attribute, as in its documentation. `tracing` has no tasks; a span without a parent
/// stands for one.
pub const OPERATIONS: Operations = Operations {
    region,
    region_with_integer: Some(region_with_integer),
    log: Some(log),
    task: Some(task),
};

#[tracing::instrument(skip_all)]
#[inline(never)]
fn region(x: u64) -> u64 {
    black_box(x)
}

#[tracing::instrument]
#[inline(never)]
fn region_with_integer(x: u64) -> u64 {
    black_box(x)
}

#[inline(never)]
fn log(x: u64) -> u64 {
    tracing::info!("value {x}");
    black_box(x)
}

#[tracing::instrument(skip_all, parent = None)]
#[inline(never)]
fn task(x: u64) -> u64 {
    black_box(x)
}
