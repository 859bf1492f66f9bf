//! `#[trace::region]` and `#[trace::task]` on synchronous functions: what is recorded, and that
//! the function is the one that was written.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use trace_format::wire::{Cursor, Field};
use trace_format::{BlockType, Callsite, CallsiteId, ChunkHead, Event, Stretch, Stretches, Timed};

/// What a call recorded: its result, a line per begin and end, and the callsites.
struct Recorded<R> {
    result: R,
    lines: Vec<String>,
    callsites: HashMap<CallsiteId, Callsite<'static>>,
}

/// One test at a time, so that nobody is recorded by somebody else.
fn alone<R>(work: impl FnOnce() -> R) -> R {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    work()
}

fn record<R>(work: impl FnOnce() -> R) -> Recorded<R> {
    let (result, bytes) = alone(|| trace::capture(work));
    let bytes: &'static [u8] = bytes.leak();
    let blocks = || {
        Stretches::new(bytes, trace_format::MAGIC.len()).map(|stretch| match stretch {
            Stretch::Block { head, payload, .. } => (head.block_type, Cursor::new(payload)),
            Stretch::Junk { offset, .. } => panic!("junk at {offset}"),
        })
    };
    let mut callsites = HashMap::new();
    for (_, mut input) in blocks().filter(|(block_type, _)| *block_type == BlockType::Callsites) {
        while !input.is_empty() {
            let callsite = Callsite::decode(&mut input, Callsite::SHAPE).unwrap();
            callsites.insert(callsite.id, callsite);
        }
    }
    let mut lines = Vec::new();
    for (_, mut input) in blocks().filter(|(block_type, _)| *block_type == BlockType::Chunk) {
        ChunkHead::decode(&mut input, ChunkHead::SHAPE).unwrap();
        print_events(input, &callsites, &mut lines);
    }
    Recorded { result, lines, callsites }
}

fn print_events(
    mut input: Cursor<'static>,
    callsites: &HashMap<CallsiteId, Callsite<'static>>,
    lines: &mut Vec<String>,
) {
    let mut open = Vec::new();
    let mut begun = None;
    while !input.is_empty() {
        match Timed::decode(&mut input).unwrap().event {
            Event::RegionBegin { callsite } => {
                open.push(callsite);
                begun = Some(callsite);
                lines.push(format!("region {}", callsites[&callsite].name.to_str()));
            }
            Event::TaskBegin { callsite, .. } => {
                begun = Some(callsite);
                lines.push(format!("task {}", callsites[&callsite].name.to_str()));
            }
            Event::RegionArgs { values } | Event::TaskArgs { values } => {
                let line = lines.last_mut().unwrap();
                let keys = &callsites[&begun.unwrap()].keys;
                assert_eq!(keys.len(), values.iter().count());
                for (key, value) in keys.iter().zip(values.iter()) {
                    let value = match value {
                        trace_format::Value::I64(v) => v.to_string(),
                        trace_format::Value::U64(v) => v.to_string(),
                        trace_format::Value::Str(v) => v.to_str().into_owned(),
                        trace_format::Value::Debug(v) => format!("?{}", v.to_str()),
                        trace_format::Value::Display(v) => format!("%{}", v.to_str()),
                        other => format!("{other:?}"),
                    };
                    *line += &format!(" {}={value}", key.to_str());
                }
            }
            Event::RegionEnd {} => {
                let name = callsites[&open.pop().unwrap()].name.to_str();
                lines.push(format!("end region {name}"));
            }
            Event::TaskEnd { callsite, .. } => {
                lines.push(format!("end task {}", callsites[&callsite].name.to_str()));
            }
            Event::TaskEnter { .. } | Event::Clock { .. } => {}
            other => panic!("unexpected {other:?}"),
        }
    }
}

/// Calls and returns the result, checking that just this region was recorded.
#[track_caller]
fn region<R>(name: &str, work: impl FnOnce() -> R) -> R {
    let recorded = record(work);
    assert_eq!(recorded.lines, [format!("region {name}"), format!("end region {name}")]);
    recorded.result
}

mod names_and_arguments {
    use super::*;

    #[derive(Debug)]
    struct Cup(&'static str);

    #[trace::region]
    fn pour() {}

    #[trace::region()]
    fn r#yield() {}

    #[trace::region("steamMilk", args(order_id, size = cup.0.len(), ?cup, label = %cup.0, r#type))]
    fn steam_milk(order_id: u64, cup: &Cup, r#type: &str) {
        _ = (order_id, cup, r#type);
    }

    #[trace::task(args(n = ?order, m = %order + 1,), "makeCappuccino",)]
    fn make_cappuccino(order: i32) {
        pour();
        _ = order;
    }

    #[trace::task]
    #[trace::region]
    fn lower_begins_first() {}

    #[test]
    fn the_name_is_that_of_the_function() {
        region("pour", pour);
        region("yield", r#yield);
    }

    #[test]
    fn arguments_are_recorded_in_each_form() {
        let recorded = record(|| steam_milk(7, &Cup("tall"), "oat"));
        assert_eq!(
            recorded.lines,
            [
                r#"region steamMilk order_id=7 size=4 cup=?Cup("tall") label=%tall type=oat"#,
                "end region steamMilk",
            ]
        );
    }

    #[test]
    fn a_task_is_around_what_the_function_does() {
        let recorded = record(|| make_cappuccino(1));
        assert_eq!(
            recorded.lines,
            [
                "task makeCappuccino n=?1 m=%2",
                "region pour",
                "end region pour",
                "end task makeCappuccino",
            ]
        );
    }

    #[test]
    fn of_two_attributes_the_lower_begins_first() {
        let lines = record(lower_begins_first).lines;
        assert_eq!(lines[..2], ["region lower_begins_first", "task lower_begins_first"]);
    }

    #[test]
    fn the_callsite_is_the_function() {
        let recorded = record(pour);
        let callsite = recorded.callsites.values().find(|c| c.name.to_str() == "pour").unwrap();
        assert!(callsite.file.to_str().ends_with("tests/attributes.rs"));
        assert_eq!(callsite.module.to_str(), module_path!());
        let source = include_str!("attributes.rs").lines().nth(callsite.line as usize - 1);
        assert_eq!(source, Some("    fn pour() {}"));
    }

    #[test]
    fn with_tracing_off_nothing_is_evaluated() {
        #[trace::region(args(n = unreachable()))]
        fn unobserved() -> u8 {
            1
        }
        fn unreachable() -> u64 {
            panic!("evaluated")
        }
        assert_eq!(alone(unobserved), 1);
    }

    #[test]
    fn an_argument_sees_what_the_user_named_as_we_do() {
        const CALLSITE: u64 = 5;
        #[trace::region(args(a = __guard, b = CALLSITE))]
        fn shadowed(__guard: u64) -> u64 {
            __guard
        }
        let recorded = record(|| shadowed(4));
        assert_eq!(recorded.lines[0], "region shadowed a=4 b=5");
        assert_eq!(recorded.result, 4);
    }
}

mod the_body {
    use super::*;
    use std::cell::RefCell;
    use std::num::ParseIntError;
    use std::panic::Location;

    #[trace::region]
    fn parse(text: &str) -> Result<u32, ParseIntError> {
        let number: u32 = text.parse()?;
        Ok(number)
    }

    #[trace::region]
    fn early(stop: bool) -> u32 {
        if stop {
            return 1;
        }
        'outer: loop {
            for n in 0.. {
                if n == 2 {
                    break 'outer n;
                }
            }
        }
    }

    #[trace::region]
    fn longest<'a>(out: &mut Vec<&'a str>, mut n: usize, text: &'a str) -> &'a mut [&'a str]
    where
        'static: 'a,
    {
        while n > 0 {
            out.push(text);
            n -= 1;
        }
        Box::leak(out.clone().into_boxed_slice())
    }

    #[trace::region]
    fn consume(text: String) -> impl Iterator<Item = char> {
        text.into_bytes().into_iter().map(char::from)
    }

    /// What the closure takes is known from the result, with any lifetime.
    #[trace::region]
    fn equals(key: &str) -> impl Fn(&(String, u32)) -> bool {
        move |entry| entry.0.as_str() == key
    }

    #[trace::region]
    fn boxed(n: u32) -> Box<dyn Fn() -> u32> {
        Box::new(move || n)
    }

    #[trace::region]
    #[track_caller]
    fn caller() -> &'static Location<'static> {
        Location::caller()
    }

    #[trace::region]
    fn forever(n: u32) -> ! {
        panic!("{n}")
    }

    #[trace::region]
    fn inner_attributes() -> u32 {
        #![allow(non_snake_case)]
        //! And a comment.
        use std::mem::size_of as bytes;
        const N: u32 = 3;
        fn helper() -> u32 {
            N
        }
        let Unusual = helper();
        Unusual + u32::try_from(bytes::<u8>()).unwrap()
    }

    #[trace::region]
    fn tail_temporary(cell: &RefCell<Vec<u32>>) -> usize {
        cell.borrow().len()
    }

    #[test]
    fn question_marks_and_returns_leave_the_function() {
        assert_eq!(region("parse", || parse("7")), Ok(7));
        assert!(region("parse", || parse("x")).is_err());
        assert_eq!(region("early", || early(true)), 1);
        assert_eq!(region("early", || early(false)), 2);
    }

    #[test]
    fn parameters_are_moved_and_borrowed_as_written() {
        assert_eq!(region("longest", || longest(&mut vec![], 2, "a").len()), 2);
        assert_eq!(region("consume", || consume("ab".into()).last()), Some('b'));
        let entry = ("a".to_owned(), 3);
        assert!(region("equals", || equals("a")(&entry)));
        assert_eq!(region("boxed", || boxed(3)()), 3);
        assert_eq!(region("tail_temporary", || tail_temporary(&RefCell::default())), 0);
    }

    #[test]
    fn the_caller_is_tracked() {
        let (line, location) = region("caller", || (line!(), caller()));
        assert_eq!((location.file(), location.line()), (file!(), line));
    }

    #[test]
    fn inner_attributes_and_items_stay() {
        assert_eq!(region("inner_attributes", inner_attributes), 4);
    }

    #[test]
    fn a_panic_ends_the_region() {
        let result = region("forever", || std::panic::catch_unwind(|| forever(9)));
        assert_eq!(*result.unwrap_err().downcast::<String>().unwrap(), "9");
    }
}

mod the_signature {
    use super::*;
    use std::fmt::Debug;
    use std::pin::Pin;

    #[trace::region(args(?value, N))]
    unsafe extern "C" fn everything<'a, T, const N: usize>(value: &'a T) -> &'a T
    where
        T: Debug + ?Sized + 'a,
    {
        value
    }

    #[trace::region(args(a, rest = ?rest))]
    fn patterns((a, _): (u8, u8), [_, ref rest @ ..]: [u8; 3], _: ()) -> usize {
        rest.len() + usize::from(a)
    }

    #[trace::region]
    #[rustfmt::skip]
    fn cfg_parameters(#[cfg(not(test))] a: u8, #[cfg(test)] b: u8, #[allow(unused)] c: u8) -> u8 { b }

    /// Documented.
    #[inline]
    #[must_use = "for a test"]
    #[trace::region]
    #[cold]
    /// After as well.
    fn attributes() -> u8 {
        1
    }

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

    #[test]
    fn qualifiers_generics_and_patterns_stay() {
        let recorded = record(|| {
            // SAFETY: It asks for nothing.
            unsafe { everything::<str, 2>("a") }
        });
        assert_eq!(recorded.result, "a");
        assert_eq!(recorded.lines[0], r#"region everything value=?"a" N=2"#);

        let recorded = record(|| patterns((1, 0), [0; 3], ()));
        assert_eq!(recorded.result, 3);
        assert_eq!(recorded.lines[0], "region patterns a=1 rest=?[0, 0]");

        assert_eq!(region("cfg_parameters", || cfg_parameters(1, 2)), 1);
        assert_eq!(region("attributes", attributes), 1);
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
}

mod the_surroundings {
    use super::*;

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
    }

    macro_rules! make {
        ($(#[$attribute:meta])* $visibility:vis fn $name:ident($parameter:ident: $type:ty) $body:block) => {
            #[trace::region(args($parameter, doubled = $parameter * 2), crate = $crate::the_surroundings::facade::renamed)]
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

    #[test]
    fn modules_may_be_named_as_ours() {
        assert_eq!(record(|| hostile::named_like_ours(3)).lines[0], "region named_like_ours n=3");
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
    }
}

mod the_end {
    use super::*;

    struct Parameter;
    struct Local;
    struct Temporary;

    #[trace::region]
    fn body() {}

    macro_rules! drop_is_recorded {
        ($($type:ident)*) => {
            $(impl Drop for $type {
                #[trace::region(args(of = stringify!($type)))]
                fn drop(&mut self) {}
            })*
        };
    }
    drop_is_recorded! { Parameter Local Temporary }

    impl Temporary {
        fn value(&self) -> u8 {
            1
        }
    }

    #[trace::region]
    fn whole(_parameter: Parameter) -> u8 {
        let _local = Local;
        body();
        Temporary.value()
    }

    #[test]
    fn comes_after_all_but_the_parameters() {
        let begins: Vec<_> = record(|| whole(Parameter))
            .lines
            .into_iter()
            .filter(|line| line.starts_with("region") || line == "end region whole")
            .collect();
        assert_eq!(
            begins,
            [
                "region whole",
                "region body",
                "region drop of=Temporary",
                "region drop of=Local",
                "end region whole",
                "region drop of=Parameter",
            ]
        );
    }
}
