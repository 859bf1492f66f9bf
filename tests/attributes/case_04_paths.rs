//! Case 4: what the user named, wherever, means nothing to us. The library may be elsewhere.

use crate::futures::{pause, run};
use crate::lines::{record, region};
use crate::recorded::{fibers, recorded, turn};

mod facade {
    pub(crate) use ::trace as renamed;
}

mod hostile {
    mod trace {}
    mod core {}
    mod std {}

    #[allow(non_camel_case_types, dead_code)]
    struct bool;

    #[::trace::region(args(n))]
    pub(super) fn named_like_ours(n: u8) -> u8 {
        n
    }

    // What the standard library puts into every module may be something else here.
    #[allow(dead_code)]
    struct Box;
    #[allow(dead_code)]
    struct Some;
    #[allow(dead_code)]
    struct Result;
    #[allow(dead_code)]
    fn drop() {}
    #[allow(unused_macros)]
    macro_rules! line {
        () => {};
    }

    #[::trace::task(args(n))]
    pub(super) async fn future_named_like_ours(n: u8) -> u8 {
        super::pause().await;
        n
    }

    #[::trace::region(args(n))]
    pub(super) fn box_named_like_ours(
        n: u8,
    ) -> ::std::pin::Pin<::std::boxed::Box<dyn Future<Output = u8>>> {
        ::std::boxed::Box::pin(async move { n })
    }

    #[::trace::main]
    pub(super) fn main_named_like_ours() -> u8 {
        4
    }
}

macro_rules! make {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($parameter:ident: $type:ty) $body:block) => {
        #[trace::region(args($parameter, doubled = $parameter * 2), crate = $crate::case_04_paths::facade::renamed)]
        $(#[$attribute])*
        $visibility fn $name($parameter: $type) -> $type $body
    };
    ($item:item) => {
        #[trace::region("of an item")]
        $item
    };
}

make! {
    /// Comes from a macro.
    pub(super) fn made(n: u32) {
        let __guard = n;
        __guard.min(n)
    }
}

make! { fn item() {} }

#[trace::region(crate = facade::renamed)]
fn by_another_path() {}

#[trace::task(crate = crate::case_04_paths::facade::renamed)]
async fn future_by_another_path() -> u8 {
    pause().await;
    1
}

#[trace::region(future, args(n), crate = self::facade::renamed)]
fn box_by_another_path(n: u8) -> std::pin::Pin<Box<dyn Future<Output = u8>>> {
    Box::pin(async move { n })
}

#[trace::main(crate = facade::renamed)]
fn main_by_another_path() -> u8 {
    3
}

#[test]
fn modules_may_be_named_as_ours() {
    assert_eq!(record(|| hostile::named_like_ours(3)).lines[0], "region named_like_ours n=3");
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        assert_eq!(run(hostile::future_named_like_ours(4)), 4);
        assert_eq!(run(hostile::box_named_like_ours(5)), 5);
        assert_eq!(hostile::main_named_like_ours(), 4);
    });
    assert_eq!(fibers(&trace, &recording), ["future_named_like_ours", "box_named_like_ours"]);
}

#[test]
fn macros_may_write_the_function() {
    let recorded = record(|| made(2));
    assert_eq!((recorded.result, &*recorded.lines[0]), (2, "region made n=2 doubled=4"));
    region("of an item", item);
}

#[test]
fn the_library_may_be_elsewhere() {
    region("by_another_path", by_another_path);
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        assert_eq!(run(future_by_another_path()), 1);
        assert_eq!(run(box_by_another_path(2)), 2);
        assert_eq!(main_by_another_path(), 3);
    });
    assert_eq!(fibers(&trace, &recording), ["future_by_another_path", "box_by_another_path"]);
}
