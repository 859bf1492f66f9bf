use std::future::Future;
use std::pin::Pin;

#[trace::region]
fn grind() -> Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(async { "fine" })
}

#[trace::region]
fn pour(is_empty: bool) -> Pin<Box<dyn Future<Output = u8>>> {
    if is_empty {
        return 3;
    }
    Box::pin(async { 3 })
}

#[trace::task]
fn order() -> Pin<Box<dyn Future<Output = Missing>>> {
    Box::pin(async { loop {} })
}

fn main() {}
