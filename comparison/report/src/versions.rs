//! Versions in the lock file.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

/// The versions of packages, as the workspace's lock file has them.
#[derive(Clone, Debug)]
pub struct Versions(BTreeMap<String, String>);

impl Versions {
    /// Reads the lock file of this workspace.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read() -> Result<Self> {
        #[derive(Deserialize)]
        struct Lock {
            package: Vec<Package>,
        }
        #[derive(Deserialize)]
        struct Package {
            name: String,
            version: String,
        }
        let text = std::fs::read_to_string(crate::workspace().join("Cargo.lock"))?;
        let lock: Lock = toml::from_str(&text)?;
        Ok(Self(lock.package.into_iter().map(|package| (package.name, package.version)).collect()))
    }

    /// `name version` of a package.
    pub fn of(&self, package: &str) -> String {
        let version = self.0.get(package).map_or("of unknown version", String::as_str);
        format!("{package} {version}")
    }
}
