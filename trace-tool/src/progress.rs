//! A sign of life on standard error, for whatever takes longer than half a second.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How long nothing is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shows a spinner and the time until it is dropped. Only on a terminal.
pub(crate) struct Progress {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts the clock.
    pub(crate) fn start(what: String) -> Self {
        let running = std::io::stderr().is_terminal().then(|| {
            let (stop, stopped) = mpsc::channel();
            let begin = Instant::now();
            let show = move || {
                if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let bar = ProgressBar::new_spinner().with_message(what);
                bar.set_style(
                    ProgressStyle::with_template("{spinner} {msg} {elapsed}")
                        .unwrap_or_else(|_| ProgressStyle::default_spinner()),
                );
                let bar = bar.with_elapsed(begin.elapsed());
                bar.enable_steady_tick(Duration::from_millis(100));
                // Nothing is ever sent: this waits until the sender is dropped.
                let _ = stopped.recv();
                bar.finish_and_clear();
            };
            (stop, thread::spawn(show))
        });
        Self { running }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
