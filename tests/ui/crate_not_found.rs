#[trace::region(crate = ::espresso)]
fn pour() {}

fn main() {
    pour();
}
