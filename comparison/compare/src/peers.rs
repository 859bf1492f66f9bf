//! Which peers there are, and how their programs are built.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A tracer to be measured.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    program: Program,
    /// A program of its own for the mode `off`, where the switch is a feature.
    off: Option<Program>,
}

impl Peer {
    /// Builds its programs: the one for the mode `off`, and the one for the others.
    pub(crate) fn build(&self) -> Result<(PathBuf, PathBuf)> {
        let program = self.program.build()?;
        let off = self.off.as_ref().map_or_else(|| Ok(program.clone()), Program::build)?;
        Ok((off, program))
    }
}

/// All peers, in the order of the tables.
pub(crate) const ALL: &[Peer] = &[
    cargo("runtime-trace", "peer-runtime-trace", "peer-runtime-trace"),
    cargo("sparkles", "peer-sparkles", "peer-sparkles"),
    Peer {
        off: Some(Program::Cargo {
            package: "peer-tracy-on-demand",
            binary: "peer-tracy-on-demand",
        }),
        ..cargo("tracy", "peer-tracy", "peer-tracy")
    },
    cargo("fastrace", "peer-fastrace", "peer-fastrace"),
    cargo("hotpath", "peer-hotpath", "peer-hotpath"),
    cargo("perfetto-recorder", "peer-perfetto-recorder", "peer-perfetto-recorder"),
    cargo("puffin", "peer-puffin", "peer-puffin"),
    cargo("dial9", "peer-dial9", "peer-dial9"),
    cargo("tracing-registry", "peer-tracing", "peer-tracing-registry"),
    cargo("tracing-chrome", "peer-tracing", "peer-tracing-chrome"),
    cargo("lttng-ust", "peer-lttng-ust", "peer-lttng-ust"),
    Peer { name: "go", program: Program::Go, off: None },
];

const fn cargo(name: &'static str, package: &'static str, binary: &'static str) -> Peer {
    Peer { name, program: Program::Cargo { package, binary }, off: None }
}

enum Program {
    Cargo {
        package: &'static str,
        binary: &'static str,
    },
    /// In `go/`, built with the `go` that the variable `GO` names, or that is in the path.
    Go,
}

impl Program {
    fn build(&self) -> Result<PathBuf> {
        let workspace = report::workspace();
        let target = workspace.join("target");
        let (mut command, binary) = match self {
            Self::Cargo { package, binary } => {
                let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
                let mut command = Command::new(cargo);
                command.args(["build", "--release", "--locked", "--quiet"]);
                command.args(["--package", package, "--bin", binary]);
                command.arg("--target-dir").arg(&target).current_dir(workspace);
                (command, *binary)
            }
            Self::Go => {
                let go = std::env::var_os("GO").unwrap_or_else(|| "go".into());
                let mut command = Command::new(go);
                command.args(["build", "-o"]).arg(target.join("release/peer-go")).arg(".");
                command.env("GOTOOLCHAIN", "local").env("GOCACHE", target.join("go"));
                command.current_dir(workspace.join("go"));
                (command, "peer-go")
            }
        };
        let output = command
            .output()
            .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
        if !output.status.success() {
            bail!("{}", reason(&String::from_utf8_lossy(&output.stderr)));
        }
        Ok(target.join("release").join(binary))
    }
}

/// The line of what a failing program wrote that says most: that of the panic, or else the last.
fn reason(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let panic = lines.clone().skip_while(|line| !line.contains("panicked at")).nth(1);
    panic.or_else(|| lines.next_back()).unwrap_or("it wrote nothing").to_owned()
}
