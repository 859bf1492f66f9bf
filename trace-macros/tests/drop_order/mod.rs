//! When a guard is dropped, which an edition decides along with when temporaries are.

use std::cell::RefCell;

thread_local!(static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

/// A library that knows no more than to have guards.
mod facade {
    pub(crate) mod __private {
        pub(crate) struct Callsite;
        pub(crate) struct Region;

        impl Callsite {
            pub(crate) const fn region(
                _name: &'static str,
                _file: &'static str,
                _line: u32,
                _module: &'static str,
                _keys: &'static [&'static str],
            ) -> Self {
                Callsite
            }
        }

        pub(crate) fn region(_callsite: &'static Callsite) -> Region {
            Region
        }

        impl Drop for Region {
            fn drop(&mut self) {
                crate::drop_order::DROPPED.with(|dropped| dropped.borrow_mut().push("guard"));
            }
        }
    }
}

struct Named(&'static str);

impl Named {
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        DROPPED.with(|dropped| dropped.borrow_mut().push(self.0));
    }
}

fn plain(_parameter: Named) -> usize {
    let _local = Named("local");
    Named("temporary").len()
}

#[trace_macros::region(crate = crate::drop_order::facade)]
fn annotated(_parameter: Named) -> usize {
    let _local = Named("local");
    Named("temporary").len()
}

fn dropped_by(function: fn(Named) -> usize) -> Vec<&'static str> {
    function(Named("parameter"));
    DROPPED.with(|dropped| dropped.borrow_mut().drain(..).collect())
}

/// The guard goes after what the body leaves and before the parameters; the order of those
/// is that of the function without a guard.
pub(crate) fn check(expected: [&'static str; 3]) {
    assert_eq!(dropped_by(plain), expected);
    let [first, second, third] = expected;
    assert_eq!(dropped_by(annotated), [first, second, "guard", third]);
}
