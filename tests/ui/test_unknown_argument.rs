#[trace::test(args(cup = 1))]
fn milk_is_foamed() {}

fn main() {
    milk_is_foamed();
}
