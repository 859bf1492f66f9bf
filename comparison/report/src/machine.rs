//! Where and when numbers were measured.

use std::process::Command;

use procfs::Current;
use serde::{Deserialize, Serialize};

/// What readers must know of a machine to judge numbers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Machine {
    /// The day, in UTC.
    pub date: String,
    /// The processor's model.
    pub processor: String,
    /// How many processors there are.
    pub processors: usize,
    /// The kernel's release.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
}

impl Machine {
    /// This one, now.
    pub fn this() -> Self {
        let cpus = procfs::CpuInfo::current().ok();
        let processor = cpus.as_ref().and_then(|cpus| cpus.model_name(0));
        let kernel = procfs::sys::kernel::Version::current();
        let rustc = Command::new("rustc").arg("--version").output().ok();
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            processor: processor.unwrap_or("unknown processor").to_owned(),
            processors: cpus.map_or(0, |cpus| cpus.num_cores()),
            kernel: kernel.map_or_else(
                |_| "unknown".into(),
                |version| format!("{}.{}.{}", version.major, version.minor, version.patch),
            ),
            rustc: rustc.map_or_else(String::new, |output| {
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            }),
        }
    }

    /// In one line.
    pub fn line(&self) -> String {
        let Self { date, processor, processors, kernel, rustc } = self;
        format!("{date}, {processor}, {processors} processors, Linux {kernel}, {rustc}")
    }
}
