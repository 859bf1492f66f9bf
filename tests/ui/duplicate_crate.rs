#[trace::region(crate = trace, crate = ::trace)]
fn pour() {}

fn main() {
    pour();
}
