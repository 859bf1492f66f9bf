//! Nothing to build: a `links` key, which keeps two versions out of one program, asks for a script.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
