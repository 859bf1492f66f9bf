#[trace::region(args(cup), args(size))]
fn pour(cup: u32, size: u32) {
    _ = cup + size;
}

fn main() {
    pour(1, 2);
}
