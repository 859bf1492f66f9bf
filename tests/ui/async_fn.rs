#[trace::region]
async fn steam_milk() {}

#[trace::task("makeCappuccino")]
async fn make_cappuccino() {
    steam_milk().await;
}

fn main() {
    drop(make_cappuccino());
}
