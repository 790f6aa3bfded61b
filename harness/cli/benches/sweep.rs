//! A sweep of power cuts over a settings write: from where the cut is armed, and each from its start.
//!
//! `cargo bench -p brownout --bench sweep`; all figures of the project: `cargo bench --workspace`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const SCENARIO: &str = "scenarios/power/cut-while-writing-settings.yaml";
const MOMENTS: [&str; 6] = ["--moment", "before", "--moment", "during", "--moment", "after"];
/// What is wanted of a machine with two processors.
const CUTS: usize = 500;
/// Of these the same is made from the start.
const REPLAYED: usize = 50;

fn main() {
    println!("load of the machine: {}", load());
    let mut times = Vec::new();
    for _ in 0..5 {
        let (took, timelines) = sweep(CUTS, false);
        assert_eq!(timelines.len(), CUTS + 1, "each cut and the count");
        times.push(took);
    }
    times.sort();
    println!(
        "a sweep of {CUTS} cuts over a settings write: p50 {:.2} s, worst {:.2} s, n={} (target < 5 s)",
        times[times.len() / 2].as_secs_f64(),
        times[times.len() - 1].as_secs_f64(),
        times.len()
    );
    let (forked, short) = sweep(REPLAYED, false);
    let (replayed, whole) = sweep(REPLAYED, true);
    let same = whole.iter().filter(|(path, timeline)| short.get(*path) == Some(*timeline)).count();
    println!(
        "{REPLAYED} cuts: {:.2} s from where the cut is armed, {:.2} s from the start, {:.1} times; {same} of {} timelines the same",
        forked.as_secs_f64(),
        replayed.as_secs_f64(),
        replayed.as_secs_f64() / forked.as_secs_f64(),
        whole.len()
    );
}

/// How long it took, the start of the process included, and the timelines by path.
fn sweep(cuts: usize, from_start: bool) -> (Duration, BTreeMap<PathBuf, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_brownout"));
    command.current_dir(PROJECT).args(["sweep", SCENARIO, "--report-dir"]).arg(folder.path()).args(MOMENTS);
    command.args(["--cuts", &cuts.to_string()]).args(from_start.then_some("--from-start"));
    let begun = Instant::now();
    let status = command.stdout(Stdio::null()).status().unwrap();
    let took = begun.elapsed();
    if !status.success() {
        println!("brownout sweep: {status}");
    }
    (took, timelines(folder.path()))
}

fn timelines(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("events.jsonl") {
                let bytes = std::fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

/// Processes that wanted to run, on average over the last minute, where Linux tells.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|first| !first.is_empty()).unwrap_or("unknown").to_owned()
}
