#[trace::main]
fn brew(cups: u32, milk: bool) {
    drop((cups, milk));
}

fn main() {
    brew(1, true);
}
