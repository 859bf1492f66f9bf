#[trace::region(crate)]
fn pour() {}

fn main() {
    pour();
}
