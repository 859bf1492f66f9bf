//! A `links` key, which keeps two versions out of one program, asks for a script; this one also
//! decides where [`switch`](src/switch.rs) can be short.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(short_switch)");
    let is = |key: &str, value: &str| env::var(key).is_ok_and(|found| found == value);
    let asked_not_to = ["CARGO_CFG_TRACE_PORTABLE", "CARGO_CFG_LOOM", "CARGO_CFG_MIRI"];
    if is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_POINTER_WIDTH", "64")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && !asked_not_to.iter().any(|key| env::var_os(key).is_some())
        && compiler().is_some_and(|minor| minor >= ASM_GOTO)
    {
        println!("cargo::rustc-cfg=short_switch");
    }
}

/// The first `1.x` in which assembly can jump out of itself.
const ASM_GOTO: u32 = 87;

/// The `x` of the compiler's `1.x`.
fn compiler() -> Option<u32> {
    let output = Command::new(env::var_os("RUSTC")?).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}
