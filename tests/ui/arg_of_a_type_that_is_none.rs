struct Cup;

#[trace::region(args(cup, second = Cup, ?third))]
fn pour(cup: &Cup, third: Cup) {
    let _ = (cup, third);
}

fn main() {
    pour(&Cup, Cup);
}
