#[trace::test]
async fn milk_is_foamed() {}

fn main() {
    drop(milk_is_foamed());
}
