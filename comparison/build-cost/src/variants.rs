//! The tracers, and how each is depended on.

use toml::{Table, Value};

/// A way to annotate a crate.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    /// What stands before each function; `None` for the crate as it is.
    pub(crate) attribute: Option<&'static str>,
    /// The name of the library.
    library: &'static str,
    /// The package, its version and its features. All can record: nothing is compiled out.
    package: &'static str,
    /// `None` for ours, which is in a directory above.
    version: Option<&'static str>,
    features: &'static [&'static str],
}

impl Variant {
    /// The entry for the manifest's dependencies.
    pub(crate) fn dependency(&self) -> Option<(String, Value)> {
        self.attribute?;
        let mut entry = Table::new();
        if let Some(version) = self.version {
            entry.insert("version".into(), version.into());
        } else {
            let path = report::workspace().join("..");
            entry.insert("path".into(), path.to_string_lossy().into_owned().into());
        }
        entry.insert("package".into(), self.package.into());
        let features: Vec<Value> = self.features.iter().map(|&feature| feature.into()).collect();
        entry.insert("features".into(), features.into());
        Some((self.library.into(), Value::Table(entry)))
    }
}

/// The crate as it is.
pub(crate) const PLAIN: &str = "plain";
/// Ours.
pub(crate) const OURS: &str = "runtime-trace";
/// The one that ours is held against.
pub(crate) const TRACING: &str = "tracing";

/// All of them, the plain one first.
pub(crate) const ALL: &[Variant] = &[
    Variant {
        name: PLAIN,
        attribute: None,
        library: "",
        package: "",
        version: None,
        features: &[],
    },
    Variant {
        name: OURS,
        attribute: Some("#[::trace::region]"),
        library: "trace",
        package: "runtime-trace",
        version: None,
        features: &[],
    },
    Variant {
        name: TRACING,
        attribute: Some("#[::tracing::instrument(skip_all)]"),
        library: "tracing",
        package: "tracing",
        version: Some("0.1"),
        features: &[],
    },
    Variant {
        name: "fastrace",
        attribute: Some("#[::fastrace::trace]"),
        library: "fastrace",
        package: "fastrace",
        version: Some("0.7"),
        features: &["enable"],
    },
    Variant {
        name: "hotpath",
        attribute: Some("#[::hotpath::measure]"),
        library: "hotpath",
        package: "hotpath",
        version: Some("0.30"),
        features: &["hotpath"],
    },
];
