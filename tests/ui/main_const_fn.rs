#[trace::main]
const fn main() {}
