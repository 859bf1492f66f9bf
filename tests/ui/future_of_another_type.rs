use std::future::Future;

#[trace::region]
fn steam_milk() -> impl Future<Output = u8> {
    async { "foam" }
}

#[trace::region(future)]
fn weigh() -> u8 {
    3
}

fn main() {
    drop(steam_milk());
    weigh();
}
