fn assert_send(_: impl Send) {}

#[trace::region]
async fn steam_milk() {
    let _region = trace::trace_region!("heat");
    std::future::ready(()).await;
}

fn main() {
    assert_send(steam_milk());
}
