#[trace::region_all]
struct Cup;

#[trace::region_all]
pub(crate) fn pour() {
    let _cup = Cup;
}

unsafe extern "C" {
    #[trace::region_all]
    safe fn abs(number: i32) -> i32;
}

fn main() {
    pour();
    abs(-1);
}
