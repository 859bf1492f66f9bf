//! How far the reading of a trace has come, on standard error, for whatever takes longer than half a
//! second.
//!
//! A trace is read through a [`Watched`] file, which counts the bytes that go through it. Commands
//! read a file more than once: first to find and check its blocks, then to understand its events.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use trace_reader::Source;

/// How long nothing is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the bar moves.
const INTERVAL: Duration = Duration::from_millis(100);

/// A file that counts what is read of it.
pub(crate) struct Watched {
    file: File,
    read_bytes: Arc<AtomicU64>,
}

impl Source for Watched {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.file.read_at(offset, buffer)?;
        // Only a number to show: nothing is ordered by it.
        self.read_bytes.fetch_add(len as u64, Relaxed);
        Ok(len)
    }
}

/// Shows a bar until it is dropped. Only on a terminal.
pub(crate) struct Progress {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Watches a file that is going to be read so many `times` over.
    pub(crate) fn of_file(what: String, file: File, times: u64) -> (Self, Watched) {
        let read_bytes = Arc::new(AtomicU64::new(0));
        let total = file.metadata().map_or(0, |metadata| metadata.len().saturating_mul(times));
        let progress = Self::start(what, Some((Arc::clone(&read_bytes), total)));
        (progress, Watched { file, read_bytes })
    }

    /// Shows that something goes on of which nobody knows how long it takes.
    pub(crate) fn of_unknown_length(what: String) -> Self {
        Self::start(what, None)
    }

    fn start(what: String, watched: Option<(Arc<AtomicU64>, u64)>) -> Self {
        let running = std::io::stderr().is_terminal().then(|| {
            let (stop, stopped) = mpsc::channel();
            let begin = Instant::now();
            let show = move || {
                // Nothing is ever sent: this waits until the sender is dropped.
                if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let bar = bar(what, watched.as_ref().map(|(_, total)| *total));
                let bar = bar.with_elapsed(begin.elapsed());
                while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    match &watched {
                        Some((read_bytes, total)) => {
                            bar.set_position(read_bytes.load(Relaxed).min(*total));
                        }
                        None => bar.tick(),
                    }
                }
                bar.finish_and_clear();
            };
            (stop, thread::spawn(show))
        });
        Self { running }
    }
}

fn bar(what: String, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{msg} {bar:30} {percent} % {elapsed}"),
        None => (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}"),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
