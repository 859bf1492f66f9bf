//! With the features `off` and `release_off`: run by `ci/compiled-out`. Without them there is
//! nothing to see here but that annotations record.

use std::future::Future;

const COMPILED_IN: bool =
    !(cfg!(feature = "off") || cfg!(feature = "release_off") && !cfg!(debug_assertions));

#[trace::region("annotated", args(value = evaluated()))]
fn annotated() -> u32 {
    let _region = trace::trace_region!("inside", value = evaluated());
    let task = trace::trace_task!("task", value = evaluated());
    trace::trace_log!("log", "{}", evaluated());
    trace::trace_counter!("counter", evaluated());
    let (ctx, other) = trace::new_task(task.context(), "other");
    other.end();
    trace::with_region(ctx, "with", || Block.annotated())
}

struct Block;

#[trace::region_all]
impl Block {
    fn annotated(&self) -> u32 {
        7
    }
}

fn evaluated() -> u32 {
    if !COMPILED_IN {
        panic!("nothing is evaluated when tracing is compiled out");
    }
    1
}

#[test]
fn start_says_when_tracing_is_compiled_out() {
    if COMPILED_IN {
        let (value, bytes) = trace::capture(annotated);
        assert_eq!(value, 7);
        let recording = trace_reader::Trace::from_bytes(bytes).unwrap().load().unwrap();
        assert_eq!((recording.regions.len(), recording.tasks.len()), (4, 2));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.trace");
    assert!(matches!(trace::start_file(&path), Err(trace::StartError::CompiledOut)));
    assert!(!path.exists());
    assert!(!trace::is_enabled());
    assert_eq!(annotated(), 7);
    assert!(matches!(trace::stop(), Err(trace::StopError::NotStarted)));
    let (value, bytes) = trace::capture(annotated);
    assert_eq!((value, bytes), (7, Vec::new()));
}

#[trace::region]
async fn asynchronous(_block: Block) -> u32 {
    std::future::ready(7).await
}

#[trace::task]
fn returns_a_future() -> impl Future<Output = u32> {
    std::future::ready(7)
}

#[test]
fn futures_are_as_small_as_without_attributes() {
    let plain = async |_: Block| std::future::ready(7).await;
    let plain = plain(Block);
    // What is left is that one `async` block awaits another.
    let extra = size_of_val(&asynchronous(Block)) - size_of_val(&plain);
    assert_eq!(extra <= size_of::<usize>(), !COMPILED_IN, "{extra} bytes");
    let plain = size_of_val(&std::future::ready(7));
    assert_eq!(size_of_val(&returns_a_future()) == plain, !COMPILED_IN);
}

/// Set for a process that is asked for a trace.
const PROGRAM: &str = "TRACE_COMPILED_OUT_PROGRAM";

/// Not a test, but that process.
#[test]
fn child() {
    if std::env::var_os(PROGRAM).is_some() {
        let _trace = trace::start_from_env();
        annotated();
    }
}

/// Otherwise it would be recorded by the one above.
#[cfg(any(feature = "off", all(feature = "release_off", not(debug_assertions))))]
#[trace::test]
fn tests_are_tests() {
    assert_eq!(annotated(), 7);
}

#[test]
fn whoever_asks_for_a_trace_is_told_when_tracing_is_compiled_out() {
    if COMPILED_IN {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.trace");
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(PROGRAM, "")
        .env("TRACE_OUT", &path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let line = said.lines().find(|line| line.starts_with("trace: TRACE_OUT=")).expect("a line");
    assert!(
        line.contains("compiled out") && line.ends_with("; the program runs untraced"),
        "{line}"
    );
    assert!(!path.exists());
}
