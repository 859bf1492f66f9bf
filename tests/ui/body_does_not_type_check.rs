#[trace::region]
fn pour(cup: u32) -> u32 {
    cup + 1;
}

#[trace::region(args(cup))]
fn spill(cup: u32) -> u32 {
    cup == 1
}

fn main() {
    pour(spill(1));
}
