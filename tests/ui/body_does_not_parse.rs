#[trace::region]
fn pour() {
    let cup = ;
}

fn main() {
    pour();
}
