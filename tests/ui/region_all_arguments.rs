struct Cup;

#[trace::region_all("Mug")]
impl Cup {
    fn fill(&self) {}
}

#[trace::region_all(crate = trace, args(self))]
impl Cup {
    fn empty(&self) {}
}

#[trace::region_all(crate = trace, crate = ::trace)]
impl Cup {
    fn wash(&self) {}
}

#[trace::region_all(crate)]
impl Cup {
    fn dry(&self) {}
}

fn main() {
    Cup.fill();
    Cup.empty();
    Cup.wash();
    Cup.dry();
}
