#[trace::region_all(crate = ::espresso)]
mod kitchen {
    pub fn brew() {}

    pub fn pour() {}
}

fn main() {
    kitchen::brew();
    kitchen::pour();
}
