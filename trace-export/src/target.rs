//! What a trace can be turned into.

use std::fmt;
use std::str::FromStr;

/// What a trace can be turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// Perfetto's protobuf format: threads, tasks and futures as tracks, with arrows between them.
    Perfetto,
    /// The JSON of Chrome's trace viewer.
    Chrome,
    /// Go's execution trace, version 2, as of Go 1.26.
    Go,
    /// A line per stack of regions, with the nanoseconds that were spent in it and in nothing inside.
    Collapsed,
    /// The JSON of speedscope: a profile per thread.
    Speedscope,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Perfetto, Self::Chrome, Self::Go, Self::Collapsed, Self::Speedscope];

    /// What it is called on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Perfetto => "perfetto",
            Self::Chrome => "chrome",
            Self::Go => "go",
            Self::Collapsed => "collapsed",
            Self::Speedscope => "speedscope",
        }
    }

    /// What it is, in a line.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Perfetto => "a timeline for ui.perfetto.dev and trace_processor",
            Self::Chrome => "the same as JSON, for chrome://tracing and others",
            Self::Go => "an execution trace for `go tool trace`",
            Self::Collapsed => "stacks of regions with their own time, for flame graphs",
            Self::Speedscope => "a profile per thread, for speedscope.app",
        }
    }

    /// What one does with the file.
    pub const fn how_to_open(self) -> &'static str {
        match self {
            Self::Perfetto => "open it at ui.perfetto.dev",
            Self::Chrome => "open it at ui.perfetto.dev or in chrome://tracing",
            Self::Go => "open it with `go tool trace FILE`",
            Self::Collapsed => {
                "turn it into a picture with `inferno-flamegraph` or `flamegraph.pl`"
            }
            Self::Speedscope => "open it at speedscope.app",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no target of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTarget {
    /// The name.
    pub found: String,
}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(name: &str) -> Result<Self, UnknownTarget> {
        let named = Self::ALL.into_iter().find(|target| target.name() == name);
        named.ok_or_else(|| UnknownTarget { found: name.to_owned() })
    }
}

impl fmt::Display for UnknownTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Target::ALL.map(Target::name).join("`, `");
        write!(f, "expected one of `{names}`, found `{}`", self.found)
    }
}

impl std::error::Error for UnknownTarget {}
