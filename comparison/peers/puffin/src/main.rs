//! puffin.
//!
//! A frame of 1,000 regions below one outermost scope, as in a game's loop: a scope that is not inside
//! of another would take a lock each time. The sink hands frames to a thread that writes them, packed,
//! as its own server does.

use std::fs::File;
use std::hint::black_box;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use harness::{BATCH, Elsewhere, Facts, Operations, Peer};
use puffin::{FrameData, FrameSinkId, GlobalProfiler};

#[derive(Default)]
struct Puffin {
    writer: Option<(FrameSinkId, JoinHandle<u64>)>,
    scopes: u64,
}

impl Peer for Puffin {
    fn facts(&self) -> Facts {
        Facts {
            packages: vec!["puffin".into()],
            version: None,
            off: Some("`set_scopes_on(false)`".into()),
            configuration: "a frame with an outermost scope for each 1,000 regions; feature \
                            `serialization`, which is needed to write"
                .into(),
            output: "frames, compressed, by a sink of ours: `FrameData::write_into`".into(),
            bound: "a frame, which is as large as what happens in it; the sink's queue (of 16 \
                    frames, here)"
                .into(),
            lacks: vec![
                "an integer is formatted: data is text".into(),
                "no logs".into(),
                "no tasks".into(),
            ],
        }
    }

    fn operations(&self) -> Operations {
        Operations { region, region_with_integer: Some(region_with_integer), log: None, task: None }
    }

    fn start(&mut self, output: &Path) {
        let file = File::create(output.join("frames.puffin")).expect("a new file");
        let (sender, frames) = sync_channel::<Arc<FrameData>>(16);
        let writer = std::thread::spawn(move || write(file, frames));
        self.writer = Some((GlobalProfiler::lock().add_sink(sink(sender)), writer));
        puffin::set_scopes_on(true);
    }

    fn batch(&mut self, work: &mut dyn FnMut()) {
        {
            puffin::profile_scope!("batch");
            work();
        }
        GlobalProfiler::lock().new_frame();
    }

    fn stop(&mut self) -> Elsewhere {
        puffin::set_scopes_on(false);
        if let Some((sink, writer)) = self.writer.take() {
            GlobalProfiler::lock().remove_sink(sink);
            self.scopes = writer.join().expect("frames can be written");
        }
        Elsewhere::default()
    }

    fn regions_kept(&mut self, _: &Path, regions: u64) -> Option<u64> {
        Some(self.scopes.saturating_sub(regions / BATCH))
    }
}

fn sink(frames: SyncSender<Arc<FrameData>>) -> puffin::FrameSink {
    Box::new(move |frame| _ = frames.send(frame))
}

/// Writes frames until there are no more, and returns how many scopes were in them.
fn write(file: File, frames: Receiver<Arc<FrameData>>) -> u64 {
    let mut file = BufWriter::new(file);
    let mut scopes = 0;
    for frame in frames {
        scopes += frame.meta().num_scopes as u64;
        frame.write_into(None, &mut file).expect("a frame can be written");
    }
    scopes
}

#[inline(never)]
fn region(x: u64) -> u64 {
    puffin::profile_function!();
    black_box(x)
}

#[inline(never)]
fn region_with_integer(x: u64) -> u64 {
    puffin::profile_function!(x.to_string());
    black_box(x)
}

fn main() {
    harness::run(Puffin::default());
}
