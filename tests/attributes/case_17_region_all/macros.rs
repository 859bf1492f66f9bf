//! On what a macro writes.

use super::regions;

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
