#[trace::main("brew")]
fn main() {}
