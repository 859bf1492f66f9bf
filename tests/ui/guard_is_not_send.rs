fn is_send<T: Send>() {}

fn main() {
    is_send::<trace::Region>();
}
