//! The session daemon: started for one recording, and ended after it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::Elsewhere;
use harness::process::{cpu_time_of, peak_memory_of};

const PATIENCE: Duration = Duration::from_secs(20);

/// A session daemon that knows this process.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts one, and waits until this process has registered with it.
    pub(crate) fn start() -> Self {
        let child = Command::new("lttng-sessiond")
            .arg("--no-kernel")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("lttng-sessiond, of Debian's package lttng-tools");
        let daemon = Self(child);
        let this = format!("PID: {} ", std::process::id());
        wait_until("this process is known to lttng-sessiond", || {
            daemon.try_lttng(&["list", "--userspace"]).is_some_and(|list| list.contains(&this))
        });
        daemon
    }

    /// Runs a command of `lttng`, and returns what it printed.
    pub(crate) fn lttng(&self, arguments: &[&str]) -> String {
        self.try_lttng(arguments).unwrap_or_else(|| panic!("lttng {arguments:?} failed"))
    }

    fn try_lttng(&self, arguments: &[&str]) -> Option<String> {
        let output =
            Command::new("lttng").arg("--no-sessiond").args(arguments).output().expect("lttng");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Ends it, and tells what it and its children took.
    pub(crate) fn end(mut self) -> Elsewhere {
        let mut took = Elsewhere::default();
        for process in self.family() {
            took.cpu += cpu_time_of(process).unwrap_or_default();
            took.memory += peak_memory_of(process).unwrap_or_default();
        }
        let ended = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(ended.is_ok_and(|status| status.success()), "lttng-sessiond can be ended");
        self.0.wait().expect("the end of lttng-sessiond");
        took
    }

    /// Its process and those below.
    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.0.id()];
        let mut others: Vec<(u32, u32)> = procfs::process::all_processes()
            .expect("a list of processes")
            .filter_map(|process| process.ok()?.stat().ok())
            .map(|stat| (stat.pid.unsigned_abs(), stat.ppid.unsigned_abs()))
            .collect();
        // A child may have a lower number than its parent: look until there are no more.
        while let Some(at) = others.iter().position(|(_, parent)| family.contains(parent)) {
            family.push(others.swap_remove(at).0);
        }
        family
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
