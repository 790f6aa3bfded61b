//! Whole runs of the program: how much faster than the device the suite is, and what a run costs beside the waiting that
//! its scenario asks for.
//!
//! `cargo bench -p brownout --bench suite`; all figures of the project: `cargo bench --workspace`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, missing_docs)]

use brownout_core::event::{Event, Phase, What};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// A scenario that waits for little.
const SHORT: [&str; 3] = ["scenarios/power/reset-keeps-settings.yaml", "--case", "how=soft"];

fn main() {
    println!("load of the machine: {}", load());
    suite();
    own_cost_in_virtual_time();
    own_cost_in_real_time();
}

/// The program, started.
fn start(folder: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_brownout"))
        .current_dir(PROJECT)
        .args(["run", "--report-dir"])
        .arg(folder)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs it to its end in a fresh folder: how long it took, and the timelines by path.
fn run(arguments: &[&str]) -> (Duration, BTreeMap<PathBuf, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let status = start(folder.path(), arguments).wait().unwrap();
    let took = begun.elapsed();
    if !status.success() {
        println!("brownout run {}: {status}", arguments.join(" "));
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

fn events(timeline: &[u8]) -> Vec<Event> {
    timeline
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// The scenarios of the board alone, one after the other. `brownout run` says of all of them how long they took.
fn suite() {
    let themes = ["power", "debug", "console", "sensor"].map(|theme| format!("scenarios/{theme}"));
    let arguments: Vec<&str> = ["--jobs", "1"].into_iter().chain(themes.iter().map(String::as_str)).collect();
    let (took, timelines) = run(&arguments);
    let device: f64 = timelines
        .values()
        .filter_map(|timeline| events(timeline).last().map(|event| event.at.0 as f64 / 1e9))
        .sum();
    println!(
        "the suite: {} runs, {device:.1} s of device time in {:.2} s, {:.0} times faster (target at least 20 times)",
        timelines.len(),
        took.as_secs_f64(),
        device / took.as_secs_f64()
    );
}

fn own_cost_in_virtual_time() {
    // Of the last run the process is warm in the system's caches, as it is for whoever works with it.
    let mut costs: Vec<Duration> = (0..15).map(|_| run(&SHORT).0).collect();
    costs.sort();
    figure("one whole run in virtual time, process and flashing included", &costs);
}

/// All of a process but the time from the device's start to the end of the method.
fn own_cost_in_real_time() {
    let arguments: Vec<&str> = SHORT.into_iter().chain(["--rig", "virtual-wall"]).collect();
    let mut costs: Vec<Duration> = (0..7)
        .filter_map(|_| {
            let (took, timelines) = run(&arguments);
            let events = events(timelines.values().next()?);
            let phase = |wanted| events.iter().find(|event| event.what == What::Phase(wanted));
            let waited = phase(Phase::Teardown)?.at.0 - phase(Phase::Steady)?.at.0;
            Some(took.saturating_sub(Duration::from_nanos(waited)))
        })
        .collect();
    costs.sort();
    figure("one run in real time without its waits, process and flashing included", &costs);
}

fn figure(what: &str, sorted: &[Duration]) {
    let Some(worst) = sorted.last() else { return println!("{what}: no run came to its end") };
    println!(
        "{what}: p50 {:.0} ms, worst {:.0} ms, n={} (target p50 < 100 ms)",
        sorted[sorted.len() / 2].as_secs_f64() * 1e3,
        worst.as_secs_f64() * 1e3,
        sorted.len()
    );
}

/// Processes that wanted to run, on average over the last minute, where Linux tells.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|first| !first.is_empty()).unwrap_or("unknown").to_owned()
}
