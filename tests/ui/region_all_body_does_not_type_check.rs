struct Cup(u32);

#[trace::region_all]
impl Cup {
    fn size(&self) -> u32 {
        "large"
    }

    fn fill(&self) {
        self.0 = 3;
    }
}

fn main() {
    Cup(1).fill();
    Cup(1).size();
}
