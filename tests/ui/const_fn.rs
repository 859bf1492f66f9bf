#[trace::region]
const fn grind(grams: u32) -> u32 {
    grams * 2
}

const GRAMS: u32 = grind(9);

fn main() {
    assert_eq!(GRAMS, grind(9));
}
