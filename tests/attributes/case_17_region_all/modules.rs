//! On a module.

use trace_reader::Callsite;

use super::{record, regions};

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

    #[::trace::region_all(crate = crate::case_17_region_all::modules::facade::renamed)]
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

    #[::trace::region_all(crate = crate::case_17_region_all::modules::facade::renamed)]
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
    let mut named = callsites.iter().filter(|callsite| callsite.name == "pour");
    let module = concat!(module_path!(), "::kitchen::milk::foam");
    assert!(named.any(|pour| pour.module == module), "{callsites:?}");
}

#[test]
fn names_that_are_ours_may_be_taken_and_the_library_elsewhere() {
    regions(["f"], hostile::inside::f);
}
