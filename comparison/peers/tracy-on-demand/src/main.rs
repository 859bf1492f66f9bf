//! Tracy, off: the same program with the feature `ondemand`, which nothing but this package asks for.

use tracy_client as _;

fn main() {
    harness::run(peer_tracy::Tracy);
}
