use std::future::Future;

#[trace::region]
fn steam_milk() -> impl Future<Output = u8> {
    async { "foam" }
}

fn main() {
    drop(steam_milk());
}
