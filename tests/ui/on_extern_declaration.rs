unsafe extern "C" {
    #[trace::region]
    safe fn abs(number: i32) -> i32;
}

fn main() {
    abs(-1);
}
