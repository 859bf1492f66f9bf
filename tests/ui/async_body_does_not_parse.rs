#[trace::region]
async fn pour() -> u8 {
    let cup = ;
    3
}

fn main() {
    drop(pour());
}
