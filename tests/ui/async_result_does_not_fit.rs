#[trace::region]
async fn steam_milk() -> Result<u8, String> {
    Err(3)
}

#[trace::region]
async fn grind() -> u8 {
    if true {
        return "fine";
    }
}

#[trace::task]
async fn order() -> Missing {
    loop {}
}

fn main() {}
