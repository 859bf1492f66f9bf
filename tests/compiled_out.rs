//! With the features `off` and `release_off`: run by `ci/compiled-out`. Without them there is
//! nothing to see here but that annotations record.

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
