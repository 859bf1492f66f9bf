//! Case 7: `async` functions. Their bodies are rows of their own, and they do what they did.

use std::cell::{Cell, RefCell};
use std::error::Error;

use trace_reader::FiberOutcome;

use crate::futures::{pause, poll, run};
use crate::recorded::{args, fiber, recorded, turn};

#[trace::region]
async fn steam_milk(ml: u32) -> u32 {
    pause().await;
    trace::region_arg("foam", ml / 2);
    ml + 1
}

#[trace::task("makeCappuccino", args(order, size = label.len()))]
async fn make_cappuccino(order: u32, label: String) -> Result<String, Box<dyn Error>> {
    let milk = steam_milk(order).await;
    if milk > 100 {
        return Err(Box::new(std::fmt::Error));
    }
    let _number: u32 = "3".parse()?;
    Ok(format!("{label} {milk}"))
}

#[test]
fn a_call_is_a_row_with_its_arguments() {
    let _turn = turn();
    let (result, trace, recording) = recorded(|| run(make_cappuccino(7, "large".into())));
    assert_eq!(result.unwrap(), "large 8");
    let (task, milk) =
        (fiber(&trace, &recording, "makeCappuccino"), fiber(&trace, &recording, "steam_milk"));
    assert_eq!((milk.parent, milk.task), (task.id, task.task));
    assert_eq!((task.poll_count, milk.poll_count), (2, 2));
    assert_eq!([task.outcome, milk.outcome], [Some(FiberOutcome::Completed); 2]);
    let [whole] = &recording.tasks[..] else { panic!("one task") };
    assert_eq!(args(&whole.args), ["order=u64:7", "size=u64:5"]);
    assert_eq!(args(&milk.args), ["foam=u64:3"]);
    let line = trace.callsites().get(milk.callsite).unwrap().line;
    let source = include_str!("case_07_async_functions.rs").lines().nth(line as usize - 1);
    assert_eq!(source, Some("async fn steam_milk(ml: u32) -> u32 {"));
}

#[test]
fn results_are_those_of_the_function() {
    let _turn = turn();
    let failing = run(make_cappuccino(200, String::new()));
    assert_eq!(failing.unwrap_err().to_string(), std::fmt::Error.to_string());

    #[trace::region]
    async fn boxed(is_first: bool) -> Box<dyn Fn(u8) -> u8> {
        if is_first {
            return Box::new(|n| n + 1);
        }
        Box::new(|n| n + 2)
    }
    assert_eq!((run(boxed(true))(1), run(boxed(false))(1)), (2, 3));

    #[trace::region]
    async fn some_numbers() -> impl Iterator<Item = u8> {
        pause().await;
        0..3
    }
    assert_eq!(run(some_numbers()).collect::<Vec<_>>(), [0, 1, 2]);

    // What a closure takes has to be written: the compiler knows it from the signature only in the function.
    #[trace::region]
    async fn equals(key: &str) -> impl Fn(&(String, u32)) -> bool {
        pause().await;
        move |entry: &(String, u32)| entry.0.as_str() == key
    }
    assert!(run(equals("a"))(&("a".to_owned(), 3)));

    #[trace::region]
    async fn collected<T, C>(items: Vec<Result<T, String>>) -> Result<C, String>
    where
        C: FromIterator<T>,
    {
        let all = items.into_iter().collect::<Result<_, _>>()?;
        Ok(all)
    }
    assert_eq!(run(collected::<_, Vec<u8>>(vec![Ok(1), Ok(2)])), Ok(vec![1, 2]));

    #[trace::region]
    #[expect(clippy::needless_return)]
    async fn only_returns(value: &str) -> &str {
        pause().await;
        return value.trim();
    }
    assert_eq!(run(only_returns(" x ")), "x");
}

#[test]
fn arguments_are_evaluated_when_tracing_is_on() {
    let _turn = turn();
    let evaluated = Cell::new(0);
    #[trace::region(args(n = { evaluated.set(evaluated.get() + 1); 3 }))]
    async fn with_argument(evaluated: &Cell<u32>) {
        pause().await;
    }
    run(with_argument(&evaluated));
    assert_eq!(evaluated.get(), 0);
    let _ = recorded(|| run(with_argument(&evaluated)));
    assert_eq!(evaluated.get(), 1);
}

/// What is borrowed for a call is free again behind it.
#[test]
fn arguments_are_borrowed_anew_with_each_call() {
    #[trace::region(args(n = *sum))]
    async fn add(sum: &mut u32, each: &mut impl FnMut(&mut u32)) {
        pause().await;
        each(sum);
        pause().await;
        each(sum);
    }
    #[trace::task]
    async fn twice(sum: &mut u32, mut each: impl FnMut(&mut u32)) {
        add(sum, &mut each).await;
        add(sum, &mut each).await;
        *sum += 1;
    }
    let _turn = turn();
    let mut sum = 0;
    run(twice(&mut sum, |n| *n += 10));
    assert_eq!(sum, 41);
}

thread_local!(static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

impl Noisy {
    fn len(&self) -> usize {
        self.0.len()
    }
}

/// Each with parameters of all sorts: without a name, not used, moved on, used last.
macro_rules! noisy {
    ($($(#[$attribute:meta])? fn $name:ident;)*) => {
        $($(#[$attribute])?
        async fn $name(
            _: Noisy, a: Noisy, _permit: Noisy, (b, c): (Noisy, Noisy), d: Noisy,
        ) -> usize {
            let local = Noisy("local");
            pause().await;
            drop(c);
            pause().await;
            a.len() + d.len() + b.len() + local.len()
        })*
    };
}

noisy! {
    fn plain;
    #[trace::region] fn annotated;
}

/// What was dropped, in order, by a function that is polled so often and then dropped.
macro_rules! dropped {
    ($function:ident, $polls:expr) => {{
        let [unnamed, a, permit, b, c, d] = ["_", "a", "_permit", "b", "c", "d"].map(Noisy);
        let mut future = Box::pin($function(unnamed, a, permit, (b, c), d));
        let polls = $polls;
        assert_eq!((0..polls).filter(|_| poll(future.as_mut()).is_ready()).count(), polls / 3);
        if polls == 3 {
            std::mem::forget(future)
        } else {
            drop(future)
        }
        DROPPED.take()
    }};
}

/// Parameters and locals are dropped when and in the order in which they would have been. Parameters without a
/// name come behind those that have one: the body cannot take them along.
#[test]
fn what_is_dropped_is_dropped_in_order() {
    let _turn = turn();
    assert_eq!(dropped!(plain, 3), ["c", "local", "d", "b", "_permit", "a", "_"]);
    for polls in 0..=3 {
        assert_eq!(dropped!(annotated, polls), dropped!(plain, polls), "after {polls} polls");
    }
}

/// An attribute sees a parameter whether or not there is one.
#[trace::region]
async fn conditional(
    cups: Vec<u8>,
    #[cfg(not(test))] none: Vec<u8>,
    #[cfg(test)] more: Vec<u8>,
) -> usize {
    #[cfg(not(test))]
    drop(none);
    #[cfg(test)]
    drop(more);
    cups.len()
}

#[test]
fn parameters_may_be_there_on_condition() {
    let _turn = turn();
    assert_eq!(run(conditional(vec![1, 2], vec![3])), 2);
}
