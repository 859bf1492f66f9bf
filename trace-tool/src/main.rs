//! `cargo trace`. See the library of this package.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    trace_tool::main()
}
