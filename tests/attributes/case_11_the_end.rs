//! Case 11: the end comes behind all that the body leaves, and in front of the parameters.
//!
//! The editions of 2021 and 2024 are told apart in trace-macros, tests/drop_order.

use crate::lines::record;

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
