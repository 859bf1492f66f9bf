//! Case 7: what an annotation makes of the type of an `async` function's future: how large it is, whether it can
//! be sent, and that it is one type and not a tree of them.

use std::any::type_name_of_val;
use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use crate::futures::{pause, run};
use crate::recorded::turn;

/// What an annotation adds: a callsite, a state of two words, and which of its own states the function is in.
const OWN: usize = 32;

type Kilobyte = [u8; 1024];

/// Three functions that hand on a kilobyte.
///
/// A parameter lies in the function, and once more in its body: the compiler puts neither over the other. The
/// innermost function would have kept a copy anyway, since it uses it after a pause.
#[test]
fn futures_grow_by_what_is_known() {
    async fn plain_three(bytes: Kilobyte) -> u8 {
        pause().await;
        bytes[0]
    }
    async fn plain_two(bytes: Kilobyte) -> u8 {
        plain_three(bytes).await
    }
    async fn plain_one(bytes: Kilobyte) -> u8 {
        plain_two(bytes).await
    }
    #[trace::region]
    async fn three(bytes: Kilobyte) -> u8 {
        pause().await;
        bytes[0]
    }
    #[trace::region]
    async fn two(bytes: Kilobyte) -> u8 {
        three(bytes).await
    }
    #[trace::region]
    async fn one(bytes: Kilobyte) -> u8 {
        two(bytes).await
    }
    let (plain, annotated) = (size_of_val(&plain_one([0; 1024])), size_of_val(&one([0; 1024])));
    println!("{plain} bytes plain, {annotated} annotated");
    assert!(annotated <= plain + 2 * size_of::<Kilobyte>() + 3 * OWN, "{plain}, {annotated}");
}

#[test]
fn futures_grow_by_little_without_parameters() {
    async fn plain() {
        pause().await;
    }
    #[trace::region]
    async fn region() {
        pause().await;
    }
    #[trace::task("task", args(n = 3))]
    async fn task() {
        pause().await;
    }
    let plain = size_of_val(&plain());
    for (annotated, name) in [(size_of_val(&region()), "region"), (size_of_val(&task()), "task")] {
        println!("{plain} bytes plain, {annotated} with a {name}");
        assert!(annotated <= plain + OWN, "{plain} and {annotated}: {name}");
    }
}

/// Each function awaits the next one, twice.
macro_rules! chain {
    ($(#[$attribute:meta])? $first:ident) => {
        $(#[$attribute])?
        pub(super) async fn $first<F: Future>(innermost: F) -> F::Output { innermost.await }
    };
    ($(#[$attribute:meta])? $first:ident $second:ident $($rest:ident)*) => {
        $(#[$attribute])?
        pub(super) async fn $first<F: Future + Clone>(innermost: F) -> F::Output {
            $second(innermost.clone()).await;
            $second(innermost).await
        }
        chain! { $(#[$attribute])? $second $($rest)* }
    };
}

/// The compiler takes twelve such levels, as it takes 32 without attributes, unless `recursion_limit` says more.
#[test]
fn futures_grow_with_each_level_by_the_same() {
    mod plain {
        chain! { a b c d e f g h i j }
    }
    mod annotated {
        chain! { #[trace::region] a b c d e f g h i j }
    }
    const LEVELS: usize = 10;
    let innermost = || std::future::ready(7);
    let (plain, annotated) = (plain::a(innermost()), annotated::a(innermost()));
    let [before, now] = [size_of_val(&plain), size_of_val(&annotated)];
    println!("{before} bytes plain, {now} annotated");
    // Each level has its own copy of the parameter.
    let own = OWN + size_of_val(&innermost());
    assert!(now <= before + LEVELS * own, "{before} and {now}");
    let _turn = turn();
    assert_eq!(run(annotated), 7);
}

/// A type that has another one in it twice is twice as long with each level: 32 times here.
#[test]
fn types_do_not_grow_with_what_is_in_them() {
    async fn plain<F: Future>(inner: F) -> F::Output {
        pause().await;
        inner.await
    }
    #[trace::region]
    async fn annotated<F: Future>(inner: F) -> F::Output {
        pause().await;
        inner.await
    }
    macro_rules! five {
        ($function:ident) => {
            $function($function($function($function($function(std::future::ready(3))))))
        };
    }
    let (plain, annotated) = (five!(plain), five!(annotated));
    println!("{} bytes plain, {} annotated", size_of_val(&plain), size_of_val(&annotated));
    let longer = "annotated".len() - "plain".len();
    assert_eq!(type_name_of_val(&annotated).len(), type_name_of_val(&plain).len() + 5 * longer);
    let _turn = turn();
    assert_eq!(run(annotated), 3);
}

/// Whether a value's type has each of these, as `has` and `have`: a method of the type itself goes first, if it
/// is one of this value.
macro_rules! has {
    ($value:expr, $($bound:ident)*) => {[$({
        #[allow(dead_code)]
        struct Value<'a, T>(&'a T);
        #[allow(dead_code)]
        impl<T: $bound> Value<'_, T> {
            fn has(&self) -> bool { true }
        }
        #[allow(dead_code)]
        trait OrNot {
            fn has(&self) -> bool { false }
        }
        impl<T> OrNot for Value<'_, T> {}
        (stringify!($bound), Value(&$value).has())
    }),*]};
}

/// Functions with and without an attribute, whose futures are what `expected` says.
macro_rules! same {
    ($name:ident($($parameter:ident: $type:ty = $value:expr),*) $body:block, $expected:pat) => {{
        async fn plain($($parameter: $type),*) $body
        #[trace::region]
        async fn annotated($($parameter: $type),*) $body
        let before = has!(plain($($value),*), Send Sync Unpin UnwindSafe RefUnwindSafe);
        let now = has!(annotated($($value),*), Send Sync Unpin UnwindSafe RefUnwindSafe);
        assert_eq!(before, now, stringify!($name));
        assert!(matches!(before, [(_, $expected), ..]), stringify!($name));
        let _turn = turn();
        run(annotated($($value),*));
    }};
}

#[test]
fn futures_are_sent_where_they_were_before() {
    same!(nothing() { pause().await }, true);
    same!(plain_value(n: u32 = 3) { pause().await; _ = n }, true);
    // Held by value, and never shared: it need not be `Sync`.
    same!(not_sync(count: Cell<u32> = Cell::new(1)) { pause().await; count.set(2) }, true);
    same!(shared_where_it_is_not_sync(count: &Cell<u32> = &Cell::new(1)) {
        pause().await;
        count.set(2);
    }, false);
    same!(not_send(shared: Rc<u32> = Rc::new(3)) { pause().await; _ = Rc::clone(&shared) }, false);
    same!(not_used(_shared: Rc<u32> = Rc::new(3)) { pause().await }, false);
    same!(not_held(n: u32 = 3) { { let _shared = Rc::new(n); } pause().await }, true);
    same!(borrowed_mutably(text: &mut String = &mut String::new()) {
        pause().await;
        text.push('x');
    }, true);
}
