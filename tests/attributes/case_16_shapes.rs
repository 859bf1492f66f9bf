//! Case 16: functions of every shape, synchronous ones and `async` ones.

use std::pin::Pin;

use crate::futures::{pause, run};
use crate::lines::{record, region};
use crate::recorded::{fiber, fibers, recorded, turn};

#[trace::region(args(n))]
fn recursive(n: u32) -> u32 {
    #[trace::region]
    fn one() -> u32 {
        1
    }
    if n == 0 { one() } else { recursive(n - 1) }
}

#[derive(Debug, Clone)]
struct Machine(u32);

impl Machine {
    #[trace::region(args(?self, n = self.0))]
    fn by_reference(&self) -> u32 {
        self.0
    }

    #[trace::region]
    fn by_mutable_reference(&mut self) -> &mut u32 {
        self.0 += 1;
        &mut self.0
    }

    #[trace::region]
    fn by_value(mut self) -> Self {
        self.0 += 1;
        self
    }

    #[trace::region]
    #[expect(clippy::boxed_local)]
    fn boxed(self: Box<Self>) -> u32 {
        self.0
    }

    #[trace::region(args(n = self.0))]
    fn pinned(self: Pin<&mut Self>) -> u32 {
        self.get_mut().0
    }
}

trait Brew {
    fn brew(&self) -> String;

    #[trace::region(args(cups))]
    fn many(&self, cups: usize) -> String
    where
        Self: Sized,
    {
        self.brew().repeat(cups)
    }
}

impl Brew for Machine {
    #[trace::region]
    fn brew(&self) -> String {
        self.0.to_string()
    }
}

#[trace::region]
fn forever(n: u32) -> ! {
    panic!("{n}")
}

#[test]
fn functions_nest_and_recur() {
    let recorded = record(|| recursive(1));
    assert_eq!(
        recorded.lines,
        [
            "region recursive n=1",
            "region recursive n=0",
            "region one",
            "end region one",
            "end region recursive",
            "end region recursive",
        ]
    );
}

#[test]
fn methods_have_any_receiver() {
    let recorded = record(|| Machine(1).by_reference());
    assert_eq!(recorded.lines[0], "region by_reference self=?Machine(1) n=1");
    region("by_mutable_reference", || *Machine(1).by_mutable_reference() += 1);
    assert_eq!(region("by_value", || Machine(1).by_value()).0, 2);
    assert_eq!(region("boxed", || Box::new(Machine(4)).boxed()), 4);
    assert_eq!(record(|| Pin::new(&mut Machine(5)).pinned()).result, 5);
}

#[test]
fn trait_methods_are_functions_too() {
    let recorded = record(|| Machine(1).many(2));
    assert_eq!(recorded.result, "11");
    assert_eq!(
        recorded.lines,
        ["region many cups=2", "region brew", "end region brew", "end region many"]
    );
}

macro_rules! make {
    ([$($asyncness:ident)?] fn $name:ident($parameter:ident: $type:ty) -> $result:ty $body:block) => {
        #[trace::region(args($parameter))]
        $($asyncness)? fn $name($parameter: $type) -> $result $body
    };
}

make! { [] fn made(n: u32) -> u32 { n + 1 } }
make! { [async] fn made_async(n: u32) -> u32 { pause().await; n + 1 } }

#[trace::region(args(r#type, count = all.clone().into_iter().count()))]
fn any_of<T: PartialEq + Clone>(
    all: impl IntoIterator<Item = T> + Clone,
    r#type: &(impl trace::Arg + ?Sized),
    is: &dyn Fn(T) -> bool,
) -> bool {
    _ = r#type;
    all.into_iter().any(is)
}

#[test]
fn parameters_may_be_of_types_without_a_name() {
    let recorded = record(|| any_of([1, 2], "small", &|n| n == 2));
    assert!(recorded.result);
    assert_eq!(recorded.lines[0], "region any_of type=small count=2");
}

#[test]
fn macros_may_write_functions() {
    let recorded = record(|| made(2));
    assert_eq!((recorded.result, &*recorded.lines[0]), (3, "region made n=2"));
    let _turn = turn();
    assert_eq!(run(made_async(2)), 3);
}

#[test]
fn a_function_need_not_return() {
    let result = region("forever", || std::panic::catch_unwind(|| forever(9)));
    assert_eq!(*result.unwrap_err().downcast::<String>().unwrap(), "9");

    #[trace::region]
    async fn forever_async() -> ! {
        loop {
            pause().await;
        }
    }
    let _turn = turn();
    let mut future = Box::pin(forever_async());
    assert!(crate::futures::poll(future.as_mut()).is_pending());
}

struct Grinder {
    cups: Vec<String>,
}

impl Grinder {
    #[trace::region("fill", args(?name))]
    async fn fill(&mut self, mut name: String, (a, b): (u8, u8)) -> &String {
        name.push_str(&format!(" {}", a + b));
        pause().await;
        self.cups.push(name);
        self.cups.last().expect("one was pushed")
    }

    #[trace::region]
    async fn pinned(self: Pin<&mut Self>) -> usize {
        pause().await;
        self.cups.len()
    }

    #[trace::region]
    async unsafe fn dangerous(&self) -> usize {
        // SAFETY: there is a cup.
        unsafe { self.cups.get_unchecked(0) }.len()
    }

    #[trace::region]
    async fn r#yield<const N: usize>(self, r#type: &[impl AsRef<str>; N]) -> usize {
        pause().await;
        self.cups.iter().filter(|cup| r#type.iter().any(|text| text.as_ref() == *cup)).count()
    }
}

trait BrewAsync {
    async fn brew(&self, n: usize) -> Self
    where
        Self: Sized;

    #[trace::region]
    async fn twice(&self) -> usize {
        pause().await;
        2
    }
}

impl BrewAsync for String {
    #[trace::region]
    async fn brew(&self, n: usize) -> Self {
        pause().await;
        self.repeat(n)
    }
}

#[test]
fn async_methods() {
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        let mut grinder = Grinder { cups: Vec::new() };
        assert_eq!(run(grinder.fill("small".into(), (1, 2))), "small 3");
        assert_eq!(run(Pin::new(&mut grinder).pinned()), 1);
        // SAFETY: there is a cup.
        assert_eq!(run(unsafe { grinder.dangerous() }), 7);
        assert_eq!(run(grinder.r#yield(&["large", "small 3"])), 1);
        assert_eq!(run("ab".to_owned().brew(2)), "abab");
        assert_eq!(run("ab".to_owned().twice()), 2);
    });
    let names = ["fill", "pinned", "dangerous", "yield", "brew", "twice"];
    assert_eq!(fibers(&trace, &recording), names);
    let args = crate::recorded::args(&fiber(&trace, &recording, "fill").args);
    assert_eq!(args, [r#"name=debug:"\"small\"""#]);
}

#[test]
fn async_functions_nest_and_recur() {
    #[trace::region(args(n))]
    async fn recursive(n: u32) -> u32 {
        #[trace::region]
        async fn one() -> u32 {
            pause().await;
            1
        }
        if n == 0 { one().await } else { Box::pin(recursive(n - 1)).await + 1 }
    }
    let _turn = turn();
    let (result, trace, recording) = recorded(|| run(recursive(2)));
    assert_eq!(result, 3);
    assert_eq!(fibers(&trace, &recording), ["recursive", "recursive", "recursive", "one"]);
    assert_eq!(recording.fibers[3].parent, recording.fibers[2].id);
}
