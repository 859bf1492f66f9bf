trait Brew {
    #[trace::region]
    fn brew(&self) -> u32;
}

impl Brew for u32 {
    fn brew(&self) -> u32 {
        *self
    }
}

fn main() {
    1.brew();
}
