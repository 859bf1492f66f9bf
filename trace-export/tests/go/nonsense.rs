//! Events that a program would hardly emit, in any order, on a few threads.

use std::fmt::Write;

/// A generator of numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// Blocks of the text form, with chunks of several threads. Callsites and tasks are few, so that
/// events are about the same ones.
pub(crate) fn blocks(seed: u64) -> String {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut text = String::new();
    let threads = 1 + random.below(4);
    for thread in 1..=threads {
        let mut base = 1000 + random.below(500);
        let mut sequence = random.below(2);
        for _ in 0..1 + random.below(4) {
            let open: Vec<String> =
                (0..random.below(4)).map(|_| open_region(&mut random)).collect();
            // A depth that is too large is a thread with more regions than are listed.
            let depth = open.len() as u64 + random.below(2) * random.below(3);
            _ = writeln!(
                text,
                "block chunk\n  ChunkHead thread={thread} sequence={sequence} base={base} \
                 os_thread=0 thread_name=\"t{}\" task={} depth={depth} open=[{}]",
                random.below(2),
                task(&mut random),
                open.join(", ")
            );
            let pace = [1, 30, 30_000][random.below(3) as usize];
            for _ in 0..random.below(60) {
                let delta = random.below(2) * random.below(pace);
                base += delta;
                let event = event(&mut random);
                _ = writeln!(text, "  +{delta} {event}");
            }
            sequence += 1 + random.below(10) / 9;
            base += random.below(pace);
        }
    }
    if random.below(3) == 0 {
        let thread = random.below(6);
        _ = writeln!(
            text,
            "block losses\n  LossRecord thread={thread} cause=reentrant count=3 from=1100 to=1200"
        );
    }
    text
}

fn task(random: &mut Random) -> u64 {
    match random.below(12) {
        0 => u64::MAX - 1,
        1 => 0,
        _ => 1 + random.below(4),
    }
}

fn callsite(random: &mut Random) -> u64 {
    [1, 2, 3, 7, 7, 7, 3, 8, 9][random.below(9) as usize]
}

fn open_region(random: &mut Random) -> String {
    let fiber = random.below(2) * random.below(6);
    let outer = match random.below(2) {
        0 => String::from("none"),
        _ => random.below(3).to_string(),
    };
    let (callsite, age, task) = (callsite(random), random.below(900), task(random));
    format!("OpenRegion callsite={callsite} age={age} task={task} outer={outer} fiber={fiber}")
}

fn event(random: &mut Random) -> String {
    let (callsite, task, fiber) = (callsite(random), task(random), 1 + random.below(5));
    let (age, inner) = (random.below(900), random.below(5).saturating_sub(2));
    match random.below(40) {
        0..=4 => format!("RegionBegin callsite={callsite}"),
        5 => format!("TaskRegionBegin callsite={callsite} task={task}"),
        6..=14 => String::from("RegionEnd"),
        15 => format!("WholeRegionEnd callsite={callsite} age={age} task={task} inner={inner}"),
        16 => format!("UnseenRegionEnd callsite={callsite}"),
        17 => String::from("RegionArgs values=[u64:1, f64:inf]"),
        18 => format!("RegionArg key=6 outward={inner} value=true"),
        19 => format!("TaskBegin callsite=3 task={task} parent={}", random.below(4)),
        20 => format!("TaskEnd callsite=3 task={task} parent=0 age={age}"),
        21 => format!("UnseenTaskEnd callsite=3 task={task}"),
        22 => String::from("TaskArgs values=[\"tall\"]"),
        23 => format!("TaskArg key=6 task={task} value=u64:7"),
        24 => format!("TaskEnter task={task}"),
        25 => String::from("Log callsite=4 message=\"hm\""),
        26 => String::from("Counter callsite=5 value=i64:-1"),
        27 => format!("Loss cause=pool-full count=4 age={age}"),
        28..=29 => format!("FiberBegin callsite={callsite} fiber={fiber} parent=0 task={task}"),
        30..=33 => format!("PollBegin callsite={callsite} fiber={fiber} waited=0"),
        34 => format!("TaskPollBegin callsite={callsite} fiber={fiber} waited=0 task={task}"),
        35..=36 => format!("Wake fiber={fiber}"),
        37 => format!("UnseenFiberEnd callsite={callsite} fiber={fiber} outcome=panicked"),
        _ => format!(
            "FiberEnd callsite={callsite} fiber={fiber} parent=0 task={task} age={age} busy=1 \
             waited=1 polls=1 outcome={}",
            ["completed", "cancelled", "panicked"][random.below(3) as usize]
        ),
    }
}
