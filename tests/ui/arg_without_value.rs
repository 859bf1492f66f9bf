#[trace::region(args(size = , cup))]
fn pour(cup: u32) {
    _ = cup;
}

fn main() {
    pour(1);
}
