//! Case 3: inner attributes stay in front, and what the body has of its own, as `use` and items, in its block.

use crate::futures::{pause, run};
use crate::lines::region;
use crate::recorded::turn;

#[trace::region]
fn inner_attributes() -> u32 {
    #![allow(non_snake_case)]
    //! And a comment.
    use std::mem::size_of as bytes;
    const N: u32 = 3;
    fn helper() -> u32 {
        N
    }
    let Unusual = helper();
    Unusual + u32::try_from(bytes::<u8>()).unwrap()
}

#[trace::region]
async fn of_an_async_function(text: &str) -> usize {
    #![allow(non_snake_case)]
    use std::mem::size_of as bytes;
    const N: usize = 3;
    fn helper(text: &str) -> usize {
        text.len() + N
    }
    pause().await;
    let Unusual = helper(text);
    Unusual + bytes::<u8>()
}

#[trace::region]
fn of_a_future(n: u32) -> impl Future<Output = u32> {
    #![allow(non_snake_case)]
    use std::future::ready as soon;
    const N: u32 = 3;
    let Unusual = n + N;
    soon(Unusual)
}

/// Names of ours and of the standard library, which mean something else in here.
#[trace::region(args(n))]
fn items_named_like_ours(n: u32) -> u32 {
    #![allow(dead_code)]
    struct Callsite(u32);
    mod __private {}
    macro_rules! line {
        () => {
            3
        };
    }
    static __CALLSITE: u32 = 4;
    Callsite(n).0 + line!() + __CALLSITE
}

#[test]
fn inner_attributes_and_items_stay() {
    assert_eq!(region("inner_attributes", inner_attributes), 4);
    let _turn = turn();
    assert_eq!(run(of_an_async_function("ab")), 6);
    assert_eq!(run(of_a_future(1)), 4);
}

#[test]
fn items_may_be_named_as_ours() {
    let recorded = crate::lines::record(|| items_named_like_ours(1));
    assert_eq!((recorded.result, &*recorded.lines[0]), (8, "region items_named_like_ours n=1"));
}
