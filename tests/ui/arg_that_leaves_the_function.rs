#[trace::region(args(size = cup?))]
fn pour(cup: Option<u32>) -> Option<u32> {
    cup
}

fn main() {
    pour(Some(1));
}
