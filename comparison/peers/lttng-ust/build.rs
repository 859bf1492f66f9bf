//! Compiles the annotated functions, which are C, with the events, and links the tracer.

fn main() {
    println!("cargo::rerun-if-changed=src");
    let library = pkg_config::Config::new().atleast_version("2.13").probe("lttng-ust").expect(
        "lttng-ust 2.13 or later is needed: in Debian, the packages liblttng-ust-dev and lttng-tools",
    );
    println!("cargo::rustc-env=LTTNG_UST_VERSION={}", library.version);
    cc::Build::new()
        .files(["src/annotated.c", "src/tracepoints.c"])
        .include("src")
        .includes(&library.include_paths)
        .opt_level(2)
        .compile("annotated");
    // The events are found through a section that nothing else refers to.
    println!("cargo::rustc-link-arg=-Wl,-z,nostart-stop-gc");
    // Behind the library that needs it.
    println!("cargo::rustc-link-arg=-llttng-ust");
    println!("cargo::rustc-link-arg=-llttng-ust-common");
}
