#[trace::region("pour", args(), "spill")]
fn pour() {}

fn main() {
    pour();
}
