struct Cup;

#[trace::region]
impl Cup {
    fn fill(&self) {}
}

fn main() {
    Cup.fill();
}
