struct Cup {
    size: u32,
}

#[trace::region(args(cup.size))]
fn pour(cup: &Cup) {
    _ = cup.size;
}

fn main() {
    pour(&Cup { size: 1 });
}
