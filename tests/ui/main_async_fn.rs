#[trace::main]
async fn brew() {}

fn main() {
    drop(brew());
}
