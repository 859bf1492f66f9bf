//! Attributes on functions and blocks: what is recorded, and that the code is the one that was written.
//!
//! The files are numbered as the cases in docs/macros.md, which says where those are tested that have no file here.

#[path = "../shared/futures.rs"]
mod futures;
mod lines;
#[path = "../shared/recorded.rs"]
mod recorded;

mod case_01_the_body;
mod case_02_the_signature;
mod case_03_what_is_in_the_body;
mod case_04_paths;
mod case_07_async_functions;
mod case_07_size_and_types;
mod case_08_returned_futures;
mod case_10_outcomes;
mod case_11_the_end;
mod case_16_shapes;
mod case_17_region_all;
mod names_and_arguments;
