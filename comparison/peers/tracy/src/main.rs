//! Tracy, recording: see the library.

fn main() {
    harness::run(peer_tracy::Tracy);
}
