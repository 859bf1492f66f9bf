//! On a trait.

use super::regions;

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
