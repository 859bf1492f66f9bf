//! `#[trace::region_all]`: which functions of a block are regions, what these are called, and that the
//! functions are the ones that were written.

use std::sync::{Mutex, PoisonError};

use trace_reader::{Callsite, Region, Trace};

/// What a call recorded: its result, and a line per region, further in by what it is in.
struct Recorded<R> {
    result: R,
    lines: Vec<String>,
    trace: Trace,
}

/// One test at a time, so that nobody is recorded by somebody else.
fn record<R>(work: impl FnOnce() -> R) -> Recorded<R> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (result, bytes) = trace::capture(work);
    let trace = Trace::from_bytes(bytes).unwrap();
    let regions = trace.load().unwrap().regions;
    let line = |region: &Region| {
        let depth = usize::try_from(region.depth).unwrap();
        "  ".repeat(depth) + &trace.callsites().name(region.callsite)
    };
    Recorded { result, lines: regions.iter().map(line).collect(), trace }
}

/// Calls and returns the result, checking that just these regions were recorded.
#[track_caller]
fn regions<const N: usize, R>(lines: [&str; N], work: impl FnOnce() -> R) -> R {
    let recorded = record(work);
    assert_eq!(recorded.lines, lines);
    recorded.result
}

mod an_impl_block {
    use super::*;
    use std::fmt::{Debug, Display};
    use std::num::ParseIntError;
    use std::pin::Pin;
    use std::str::FromStr;

    mod menu {
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(super) struct Cup<T, const N: usize = 1>(pub(super) T);
    }

    use menu::Cup;

    /// Documented.
    #[trace::region_all]
    #[allow(clippy::needless_arbitrary_self_type)]
    impl<T: Copy + Debug, const N: usize> menu::Cup<T, { N }>
    where
        Cup<T, { N }>: Copy,
    {
        const SIZE: usize = { N + 1 };

        fn new(of: T) -> Self {
            Self(of)
        }

        /// Documented as well.
        #[must_use]
        pub(super) fn size(&self) -> usize {
            Self::size_in_const() + Self::doubled::<1>()
        }

        fn fill(&mut self, of: T) -> &mut T {
            self.0 = of;
            &mut self.0
        }

        fn into_inner(self: Self) -> T {
            self.0
        }

        fn pinned(self: Pin<&mut Self>, text: &str) -> Result<usize, ParseIntError> {
            let number: usize = text.parse()?;
            Ok(number + N)
        }

        fn iter(&self) -> impl Iterator<Item = T> + use<T, N> {
            std::iter::repeat_n(self.0, N)
        }

        fn both<U: Display>(&self, (one, other): (U, U)) -> String
        where
            T: Debug,
        {
            #![allow(non_snake_case)]
            use std::format as text;
            let Unusual = text!("{one} {other}");
            text!("{:?} {Unusual}", self.0)
        }

        fn r#yield(n: u32) -> u32 {
            fn untouched(n: u32) -> u32 {
                n
            }
            if n == 0 { untouched(7) } else { Self::r#yield(n - 1) }
        }

        #[allow(unused_braces)]
        fn array() -> [u8; { 1 + 1 }] {
            [1; 1 + 1]
        }

        const fn size_in_const() -> usize {
            Self::SIZE
        }

        #[trace::skip]
        fn doubled<const M: usize>() -> usize {
            Self::SIZE * 2 * M
        }

        #[trace::region("by itself", args(n))]
        fn annotated(n: u32) -> u32 {
            n
        }

        #[trace::task]
        fn of_a_task() {}

        #[rustfmt::skip]
        unsafe extern "C" fn unsafe_one() -> u8 { 1 }

        #[allow(dead_code)]
        async fn later() {}
    }

    #[trace::region_all]
    impl<T: FromStr + Copy> FromStr for Cup<T> {
        type Err = T::Err;

        fn from_str(text: &str) -> Result<Self, T::Err> {
            text.parse().map(Self)
        }
    }

    trait Brew {
        fn brew(&self) -> u8;
    }

    #[trace::region_all]
    impl<B: Brew> Brew for &'_ B {
        fn brew(&self) -> u8 {
            (**self).brew() + 1
        }
    }

    #[trace::region_all]
    impl Brew for [u8] {
        fn brew(&self) -> u8 {
            self[0]
        }
    }

    #[trace::region_all]
    impl Brew for u8 {
        fn brew(&self) -> u8 {
            *self
        }
    }

    #[trace::region_all]
    impl dyn Brew + Send {
        fn of_an_object(&self) -> u8 {
            self.brew()
        }
    }

    #[trace::skip]
    impl Brew for u16 {
        #[trace::skip]
        fn brew(&self) -> u8 {
            0
        }
    }

    #[test]
    fn functions_are_called_after_their_type() {
        let mut cup = regions(["Cup::new"], || Cup::<u8, 2>::new(3));
        assert_eq!(regions(["Cup::size"], || cup.size()), 9);
        assert_eq!(regions(["Cup::fill"], || *cup.fill(4)), 4);
        assert_eq!(regions(["Cup::into_inner"], || cup.into_inner()), 4);
        assert_eq!(regions(["Cup::pinned"], || Pin::new(&mut cup).pinned("7")), Ok(9));
        assert!(regions(["Cup::pinned"], || Pin::new(&mut cup).pinned("x")).is_err());
        assert_eq!(regions(["Cup::iter"], || cup.iter()).count(), 2);
        assert_eq!(regions(["Cup::both"], || cup.both((1, 2))), "4 1 2");
        assert_eq!(regions(["Cup::array"], Cup::<u8>::array), [1, 1]);
        // SAFETY: It asks for nothing.
        assert_eq!(regions(["Cup::unsafe_one"], || unsafe { Cup::<u8>::unsafe_one() }), 1);
    }

    #[test]
    fn so_are_those_of_a_trait() {
        assert_eq!(regions(["Cup::from_str"], || "3".parse::<Cup<u8>>()), Ok(Cup(3)));
        assert_eq!(regions(["u8::brew"], || 3_u8.brew()), 3);
        assert_eq!(
            regions(["Brew::of_an_object", "  u8::brew"], || (&3_u8 as &(dyn Brew + Send))
                .of_an_object()),
            3
        );
    }

    #[test]
    fn or_after_the_trait_if_the_type_has_no_name() {
        assert_eq!(regions(["Brew::brew", "  u8::brew"], || Brew::brew(&&3_u8)), 4);
        assert_eq!(regions(["Brew::brew"], || [5][..].brew()), 5);
    }

    #[test]
    fn recursion_is_recorded_and_what_is_inside_is_not() {
        let call = || Cup::<u8>::r#yield(2);
        assert_eq!(regions(["Cup::yield", "  Cup::yield", "    Cup::yield"], call), 7);
    }

    #[test]
    fn some_are_passed_over() {
        assert_eq!(regions([], Cup::<u8>::size_in_const), 2);
        assert_eq!(regions([], Cup::<u8>::doubled::<1>), 4);
        assert_eq!(regions(["by itself"], || Cup::<u8>::annotated(4)), 4);
        regions([], Cup::<u8>::of_a_task);
        regions([], || 3_u16.brew());
    }

    #[test]
    fn the_callsite_is_the_function() {
        let recorded = record(|| Cup::<u8, 2>(1).size());
        let callsites: Vec<Callsite<'_>> = recorded.trace.callsites().iter().collect();
        let callsite = callsites.iter().find(|callsite| callsite.name == "Cup::size").unwrap();
        assert!(callsite.file.ends_with("tests/region_all.rs"));
        assert_eq!(callsite.module, module_path!());
        let source = include_str!("region_all.rs").lines().nth(callsite.line as usize - 1);
        assert_eq!(source, Some("        pub(super) fn size(&self) -> usize {"));
    }
}

mod a_trait {
    use super::*;

    #[trace::region_all]
    trait Brew<const N: usize = { 1 + 1 }>: Sized {
        const CUPS: usize = { N };

        fn beans(&self) -> usize;

        fn brew(&self) -> usize {
            self.beans() + Self::CUPS
        }

        fn many<T: Into<usize>>(self, cups: T) -> Vec<usize>
        where
            Self: Clone,
        {
            vec![self.brew(); cups.into()]
        }

        #[trace::skip]
        fn quiet(&self) -> usize {
            self.beans()
        }
    }

    #[derive(Clone)]
    struct Machine;

    impl Brew for Machine {
        fn beans(&self) -> usize {
            3
        }
    }

    #[test]
    fn default_methods_are_called_after_it() {
        assert_eq!(regions(["Brew::brew"], || Machine.brew()), 5);
        let many = regions(["Brew::many", "  Brew::brew"], || Machine.many(2_u8));
        assert_eq!(many, [5, 5]);
        assert_eq!(regions([], || Machine.quiet()), 3);
    }
}

mod a_module {
    use super::*;

    #[trace::region_all]
    mod kitchen {
        #![allow(clippy::needless_pass_by_ref_mut)]
        //! Inside.

        use std::cell::{Cell, RefCell};

        pub(super) static CUPS: [fn() -> u8; 1] = [grind];
        const WATER: u8 = Water { grams: 3 }.grams;

        struct Water {
            grams: u8,
        }

        thread_local! {
            static COUNT: Cell<u8> = const { Cell::new(0) };
        }

        macro_rules! make {
            ($($name:ident)*) => { $(pub(in super::super) fn $name() -> u8 { WATER })* };
        }
        make! { by_a_macro }

        pub(super) struct Machine {
            pub(super) beans: RefCell<Vec<u8>>,
        }

        pub(super) trait Heat {
            fn heat(&self) -> u8 {
                COUNT.get() + WATER
            }
        }

        impl Heat for Machine {}

        impl Machine {
            pub(in super::super) fn brew(&mut self) -> usize {
                milk::steam(self.beans.borrow().len())
            }
        }

        #[trace::skip]
        impl Machine {
            pub(in super::super) fn quiet(&self) -> usize {
                milk::quiet()
            }
        }

        #[::trace::region_all(crate = crate::a_module::facade::renamed)]
        impl Drop for Machine {
            fn drop(&mut self) {}
        }

        pub(super) fn grind() -> u8 {
            fn untouched() -> u8 {
                WATER
            }
            untouched()
        }

        mod milk {
            pub(super) fn steam(cups: usize) -> usize {
                foam::pour(cups + quiet())
            }

            #[trace::skip]
            pub(super) fn quiet() -> usize {
                1
            }

            mod foam {
                pub(in super::super) fn pour(cups: usize) -> usize {
                    cups + 1
                }
            }
        }
    }

    pub(crate) mod facade {
        pub(crate) use ::trace as renamed;
    }

    mod hostile {
        mod trace {}
        mod core {}
        mod std {}

        #[::trace::region_all(crate = crate::a_module::facade::renamed)]
        pub(super) mod inside {
            mod trace {}
            mod core {}

            pub(crate) fn f() {}
        }
    }

    use kitchen::{Heat, Machine};

    fn machine() -> Machine {
        Machine { beans: vec![1, 2].into() }
    }

    #[test]
    fn functions_are_called_as_themselves() {
        assert_eq!(regions(["grind"], || kitchen::CUPS[0]()), 3);
    }

    #[test]
    fn what_is_in_it_is_annotated_as_well() {
        let brewed =
            regions(["Machine::brew", "  steam", "    pour", "Machine::drop"], || machine().brew());
        assert_eq!(brewed, 4);
        assert_eq!(regions(["Heat::heat", "Machine::drop"], || machine().heat()), 3);
    }

    #[test]
    fn but_for_what_is_to_be_skipped_or_made_by_macros() {
        assert_eq!(regions(["Machine::drop"], || machine().quiet()), 1);
        assert_eq!(regions([], kitchen::by_a_macro), 3);
    }

    #[test]
    fn the_module_is_recorded() {
        let recorded = record(|| machine().brew());
        let callsites: Vec<Callsite<'_>> = recorded.trace.callsites().iter().collect();
        let pour = callsites.iter().find(|callsite| callsite.name == "pour").unwrap();
        assert_eq!(pour.module, concat!(module_path!(), "::kitchen::milk::foam"));
    }

    #[test]
    fn names_that_are_ours_may_be_taken_and_the_library_elsewhere() {
        regions(["f"], hostile::inside::f);
    }
}

mod macros_that_write_blocks {
    use super::*;

    struct Machine;

    macro_rules! make {
        (
            $type:ty;
            $($(#[$attribute:meta])* $visibility:vis fn $name:ident() -> $result:ty $body:block)*
        ) => {
            #[trace::region_all]
            impl $type {
                $($(#[$attribute])* $visibility fn $name() -> $result $body)*

                #[trace::skip]
                fn skipped() {}
            }
        };
        ($($item:item)*) => {
            #[trace::region_all]
            mod of_items {
                use super::Machine;

                $($item)*
            }
        };
    }

    make! {
        Machine;
        /// Documented.
        #[inline]
        pub(super) fn one() -> u8 { 1 }
        fn many() -> Vec<u8> {
            let __guard = Self::one();
            vec![__guard]
        }
    }

    make! {
        #[inline]
        pub(super) fn item() -> u8 { 1 }

        impl Machine {
            pub(super) fn of_an_item() -> u8 { item() }

            #[trace::skip]
            pub(super) fn skipped_of_an_item() {}
        }

        #[trace::skip]
        pub(super) fn skipped_item() {}

        pub(super) const CONST: u8 = 3;
    }

    #[test]
    fn are_as_good_as_those_that_were_typed() {
        assert_eq!(regions(["Machine::one"], Machine::one), 1);
        assert_eq!(regions(["Machine::many", "  Machine::one"], Machine::many), [1]);
        regions([], Machine::skipped);
        assert_eq!(regions(["item"], of_items::item), 1);
        assert_eq!(regions(["Machine::of_an_item", "  item"], Machine::of_an_item), 1);
        regions([], Machine::skipped_of_an_item);
        regions([], of_items::skipped_item);
        assert_eq!(of_items::CONST, 3);
    }
}
