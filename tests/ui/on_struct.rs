#[trace::region]
struct Cup;

#[trace::task("steamMilk")]
pub enum Milk {}

fn main() {
    let _cup = Cup;
}
