//! The routes. Each request is a task: by the attribute, or by `in_task`.

use std::future::Future;
use std::time::Duration;

use axum::extract::Path;
use axum::{Router, routing::get};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;
use trace::TraceFuture;
use trace_tokio::JoinSetExt;

use crate::counts::{self, say};

const MILK: Duration = Duration::from_millis(2);
const COFFEE: Duration = Duration::from_millis(3);
const OAT_MILK: Duration = Duration::from_millis(12);
/// Longer than any client waits.
const ROAST: Duration = Duration::from_secs(60);
/// Rounds of the mill.
const GRIND: u64 = 200_000;

/// Has a permit for each batch of beans that is being roasted: the clients, which live in the same process, leave only
/// then. Of one that leaves earlier, the server may not even begin the request.
pub(crate) static ROASTING: Semaphore = Semaphore::const_new(0);

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/menu/{order}", get(menu))
        .route("/cappuccino/{order}", get(cappuccino))
        .route("/espresso/{order}", get(espresso))
        .route("/roast/{order}", get(roast))
}

// --- at once --------------------------------------------------------------------------------

#[trace::task("GET /menu", args(order))]
async fn menu(Path(order): Path<u64>) -> &'static str {
    let request = counts::MENU.begin(order);
    say!("request", "the menu, order {order}");
    request.completed("cappuccino, espresso, beans\n")
}

// --- waits for sub-requests -----------------------------------------------------------------

#[trace::task("GET /cappuccino", args(order))]
async fn cappuccino(Path(order): Path<u64>) -> String {
    let request = counts::CAPPUCCINO.begin(order);
    say!("request", "cappuccino, order {order}");
    let mut parts = JoinSet::new();
    parts.spawn_traced("askForMilk", ask_for_milk(order));
    parts.spawn_traced("askForCoffee", ask_for_coffee(order));
    let parts = parts.join_all().await;
    request.completed(format!("{}, order {order}\n", parts.join(" and ")))
}

/// What is counted begins with the call, as what is spawned does in the trace.
fn ask_for_milk(order: u64) -> impl Future<Output = &'static str> {
    let part = counts::ASK_FOR_MILK.begin(order);
    async move {
        say!("kitchen", "milk, order {order}");
        sleep(MILK).await;
        if order % 10 == 0 {
            say!("kitchen", "where is the oat milk? order {order}");
            let fetched = trace_tokio::spawn("fetchOatMilk", fetch_oat_milk(order));
            return part.completed(fetched.await.unwrap_or("no milk"));
        }
        part.completed("milk")
    }
}

fn fetch_oat_milk(order: u64) -> impl Future<Output = &'static str> {
    let part = counts::FETCH_OAT_MILK.begin(order);
    async move {
        sleep(OAT_MILK).await;
        part.completed("oat milk")
    }
}

fn ask_for_coffee(order: u64) -> impl Future<Output = &'static str> {
    let part = counts::ASK_FOR_COFFEE.begin(order);
    async move {
        say!("kitchen", "coffee, order {order}");
        sleep(COFFEE).await;
        part.completed("coffee")
    }
}

// --- computes -------------------------------------------------------------------------------

#[trace::task("GET /espresso", args(order))]
async fn espresso(Path(order): Path<u64>) -> String {
    let request = counts::ESPRESSO.begin(order);
    say!("request", "espresso, order {order}");
    let part = counts::GRIND_BEANS.begin(order);
    let ground = trace_tokio::spawn_blocking("grindBeans", move || {
        say!("kitchen", "the mill is free, order {order}");
        part.completed(grind_beans(order))
    });
    let grounds = ground.await.unwrap_or(0);
    request.completed(format!("espresso of {grounds:x}, order {order}\n"))
}

#[trace::region("mill")]
fn grind_beans(order: u64) -> u64 {
    (0..GRIND).fold(order, |bean, round| (bean ^ round).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

// --- takes too long -------------------------------------------------------------------------

async fn roast(Path(order): Path<u64>) -> String {
    roast_batch(order).in_task("GET /roast").await
}

async fn roast_batch(order: u64) -> String {
    let request = counts::ROAST.begin(order);
    trace::Context::current().arg("order", order);
    say!("request", "fresh beans, order {order}");
    // The batch is a part of the request: when the client leaves, it is dropped, and the roaster stops.
    let mut batch = JoinSet::new();
    batch.spawn_traced("roastBeans", roast_beans(order));
    let beans = batch.join_all().await;
    request.completed(format!("{beans:?}, order {order}\n"))
}

fn roast_beans(order: u64) -> impl Future<Output = &'static str> {
    let part = counts::ROAST_BEANS.begin(order);
    async move {
        say!("kitchen", "the roaster heats up, order {order}");
        ROASTING.add_permits(1);
        sleep(ROAST).await;
        part.completed("beans")
    }
}
