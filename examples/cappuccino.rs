//! Three baristas make cappuccinos, and tell what they are doing.
//!
//! An order is a task on which more than one thread works. It is made twice here, in the two styles
//! that a program can choose between and mix: with attributes and the current context, and with a
//! context that is passed along by hand, as in Go.
//!
//! ```text
//! cargo run --release --example cappuccino [-- ORDERS]
//! ```
//!
//! writes `cappuccino.trace` and prints its report.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{env, thread};

const TRACE: &str = "cappuccino.trace";
const BARISTAS: [&str; 3] = ["Ada", "Grace", "Tony"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Milk {
    Cow,
    Oat,
}

#[derive(Clone, Copy)]
struct Order {
    id: u32,
    milk: Milk,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let orders: u32 = env::args().nth(1).map_or(Ok(60), |arg| arg.parse())?;

    trace::start_file(TRACE)?;
    run_bar(orders);
    let summary = trace::stop()?;

    println!(
        "{orders} orders; {} events lost; {TRACE}: {} bytes\n",
        summary.events_lost, summary.bytes
    );
    trace_tool::print_report(TRACE)?;
    Ok(())
}

fn run_bar(orders: u32) {
    let (counter, queue) = channel();
    let queue = Mutex::new(queue);
    thread::scope(|bar| {
        for name in BARISTAS {
            let queue = &queue;
            let barista = move || work(queue);
            thread::Builder::new().name(name.to_owned()).spawn_scoped(bar, barista).unwrap();
        }
        for id in 1..=orders {
            let milk = if id % 4 == 0 { Milk::Oat } else { Milk::Cow };
            trace::trace_counter!("orders taken", id);
            counter.send(Order { id, milk }).unwrap();
            thread::sleep(Duration::from_millis(2));
        }
        drop(counter);
    });
}

fn work(queue: &Mutex<Receiver<Order>>) {
    loop {
        let Ok(order) = ({
            let _region = trace::trace_region!("wait for an order");
            queue.lock().unwrap().recv()
        }) else {
            return;
        };
        if order.id % 2 == 0 { make_cappuccino(order) } else { make_by_hand(order) }
    }
}

// --- with attributes ----------------------------------------------------------------------

#[trace::task("makeCappuccino", args(order_id = order.id, milk = ?order.milk))]
fn make_cappuccino(order: Order) {
    trace::trace_log!("orderID", "{}", order.id);
    let ctx = trace::Context::current();
    thread::scope(|s| {
        s.spawn(move || ctx.run(|| steam_milk(order.milk)));
        extract_coffee();
    });
    mix_milk_and_coffee();
}

#[trace::region("steamMilk", args(?milk))]
fn steam_milk(milk: Milk) {
    if milk == Milk::Oat {
        trace::trace_log!("barista", "where is the oat milk?");
        find_oat_milk();
    }
    busy(Duration::from_micros(900));
}

#[trace::region]
fn find_oat_milk() {
    thread::sleep(Duration::from_millis(3));
}

#[trace::region("extractCoffee")]
fn extract_coffee() {
    busy(Duration::from_micros(1_500));
}

#[trace::region("mixMilkCoffee")]
fn mix_milk_and_coffee() {
    busy(Duration::from_micros(300));
}

// --- by hand, as in Go --------------------------------------------------------------------

fn make_by_hand(order: Order) {
    let (ctx, task) = trace::new_task(trace::Context::current(), "makeCappuccino");
    task.arg("order_id", order.id);
    trace::log(ctx, "orderID", &order.id.to_string());

    let (milk_is_steamed, milk) = channel();
    let (coffee_is_extracted, coffee) = channel();
    thread::scope(|s| {
        s.spawn(move || {
            trace::with_region(ctx, "steamMilk", || busy(Duration::from_micros(900)));
            milk_is_steamed.send(()).unwrap();
        });
        s.spawn(move || {
            trace::with_region(ctx, "extractCoffee", || busy(Duration::from_micros(1_500)));
            coffee_is_extracted.send(()).unwrap();
        });
        s.spawn(move || {
            coffee.recv().unwrap();
            milk.recv().unwrap();
            trace::with_region(ctx, "mixMilkCoffee", || busy(Duration::from_micros(300)));
            task.end(); // When it is mixed, the order is complete.
        });
    });
}

/// Works for so long.
fn busy(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}
