//! Counts the words of all text files below a directory, and tells where the time went.
//!
//! ```text
//! cargo run --release --example wordcount [-- DIR [WORKERS]]
//! ```
//!
//! Every file is a task, which begins when the file is found and ends when its words are counted.
//! Workers read it, split it into words and merge these with all others: three regions. Writes
//! `wordcount.trace` into the current directory and prints its report.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::{env, fs, io, thread};

const TRACE: &str = "wordcount.trace";

/// So many files may be found before a worker has time for them.
const QUEUE_LEN: usize = 256;

/// A file on its way from the walk to a worker.
struct Job {
    path: PathBuf,
    context: trace::Context,
    task: trace::Task,
}

/// What there is to know in the end.
#[derive(Default)]
struct Totals {
    files: usize,
    text_files: usize,
    words: u64,
    counts: HashMap<String, u64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = env::args().skip(1);
    let root = args.next().unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned());
    let workers = match args.next() {
        Some(number) => number.parse()?,
        None => thread::available_parallelism()?.get(),
    };

    trace::start_file(TRACE)?;
    let totals = count_words(Path::new(&root), workers);
    let summary = trace::stop()?;

    let Totals { files, text_files, words, counts } = totals?;
    println!("{files} files, {text_files} of them text, with {words} words");
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let most: Vec<_> = counts.iter().take(8).map(|(word, n)| format!("{word} {n}")).collect();
    println!("most frequent: {}", most.join(", "));
    println!("{} events lost; {TRACE}: {} bytes\n", summary.events_lost, summary.bytes);
    trace_tool::print_report(TRACE)?;
    Ok(())
}

/// Walks the tree on this thread and counts on others.
fn count_words(root: &Path, workers: usize) -> io::Result<Totals> {
    let totals = Mutex::new(Totals::default());
    let waiting = AtomicUsize::new(0);
    let (found, jobs) = sync_channel(QUEUE_LEN);
    let jobs = Arc::new(Mutex::new(jobs));
    thread::scope(|scope| {
        for number in 1..=workers.max(1) {
            let (jobs, totals, waiting) = (Arc::clone(&jobs), &totals, &waiting);
            thread::Builder::new()
                .name(format!("worker {number}"))
                .spawn_scoped(scope, move || work(&jobs, waiting, totals))?;
        }
        // The workers' end of the queue is theirs alone, so that it closes with the last of them.
        drop(jobs);
        let walked = walk(root, &found, &waiting);
        // Tells the workers that this was all.
        drop(found);
        walked
    })?;
    Ok(totals.into_inner().expect("no worker panicked"))
}

/// Sends every file below `dir` to the workers. Build products and the trace itself are left out,
/// and links are not followed.
#[trace::region("walk", args(dir = %dir.display()))]
fn walk(dir: &Path, found: &SyncSender<Job>, waiting: &AtomicUsize) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let (path, kind, name) = {
            let entry = entry?;
            (entry.path(), entry.file_type()?, entry.file_name())
        };
        if kind.is_dir() && name != "target" && name != ".git" {
            walk(&path, found, waiting)?;
        } else if kind.is_file() && path.extension().is_none_or(|ext| ext != "trace") {
            let (context, task) = trace::new_task(trace::Context::background(), "countFile");
            trace::trace_counter!("queue depth", waiting.fetch_add(1, Relaxed) + 1);
            let _region = trace::trace_region!("wait for room");
            if found.send(Job { path, context, task }).is_err() {
                break; // All workers are gone.
            }
        }
    }
    Ok(())
}

fn work(jobs: &Mutex<Receiver<Job>>, waiting: &AtomicUsize, totals: &Mutex<Totals>) {
    loop {
        let job = {
            let _region = trace::trace_region!("wait for a file");
            jobs.lock().expect("no worker panicked").recv()
        };
        let Ok(Job { path, context, task }) = job else { return };
        trace::trace_counter!("queue depth", waiting.fetch_sub(1, Relaxed) - 1);
        context.run(|| count_file(&path, totals));
        task.end();
    }
}

#[trace::region("count")]
fn count_file(path: &Path, totals: &Mutex<Totals>) {
    trace::trace_log!("file", "{}", path.display());
    let text = match read(path) {
        Ok(bytes) => String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')),
        Err(error) => {
            trace::trace_log!("unreadable", "{}: {error}", path.display());
            None
        }
    };
    let counts = text.as_deref().map(tokenise);
    merge(counts, totals);
}

#[trace::region("read")]
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = fs::read(path)?;
    trace::region_arg("bytes", bytes.len());
    Ok(bytes)
}

#[trace::region("tokenise", args(bytes = text.len()))]
fn tokenise(text: &str) -> HashMap<&str, u64> {
    let mut counts = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

#[trace::region("merge")]
fn merge(counts: Option<HashMap<&str, u64>>, totals: &Mutex<Totals>) {
    let mut totals = totals.lock().expect("no worker panicked");
    totals.files += 1;
    let Some(counts) = counts else { return };
    totals.text_files += 1;
    for (word, count) in counts {
        totals.words += count;
        match totals.counts.get_mut(word) {
            Some(total) => *total += count,
            None => {
                totals.counts.insert(word.to_owned(), count);
            }
        }
    }
}
