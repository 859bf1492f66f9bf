//! The crates that are annotated: where they come from, a copy for each variant.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value as Json;
use tempfile::TempDir;
use toml::{Table, Value};

use crate::annotate::annotate;
use crate::cargo::{cargo, output_of};
use crate::variants::{self, Variant};

/// Small to middling libraries that many programs have, with few macros and few `const` functions.
const CRATES: &[(&str, &str)] = &[
    ("base64", "=0.22.1"),
    ("fastrand", "=2.3.0"),
    ("httparse", "=1.10.1"),
    ("semver", "=1.0.27"),
    ("textwrap", "=0.16.2"),
];

/// The one whose tests are run.
pub(crate) const TESTED: &str = "httparse";

/// A workspace in a temporary directory: every crate, annotated in every way.
pub(crate) struct Subjects {
    directory: TempDir,
    pub(crate) subjects: Vec<Subject>,
}

/// A crate that is annotated.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) functions: usize,
}

impl Subject {
    /// The package that is this crate, annotated for a variant.
    pub(crate) fn package(&self, variant: &Variant) -> String {
        format!("{}-{}", self.name, variant.name)
    }
}

impl Subjects {
    /// Fetches the crates, and annotates copies.
    pub(crate) fn prepare() -> Result<Self> {
        let directory = TempDir::new()?;
        fs::write(
            directory.path().join("Cargo.toml"),
            "[workspace]\nmembers = [\"members/*\"]\nresolver = \"3\"\n\n[profile.dev]\ndebug = 0\n",
        )?;
        let sources = fetch(&directory.path().join("fetch"))?;
        let mut subjects = Vec::new();
        for &(name, _) in CRATES {
            let source = source_of(&sources, name)?;
            let mut subject = Subject { name, functions: 0 };
            for variant in variants::ALL {
                let member = directory.path().join("members").join(subject.package(variant));
                let functions = copy(&source.join("src"), &member.join("src"), variant)?;
                subject.functions = subject.functions.max(functions);
                let manifest = fs::read_to_string(source.join("Cargo.toml"))?;
                let manifest = rewrite(&manifest, &subject, variant)?;
                fs::write(member.join("Cargo.toml"), manifest)?;
                if source.join("build.rs").exists() {
                    fs::copy(source.join("build.rs"), member.join("build.rs"))?;
                }
            }
            subjects.push(subject);
        }
        Ok(Self { directory, subjects })
    }

    /// Where the workspace is.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The root of a package's source.
    pub(crate) fn root(&self, package: &str) -> PathBuf {
        self.directory().join("members").join(package).join("src/lib.rs")
    }
}

/// Lets cargo fetch all crates, and returns what it tells about them.
fn fetch(directory: &Path) -> Result<Json> {
    fs::create_dir_all(directory.join("src"))?;
    fs::write(directory.join("src/lib.rs"), "")?;
    let dependencies: Vec<String> =
        CRATES.iter().map(|(name, version)| format!("{name} = \"{version}\"\n")).collect();
    fs::write(
        directory.join("Cargo.toml"),
        format!(
            "[package]\nname = \"fetch\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}",
            dependencies.concat(),
        ),
    )?;
    let metadata = output_of(cargo(directory, &["metadata", "--format-version=1"]))?;
    Ok(serde_json::from_str(&metadata)?)
}

/// The directory that a fetched crate is in.
fn source_of(metadata: &Json, name: &str) -> Result<PathBuf> {
    let packages = metadata["packages"].as_array().context("a list of packages")?;
    let package = packages.iter().find(|package| package["name"] == name);
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let manifest = Path::new(manifest.with_context(|| format!("cargo did not fetch {name}"))?);
    Ok(manifest.parent().context("a directory")?.to_owned())
}

/// Copies a directory of sources, annotated, and returns how many functions are.
fn copy(from: &Path, to: &Path, variant: &Variant) -> Result<usize> {
    fs::create_dir_all(to)?;
    let mut functions = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        match variant.attribute {
            _ if path.is_dir() => functions += copy(&path, &copied, variant)?,
            Some(attribute) if path.extension().is_some_and(|extension| extension == "rs") => {
                let (source, count) = annotate(&fs::read_to_string(path)?, attribute)?;
                fs::write(copied, source)?;
                functions += count;
            }
            _ => _ = fs::copy(path, copied)?,
        }
    }
    Ok(functions)
}

/// The manifest of a copy: with the tracer, under a name of its own, and without all that is not the
/// library.
fn rewrite(manifest: &str, subject: &Subject, variant: &Variant) -> Result<String> {
    let mut manifest: Table = toml::from_str(manifest)?;
    for key in ["dev-dependencies", "bench", "test", "example", "bin", "badges", "lints", "profile"]
    {
        manifest.remove(key);
    }
    let package = manifest.get_mut("package").and_then(Value::as_table_mut).context("a package")?;
    package.insert("name".into(), subject.package(variant).into());
    for key in ["autobenches", "autobins", "autoexamples", "autotests"] {
        package.insert(key.into(), false.into());
    }
    for key in ["readme", "resolver", "metadata"] {
        package.remove(key);
    }
    let library = manifest.entry("lib").or_insert_with(|| Table::new().into());
    let library = library.as_table_mut().context("[lib] is a table")?;
    library.insert("name".into(), subject.name.replace('-', "_").into());
    library.insert("path".into(), "src/lib.rs".into());
    let dependencies = manifest.entry("dependencies").or_insert_with(|| Table::new().into());
    dependencies.as_table_mut().context("a table")?.extend(variant.dependency());
    Ok(toml::to_string(&manifest)?)
}
