#[trace::region(args(cup, cup = size))]
fn pour(cup: u32, size: u32) {
    _ = cup + size;
}

fn main() {
    pour(1, 2);
}
