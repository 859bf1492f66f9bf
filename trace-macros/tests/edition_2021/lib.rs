//! Nothing: this crate is its test, in edition 2021.
