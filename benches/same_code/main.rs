//! Functions that are compiled twice: with annotations and the feature `off`, and without
//! annotations. `ci/same-code` compares what becomes of them.

use std::hint::black_box;

macro_rules! exported {
    ($($(#[$meta:meta])* fn $name:ident($($arg:ident: $Type:ty),*) -> $Result:ty $body:block)*) => {
        $($(#[$meta])* #[unsafe(no_mangle)] #[inline(never)]
        extern "C" fn $name($($arg: $Type),*) -> $Result $body)*
    };
}

/// A statement that is there only with annotations.
macro_rules! annotation {
    ($($tokens:tt)*) => {
        #[cfg(annotated)]
        $($tokens)*
    };
}

exported! {
    #[cfg_attr(annotated, trace::region("leaf"))]
    fn same_leaf(x: u64) -> u64 {
        black_box(x)
    }

    #[cfg_attr(annotated, trace::region("caller"))]
    fn same_caller(x: u64) -> u64 {
        same_leaf(same_leaf(x)) + x
    }

    #[cfg_attr(annotated, trace::region("float", args(x, y = x * 2.0)))]
    fn same_float(x: f64) -> f64 {
        x * 3.0 + 1.0
    }

    #[cfg_attr(annotated, trace::region("loop", args(len)))]
    fn same_loop(data: *const u32, len: usize) -> u64 {
        let mut sum = 0;
        for i in 0..len {
            annotation! { let _region = trace::trace_region!("item", i, ?data); }
            // SAFETY: the caller has so many numbers there.
            sum += u64::from(unsafe { *data.add(i) });
            annotation! { trace::trace_log!("item", "{sum}"); }
            annotation! { trace::trace_counter!("sum", sum); }
        }
        sum
    }

    #[cfg_attr(annotated, trace::task("early", args(x)))]
    fn same_early_return(x: i64) -> i64 {
        if x < 0 {
            return -1;
        }
        annotation! { let _task = trace::trace_task!("inner", x); }
        same_leaf(x as u64) as i64
    }

    fn same_go_style(x: u64) -> u64 {
        annotation! { let (context, task) = trace::new_task(trace::Context::current(), "go"); }
        annotation! { let region = trace::start_region(context, "style"); }
        let y = same_leaf(x);
        annotation! { trace::log(context, "y", "done"); }
        annotation! { region.end(); }
        let z = same_leaf(y);
        annotation! { task.end(); }
        z
    }

    #[cfg_attr(annotated, trace::region("panics"))]
    fn same_panics(x: u64, y: u64) -> u64 {
        let boxed = Box::new(x);
        black_box(&boxed);
        *boxed / y
    }
}

fn main() {
    let data = black_box([1, 2, 3]);
    black_box(same_caller(1));
    black_box(same_float(1.0));
    black_box(same_loop(data.as_ptr(), data.len()));
    black_box(same_early_return(1));
    black_box(same_go_style(1));
    black_box(same_panics(1, 2));
}
