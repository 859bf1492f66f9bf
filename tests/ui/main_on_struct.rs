#[trace::main]
struct Main;

fn main() {}
