//! Attributes on `async` functions.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context as Polled, Poll, Waker};

use trace_format::text::Spelled;
use trace_reader::{Argument, Fiber, FiberOutcome, Recording, Trace};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Polled::from_waker(Waker::noop()))
}

fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(result) = poll(future.as_mut()) {
            return result;
        }
    }
}

/// Lets others go first, once.
async fn pause() {
    let mut paused = false;
    poll_fn(|_| match std::mem::replace(&mut paused, true) {
        false => Poll::Pending,
        true => Poll::Ready(()),
    })
    .await;
}

/// One test at a time: there is one recording.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was recorded, which is strictly valid.
fn recorded<R>(record: impl FnOnce() -> R) -> (R, Trace, Recording) {
    let (result, bytes) = trace::capture(record);
    let trace = Trace::from_bytes(bytes).unwrap();
    let problems = trace.validate().unwrap();
    let told: Vec<_> = problems.iter().map(|problem| trace.describe(problem)).collect();
    assert!(told.is_empty(), "{told:?}");
    let recording = trace.load().unwrap();
    (result, trace, recording)
}

fn fiber<'r>(trace: &Trace, recording: &'r Recording, name: &str) -> &'r Fiber {
    let is = |fiber: &&Fiber| trace.callsites().name(fiber.callsite) == name;
    recording.fibers.iter().find(is).unwrap_or_else(|| panic!("there is a future called {name}"))
}

/// `key=value`, as a dump shows it.
fn args(args: &[Argument]) -> Vec<String> {
    let told = |arg: &Argument| {
        let mut text = format!("{}=", arg.key);
        arg.value.print(&mut text);
        text
    };
    args.iter().map(told).collect()
}

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
    assert_eq!(line, STEAM_MILK_LINE, "that of the function");
}

const STEAM_MILK_LINE: u32 = 70;

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
    async fn only_returns(value: &str) -> &str {
        pause().await;
        return value.trim();
    }
    assert_eq!(run(only_returns(" x ")), "x");
}

struct Machine {
    cups: Vec<String>,
}

impl Machine {
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
}

trait Brew {
    async fn brew(&self, n: usize) -> Self
    where
        Self: Sized;

    #[trace::region]
    async fn twice(&self) -> usize {
        pause().await;
        2
    }
}

impl Brew for String {
    #[trace::region]
    async fn brew(&self, n: usize) -> Self {
        pause().await;
        self.repeat(n)
    }
}

#[test]
fn methods() {
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        let mut machine = Machine { cups: Vec::new() };
        assert_eq!(run(machine.fill("small".into(), (1, 2))), "small 3");
        assert_eq!(run(Pin::new(&mut machine).pinned()), 1);
        // SAFETY: there is a cup.
        assert_eq!(run(unsafe { machine.dangerous() }), 7);
        assert_eq!(run("ab".to_owned().brew(2)), "abab");
        assert_eq!(run("ab".to_owned().twice()), 2);
    });
    let mut names: Vec<_> = recording
        .fibers
        .iter()
        .map(|fiber| trace.callsites().name(fiber.callsite).into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["brew", "dangerous", "fill", "pinned", "twice"]);
    let args = args(&fiber(&trace, &recording, "fill").args);
    assert_eq!(args, [r#"name=debug:"\"small\"""#]);
}

#[test]
fn futures_are_sent_where_they_were_before() {
    let _turn = turn();
    fn assert_send<F: Send>(future: F) -> F {
        future
    }

    // Held by value, and never shared: it need not be `Sync`.
    #[trace::task]
    async fn counted(count: Cell<u32>) -> u32 {
        count.set(count.get() + 1);
        pause().await;
        count.get()
    }
    assert_eq!(run(assert_send(counted(Cell::new(1)))), 2);

    // Not sent, and not asked to be.
    #[trace::region]
    async fn local(shared: Rc<Cell<u32>>) -> u32 {
        pause().await;
        shared.get()
    }
    assert_eq!(run(local(Rc::new(Cell::new(5)))), 5);
}

#[test]
fn a_call_that_is_dropped_is_cancelled() {
    let _turn = turn();
    let (_, trace, recording) = recorded(|| {
        let mut future = Box::pin(make_cappuccino(1, "small".into()));
        assert!(poll(future.as_mut()).is_pending());
        drop(future);
        // Never polled, it never was called.
        drop(steam_milk(3));
    });
    for name in ["makeCappuccino", "steam_milk"] {
        assert_eq!(fiber(&trace, &recording, name).outcome, Some(FiberOutcome::Cancelled));
    }
    assert_eq!(recording.fibers.len(), 2);
    assert!(recording.tasks[0].end.is_some());
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

/// Three functions that hand on a kilobyte: what an annotation adds is what it is known for.
#[test]
fn futures_grow_by_what_is_known() {
    let _turn = turn();
    type Kilobyte = [u8; 1024];
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
    // A parameter lies in the function and in its body: the compiler does not put one over the other.
    assert!(annotated <= plain + 3 * (1024 + 64), "{plain} and {annotated}");

    async fn plain_small() {
        pause().await;
    }
    #[trace::region]
    async fn small() {
        pause().await;
    }
    assert!(size_of_val(&small()) <= size_of_val(&plain_small()) + 48);
}

/// Parameters and locals are dropped in the order in which they would have been. A parameter that the body does
/// not use comes last: the body does not take it along.
#[test]
fn what_is_dropped_is_dropped_in_order() {
    let _turn = turn();
    thread_local!(static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });
    struct Noisy(&'static str);
    impl Drop for Noisy {
        fn drop(&mut self) {
            DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
        }
    }
    fn name(noisy: &Noisy) -> usize {
        noisy.0.len()
    }
    async fn plain(_: Noisy, a: Noisy, b: Noisy, c: Noisy) -> usize {
        let local = Noisy("local");
        pause().await;
        name(&a) + name(&c) + name(&b) + name(&local)
    }
    #[trace::region]
    async fn annotated(_: Noisy, a: Noisy, b: Noisy, c: Noisy) -> usize {
        let local = Noisy("local");
        pause().await;
        name(&a) + name(&c) + name(&b) + name(&local)
    }
    let noisy = || (Noisy("a"), Noisy("b"), Noisy("_"), Noisy("c"));
    let (a, b, unnamed, c) = noisy();
    run(plain(unnamed, a, b, c));
    let of_plain = DROPPED.take();
    let (a, b, unnamed, c) = noisy();
    run(annotated(unnamed, a, b, c));
    assert_eq!(DROPPED.take(), of_plain);
}
