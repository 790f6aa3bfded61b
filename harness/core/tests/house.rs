//! The house rules: which crate may know of which, and what the pure ones must not touch.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![allow(clippy::disallowed_methods, reason = "this looks at the sources themselves")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each crate may depend on: `cli → engine → drivers → lab → ports → core ← report`. An arrow may skip.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("brownout-core", &[]),
    ("brownout-report", &["brownout-core"]),
    ("brownout-ports", &["brownout-core"]),
    ("brownout-lab", &["brownout-core", "brownout-ports"]),
    ("brownout-drivers", &["brownout-board", "brownout-core", "brownout-lab", "brownout-ports"]),
    ("brownout-engine", &["brownout-core", "brownout-drivers", "brownout-lab", "brownout-ports"]),
    (
        "brownout",
        &[
            "brownout-board",
            "brownout-core",
            "brownout-drivers",
            "brownout-engine",
            "brownout-lab",
            "brownout-ports",
            "brownout-report",
        ],
    ),
    ("brownout-board", &[]),
];

/// Crates whose results depend on their arguments alone, and what they therefore cannot depend on.
const PURE: &[&str] = &["brownout-core", "brownout-report", "brownout-lab"];
const IMPURE: &[&str] =
    &["tokio", "nix", "libc", "rand", "getrandom", "tempfile", "jiff", "chrono", "serialport"];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[derive(Debug)]
struct Dependency {
    name: String,
    optional: bool,
    /// Not only for tests.
    normal: bool,
}

/// The dependencies of each crate of the workspace.
fn dependencies() -> BTreeMap<String, Vec<Dependency>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(project())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.map(|dependency| Dependency {
            name: dependency["name"].as_str().unwrap().to_owned(),
            optional: dependency["optional"].as_bool().unwrap(),
            normal: dependency["kind"].as_str() != Some("dev"),
        })
        .collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), of(package))).collect()
}

#[test]
fn dependencies_point_one_way() {
    let crates = dependencies();
    let of_ours = |name: &str| crates.contains_key(name);
    for (name, dependencies) in &crates {
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(of, _)| of == name) else {
            panic!("`{name}` is new: say in this test what it may know");
        };
        for dependency in dependencies.iter().filter(|d| d.normal && of_ours(&d.name)) {
            assert!(
                allowed.contains(&dependency.name.as_str()),
                "`{name}` must not know `{}`",
                dependency.name
            );
        }
    }
}

#[test]
fn every_direct_dependency_is_accounted_for() {
    let crates = dependencies();
    let text = std::fs::read_to_string(project().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once("\n## Dependencies\n").unwrap();
    let table: String = section.lines().take_while(|line| !line.starts_with("## ")).collect();
    for (name, dependencies) in &crates {
        for dependency in dependencies.iter().filter(|d| !crates.contains_key(&d.name)) {
            let named = table.contains(&format!("`{}`", dependency.name));
            assert!(named, "say in ARCHITECTURE.md why `{name}` depends on `{}`", dependency.name);
        }
    }
}

#[test]
fn the_virtual_board_can_be_left_out() {
    let crates = dependencies();
    let knowing: BTreeSet<_> = crates
        .iter()
        .flat_map(|(name, all)| all.iter().map(move |dependency| (name, dependency)))
        .filter(|(_, dependency)| dependency.name == "brownout-board" && dependency.normal)
        .map(|(name, dependency)| {
            assert!(dependency.optional, "`{name}` cannot be built without the virtual board");
            name.as_str()
        })
        .collect();
    assert_eq!(knowing, BTreeSet::from(["brownout", "brownout-drivers"]));
}

#[test]
fn only_the_virtual_drivers_know_what_a_virtual_board_is() {
    let mut knowing = BTreeSet::new();
    for source in sources("harness") {
        if source.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "benches") {
            continue;
        }
        let text = std::fs::read_to_string(&source).unwrap();
        if text.contains("brownout_board") {
            knowing.insert(source.strip_prefix(project()).unwrap().to_string_lossy().into_owned());
        }
    }
    assert!(!knowing.is_empty());
    for path in knowing {
        let allowed =
            path.starts_with("harness/drivers/src/virtual/") || path == "harness/cli/src/commands/board.rs";
        assert!(allowed, "{path} knows the virtual board");
    }
}

#[test]
fn pure_crates_depend_on_nothing_that_touches_the_world() {
    let crates = dependencies();
    for name in PURE {
        for dependency in crates[*name].iter().filter(|d| d.normal) {
            assert!(!IMPURE.contains(&dependency.name.as_str()), "`{name}` depends on `{}`", dependency.name);
        }
    }
}

#[test]
fn pure_crates_name_nothing_that_touches_the_world() {
    let touching = [
        "std::fs",
        "std::env::",
        "std::net",
        "std::process",
        "std::thread",
        "std::os::",
        "fs::",
        "SystemTime",
    ];
    for folder in ["harness/core/src", "harness/report/src", "harness/lab/src"] {
        for source in sources(folder) {
            let text = std::fs::read_to_string(&source).unwrap();
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                let found = touching.iter().find(|name| code.contains(**name));
                assert!(found.is_none(), "{}:{}: {}", source.display(), number + 1, line.trim());
            }
        }
    }
}

#[test]
fn clippy_refuses_impure_calls_in_pure_crates() {
    for folder in ["harness/core", "harness/report", "harness/lab"] {
        let config = std::fs::read_to_string(project().join(folder).join("clippy.toml")).unwrap();
        for call in [
            "std::time::Instant::now",
            "std::time::SystemTime::now",
            "std::env::var",
            "std::fs::read",
            "std::fs::write",
            "std::fs::File::open",
            "std::process::Command::new",
            "std::thread::sleep",
            "std::thread::spawn",
        ] {
            let line = format!("{{ path = \"{call}\", reason = ");
            assert!(config.contains(&line), "{folder}/clippy.toml lets `{call}` pass");
        }
    }
}

#[test]
fn no_file_is_a_heap_of_things() {
    for source in sources("harness").into_iter().chain(sources("fixtures/board/src")) {
        let stem = source.file_stem().unwrap().to_string_lossy().into_owned();
        let vague = ["utils", "util", "helpers", "manager", "imp", "common", "misc"];
        assert!(!vague.contains(&stem.as_str()), "{} says nothing by its name", source.display());
    }
}

/// The Rust files under a folder of the project.
fn sources(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&project().join(folder), &mut found);
    assert!(!found.is_empty());
    found.sort();
    found
}
