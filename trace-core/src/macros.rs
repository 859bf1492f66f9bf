//! The bang macros. They expand to calls of `__private` and nothing else, and are the same in
//! every build, so that arguments are checked even where they are compiled out.

/// Begins a region in the current task; it ends when the value is dropped.
///
/// Takes a name, which is the region's type, and arguments: `key = value`, `key` for a variable of
/// that name, with `?` before the value to record its `Debug` and `%` for its `Display`. A value
/// without either must implement [`Arg`](crate::Arg). Nothing of it is evaluated when tracing is
/// off. `context: ctx,` before the name begins it in another task.
///
/// ```
/// # use trace_core as trace;
/// # let (bytes, path, ctx) = (512, std::path::Path::new("a"), trace::Context::current());
/// let _region = trace::trace_region!("read", bytes, file = %path.display());
/// let _other = trace::trace_region!(context: ctx, "parse", ?path);
/// ```
#[macro_export]
macro_rules! trace_region {
    (context: $context:expr, $name:expr $(, $($args:tt)*)?) => {
        $crate::__args!(
            [$crate::__private::Callsite::region] [$name]
            [$crate::__private::region_in($context)] [$crate::__private::region_without_begin] $($($args)*)?
        )
    };
    ($name:expr $(, $($args:tt)*)?) => {
        $crate::__args!(
            [$crate::__private::Callsite::region] [$name]
            [$crate::__private::region_in_current()] [$crate::__private::region_without_begin] $($($args)*)?
        )
    };
}

/// Begins a task as a part of the current one and enters its context on this thread; both end when
/// the value is dropped.
///
/// Arguments are as for [`trace_region!`](crate::trace_region); `context: ctx,` before the name
/// makes it a part of another task. For a task that ends on another thread see
/// [`new_task`](crate::new_task).
///
/// ```
/// # use trace_core as trace;
/// # let id = 7_u64;
/// let task = trace::trace_task!("makeCappuccino", order = id);
/// let ctx = task.context(); // to be passed to other threads
/// ```
#[macro_export]
macro_rules! trace_task {
    (context: $context:expr, $name:expr $(, $($args:tt)*)?) => {
        $crate::__args!(
            [$crate::__private::Callsite::task] [$name]
            [$crate::__private::task_in($context)] [$crate::__private::task_off] $($($args)*)?
        )
    };
    ($name:expr $(, $($args:tt)*)?) => {
        $crate::__args!(
            [$crate::__private::Callsite::task] [$name]
            [$crate::__private::task_in_current()] [$crate::__private::task_off] $($($args)*)?
        )
    };
}

/// Logs a formatted message under a category. Nothing is formatted or evaluated when tracing is
/// off. `context: ctx,` before the category logs into another task.
///
/// ```
/// # use trace_core as trace;
/// # let (id, ctx) = (7, trace::Context::current());
/// trace::trace_log!("orderID", "{id}");
/// trace::trace_log!(context: ctx, "barista", "order {} is ready", id);
/// ```
#[macro_export]
macro_rules! trace_log {
    (context: $context:expr, $category:expr, $($message:tt)+) => {
        if $crate::__private::enabled() {
            static __TRACE_CALLSITE: $crate::__private::Callsite = $crate::__private::Callsite::log(
                $category, ::core::file!(), ::core::line!(), ::core::module_path!(),
            );
            $crate::__private::log_in(&__TRACE_CALLSITE, $context, ::core::format_args!($($message)+));
        }
    };
    ($category:expr, $($message:tt)+) => {
        if $crate::__private::enabled() {
            static __TRACE_CALLSITE: $crate::__private::Callsite = $crate::__private::Callsite::log(
                $category, ::core::file!(), ::core::line!(), ::core::module_path!(),
            );
            $crate::__private::log(&__TRACE_CALLSITE, ::core::format_args!($($message)+));
        }
    };
}

/// Records the value of a counter: an integer or a floating-point number. It is not evaluated when
/// tracing is off.
///
/// ```
/// # use trace_core as trace;
/// # let queue = [1, 2, 3];
/// trace::trace_counter!("queue depth", queue.len());
/// ```
#[macro_export]
macro_rules! trace_counter {
    ($name:expr, $value:expr $(,)?) => {
        if $crate::__private::enabled() {
            static __TRACE_CALLSITE: $crate::__private::Callsite =
                $crate::__private::Callsite::counter(
                    $name,
                    ::core::file!(),
                    ::core::line!(),
                    ::core::module_path!(),
                );
            $crate::__private::count(&__TRACE_CALLSITE, $crate::__private::number(&$value));
        }
    };
}

/// Takes arguments apart: `[constructor of the callsite] [name] [begin] [off] args…`, and gathers
/// `(key, value)` pairs on the way.
#[doc(hidden)]
#[macro_export]
macro_rules! __args {
    // Begin: an empty list of pairs.
    ([$($new:tt)+] [$name:expr] [$($begin:tt)+] [$($off:tt)+] $($rest:tt)*) => {
        $crate::__args!(@ [$($new)+] [$name] [[$($begin)+] [$($off)+]] [] $($rest)*)
    };
    // One argument in each of its forms.
    (@ $new:tt $name:tt $begin:tt [$($done:tt)*] $key:ident = ? $value:expr $(, $($rest:tt)*)?) => {
        $crate::__args!(@ $new $name $begin
            [$($done)* ($key, $crate::__private::debug(&$value))] $($($rest)*)?)
    };
    (@ $new:tt $name:tt $begin:tt [$($done:tt)*] $key:ident = % $value:expr $(, $($rest:tt)*)?) => {
        $crate::__args!(@ $new $name $begin
            [$($done)* ($key, $crate::__private::display(&$value))] $($($rest)*)?)
    };
    (@ $new:tt $name:tt $begin:tt [$($done:tt)*] $key:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__args!(@ $new $name $begin
            [$($done)* ($key, $crate::__private::arg(&$value))] $($($rest)*)?)
    };
    (@ $new:tt $name:tt $begin:tt [$($done:tt)*] ? $key:ident $(, $($rest:tt)*)?) => {
        $crate::__args!(@ $new $name $begin
            [$($done)* ($key, $crate::__private::debug(&$key))] $($($rest)*)?)
    };
    (@ $new:tt $name:tt $begin:tt [$($done:tt)*] % $key:ident $(, $($rest:tt)*)?) => {
        $crate::__args!(@ $new $name $begin
            [$($done)* ($key, $crate::__private::display(&$key))] $($($rest)*)?)
    };
    (@ $new:tt $name:tt $begin:tt [$($done:tt)*] $key:ident $(, $($rest:tt)*)?) => {
        $crate::__args!(@ $new $name $begin
            [$($done)* ($key, $crate::__private::arg(&$key))] $($($rest)*)?)
    };
    // Anything else, but the end.
    (@ $new:tt $name:tt $begin:tt [$($done:tt)*] $($unexpected:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "expected arguments like `key`, `key = value`, `?key` or `key = %value`, found `",
            ::core::stringify!($($unexpected)+), "`"
        ))
    };
    // All arguments are gathered.
    (@ [$($new:tt)+] [$name:expr] [[$($begin:tt)+] [$($off:tt)+]]
        [$(($key:ident, $value:expr))*]
    ) => {{
        static __TRACE_CALLSITE: $crate::__private::Callsite = $($new)+(
            $name, ::core::file!(), ::core::line!(), ::core::module_path!(),
            &[$(::core::stringify!($key)),*],
        );
        if $crate::__private::enabled() {
            $($begin)+.on(&__TRACE_CALLSITE, &[$($value),*])
        } else {
            $($off)+(&__TRACE_CALLSITE)
        }
    }};
}
