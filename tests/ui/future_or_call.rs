use std::future::{Ready, ready};

#[trace::region(future)]
fn pour() {}

#[trace::region("weigh", future)]
fn weigh() -> Option<u8> {
    None
}

#[trace::task(call)]
async fn steam_milk() {}

#[trace::region(future, call)]
fn grind() -> Ready<u8> {
    ready(3)
}

fn main() {
    pour();
    weigh();
    drop(steam_milk());
    drop(grind());
}
