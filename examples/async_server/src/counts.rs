//! What the server counts itself. The trace has to tell the same.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Requests of a route, or sub-requests of a kind.
pub(crate) struct Count {
    /// As in the trace.
    name: &'static str,
    completed: AtomicU64,
    cancelled: AtomicU64,
}

pub(crate) static MENU: Count = Count::of("GET /menu");
pub(crate) static CAPPUCCINO: Count = Count::of("GET /cappuccino");
pub(crate) static ESPRESSO: Count = Count::of("GET /espresso");
pub(crate) static ROAST: Count = Count::of("GET /roast");

pub(crate) static ASK_FOR_MILK: Count = Count::of("askForMilk");
pub(crate) static ASK_FOR_COFFEE: Count = Count::of("askForCoffee");
pub(crate) static FETCH_OAT_MILK: Count = Count::of("fetchOatMilk");
pub(crate) static GRIND_BEANS: Count = Count::of("grindBeans");
pub(crate) static ROAST_BEANS: Count = Count::of("roastBeans");

/// How many messages were logged.
pub(crate) static LOGS: AtomicU64 = AtomicU64::new(0);

/// Logs a message, and counts it.
macro_rules! say {
    ($category:literal, $($message:tt)*) => {{
        $crate::counts::LOGS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        trace::trace_log!($category, $($message)*);
    }};
}
pub(crate) use say;

/// Prints all of it.
pub(crate) fn print() {
    let requests = [&MENU, &CAPPUCCINO, &ESPRESSO, &ROAST];
    let parts = [&ASK_FOR_MILK, &ASK_FOR_COFFEE, &FETCH_OAT_MILK, &GRIND_BEANS, &ROAST_BEANS];
    for Count { name, completed, cancelled } in requests.into_iter().chain(parts) {
        let [completed, cancelled] = [completed, cancelled].map(|count| count.load(Relaxed));
        println!("{name}: {completed} completed, {cancelled} cancelled");
    }
    println!("{} logs", LOGS.load(Relaxed));
}

impl Count {
    const fn of(name: &'static str) -> Self {
        Self { name, completed: AtomicU64::new(0), cancelled: AtomicU64::new(0) }
    }

    /// One more begins. It is completed when it says so; if it is dropped before, it was cancelled.
    pub(crate) fn begin(&'static self, order: u64) -> Counted {
        Counted { count: self, order, is_completed: false }
    }
}

/// A request or a sub-request that goes on.
#[must_use = "it is cancelled when it is dropped"]
pub(crate) struct Counted {
    count: &'static Count,
    order: u64,
    is_completed: bool,
}

impl Counted {
    /// With this result.
    pub(crate) fn completed<T>(mut self, result: T) -> T {
        self.is_completed = true;
        self.count.completed.fetch_add(1, Relaxed);
        result
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if !self.is_completed {
            self.count.cancelled.fetch_add(1, Relaxed);
            say!("cancelled", "{}, order {}", self.count.name, self.order);
        }
    }
}
