//! Case 1: the body is what was typed, once, and not in a closure.

use std::cell::RefCell;
use std::num::ParseIntError;
use std::panic::Location;

use crate::lines::region;

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
fn tail_temporary(cell: &RefCell<Vec<u32>>) -> usize {
    cell.borrow().len()
}

/// What is behind a label is left by its name, from as deep as one likes.
#[trace::region]
fn labels(n: u32) -> &'static str {
    'answer: {
        if n == 0 {
            break 'answer "none";
        }
        for _ in 0..n {
            for m in 0..n {
                if m == 2 {
                    break 'answer "many";
                }
            }
        }
        "few"
    }
}

/// A parameter is called and changed, and what is borrowed from one lives on.
#[trace::region]
fn calls(mut each: impl FnMut(u32), out: &mut [u32]) -> Option<&mut u32> {
    each(3);
    each(4);
    let first = out.first_mut()?;
    *first += 1;
    Some(first)
}

#[test]
fn question_marks_and_returns_leave_the_function() {
    assert_eq!(region("parse", || parse("7")), Ok(7));
    assert!(region("parse", || parse("x")).is_err());
    assert_eq!(region("early", || early(true)), 1);
    assert_eq!(region("early", || early(false)), 2);
}

#[test]
fn labels_are_left_by_their_names() {
    let all = [0, 1, 3].map(|n| region("labels", || labels(n)));
    assert_eq!(all, ["none", "few", "many"]);
}

#[test]
fn parameters_are_moved_and_borrowed_as_written() {
    assert_eq!(region("longest", || longest(&mut vec![], 2, "a").len()), 2);
    assert_eq!(region("consume", || consume("ab".into()).last()), Some('b'));
    let entry = ("a".to_owned(), 3);
    assert!(region("equals", || equals("a")(&entry)));
    assert_eq!(region("boxed", || boxed(3)()), 3);
    assert_eq!(region("tail_temporary", || tail_temporary(&RefCell::default())), 0);
    let (mut sum, mut out) = (0, [1]);
    region("calls", || *calls(|n| sum += n, &mut out).unwrap() += 1);
    assert_eq!((sum, out), (7, [3]));
}

#[test]
fn the_caller_is_tracked() {
    let (line, location) = region("caller", || (line!(), caller()));
    assert_eq!((location.file(), location.line()), (file!(), line));
}
