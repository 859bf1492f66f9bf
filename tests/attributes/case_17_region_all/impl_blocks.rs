//! On an `impl` block.

use std::fmt::{Debug, Display};
use std::num::ParseIntError;
use std::pin::Pin;
use std::str::FromStr;

use trace_reader::Callsite;

use super::{record, regions};

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
    assert!(callsite.file.ends_with("case_17_region_all/impl_blocks.rs"));
    assert_eq!(callsite.module, module_path!());
    let source = include_str!("impl_blocks.rs").lines().nth(callsite.line as usize - 1);
    assert_eq!(source, Some("    pub(super) fn size(&self) -> usize {"));
}
