#[trace::region(skip(self), "pour")]
fn pour() {}

#[trace::task(name = "pour")]
fn pour_more() {
    pour();
}

fn main() {
    pour_more();
}
