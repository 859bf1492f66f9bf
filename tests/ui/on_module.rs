#[trace::region]
mod kitchen {
    pub fn brew() {}
}

fn main() {
    kitchen::brew();
}
