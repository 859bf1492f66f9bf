#[trace::skip(pour)]
fn pour() {}

#[trace::skip]
fn main() {
    pour();
}
