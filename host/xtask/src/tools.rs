//! What the tasks need on the machine. Missing Debian packages are installed when one is root;
//! otherwise the one command that does is printed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::run::{cache_dir, cargo, find, output, run, target_dir};

const CARGO_DENY: &str = "0.20.2";
const LEAST_NODE: u32 = 20;

/// A Debian package, and how to see that it is not needed.
struct Package {
    name: &'static str,
    is_there: fn() -> bool,
}

const FOR_TESTS: [Package; 5] = [
    Package {
        name: "chromium",
        is_there: || find("chromium").is_some(),
    },
    Package {
        name: "poppler-utils",
        is_there: || find("pdftotext").is_some(),
    },
    Package {
        name: "python3-aiosmtpd",
        is_there: || {
            let mut python = Command::new("/usr/bin/python3");
            output(python.args(["-c", "import aiosmtpd; print(aiosmtpd)"])).is_some()
        },
    },
    Package {
        name: "python3-venv",
        is_there: || {
            let mut python = Command::new("python3");
            output(python.args(["-c", "import ensurepip; print(ensurepip)"])).is_some()
        },
    },
    Package {
        name: "postgresql",
        is_there: || {
            let installed = std::fs::read_dir("/usr/lib/postgresql")
                .into_iter()
                .flatten();
            find("initdb").is_some()
                || installed
                    .flatten()
                    .any(|version| version.path().join("bin/initdb").is_file())
        },
    },
];

/// Everything that tests use besides Rust.
pub(crate) fn for_tests() -> anyhow::Result<()> {
    let missing: Vec<&str> = FOR_TESTS
        .iter()
        .filter(|package| !(package.is_there)())
        .map(|package| package.name)
        .collect();
    install(&missing)?;
    let version = output(Command::new("node").arg("--version"))
        .with_context(|| format!("Node {LEAST_NODE} or newer is needed, and there is no node"))?;
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|text| text.parse().ok());
    if major.is_none_or(|major: u32| major < LEAST_NODE) {
        bail!("Node {LEAST_NODE} or newer is needed; this is {version}");
    }
    Ok(())
}

/// Installs Debian packages, or says how.
pub(crate) fn install(packages: &[&str]) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let is_root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !is_root || find("apt-get").is_none() {
        bail!(
            "missing on this machine; run:\n\n    sudo apt-get install {}\n",
            packages.join(" ")
        );
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-y"]);
        command
    };
    run(apt().arg("update"))?;
    run(apt()
        .args(["--no-install-recommends", "install"])
        .args(packages))
}

/// `cargo deny`, built once and kept beside the compiled dependencies.
pub(crate) fn cargo_deny() -> anyhow::Result<PathBuf> {
    let root = cache_dir()?.join("tools");
    let program = root.join("bin/cargo-deny");
    let wanted = format!("cargo-deny {CARGO_DENY}");
    for candidate in [PathBuf::from("cargo-deny"), program.clone()] {
        if output(Command::new(&candidate).arg("--version")).as_ref() == Some(&wanted) {
            return Ok(candidate);
        }
    }
    // Unoptimised: it runs for seconds and would take minutes more to build.
    run(cargo()
        .args([
            "install",
            "cargo-deny",
            "--version",
            CARGO_DENY,
            "--locked",
            "--debug",
        ])
        .arg("--root")
        .arg(&root)
        .env("CARGO_TARGET_DIR", root.join("target")))?;
    Ok(program)
}

/// A Python that has exactly the packages of `requirements`, kept under `name` beside the compiled
/// dependencies.
pub(crate) fn python(name: &str, requirements: &Path) -> anyhow::Result<PathBuf> {
    let root = cache_dir()?.join(name);
    let program = root.join("bin/python");
    let kept = root.join("requirements.txt");
    let wanted = std::fs::read(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    if program.is_file() && std::fs::read(&kept).is_ok_and(|kept| kept == wanted) {
        return Ok(program);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&root))?;
    run(Command::new(&program)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--require-hashes", "--requirement"])
        .arg(requirements))?;
    std::fs::write(&kept, wanted).with_context(|| format!("cannot write {}", kept.display()))?;
    Ok(program)
}

/// The `node_modules` of the package in `folder`, exactly as its lock file says, kept under `name`
/// beside the compiled dependencies.
pub(crate) fn node_modules(name: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let root = cache_dir()?.join(name);
    let modules = root.join("node_modules");
    let kept = root.join("installed.json");
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    if modules.is_dir() && std::fs::read(&kept).is_ok_and(|kept| kept == wanted) {
        return Ok(modules);
    }
    std::fs::create_dir_all(&root)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(folder.join(file), root.join(file))?;
    }
    // What the lock names, as `npm ci` would, which also insists on the packages of every other
    // platform: a registry that lacks one of them could never be used.
    run(Command::new("npm")
        .args(["install", "--no-save", "--no-audit", "--no-fund"])
        .arg("--ignore-scripts")
        .current_dir(&root))?;
    std::fs::write(&kept, wanted).with_context(|| format!("cannot write {}", kept.display()))?;
    Ok(modules)
}

/// Builds the host with all its tests and answers where the binary is. One selection of packages
/// and targets everywhere: another one would select other features and compile all anew.
pub(crate) fn host() -> anyhow::Result<PathBuf> {
    run(cargo().args(["build", "--locked", "--workspace", "--all-targets"]))?;
    Ok(target_dir().join("debug/vestibule"))
}
