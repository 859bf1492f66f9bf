struct Cup;

impl Cup {
    #[trace::test]
    fn is_full(&self) {}
}

fn main() {
    Cup.is_full();
}
