#[trace::region(7)]
fn pour() {}

fn main() {
    pour();
}
