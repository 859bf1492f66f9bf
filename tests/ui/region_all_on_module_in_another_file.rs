#[trace::region_all]
mod menu;

#[trace::region_all]
mod kitchen {
    pub mod milk;

    pub fn brew() {}
}

fn main() {
    menu::order();
    kitchen::milk::steam();
    kitchen::brew();
}
