//! In real time: from the last byte of a console line that pulls a trigger to the rail going off, through all that a
//! run goes through: pseudo-terminal, serial port, its thread, the pump, the run machine, the mains.
//!
//! `cargo bench -p brownout --bench latency`; all figures of the project: `cargo bench --workspace`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, missing_docs)]

use brownout_board::doors::Shown;
use brownout_board::output::Visible;
use brownout_cli::args::Selection;
use brownout_cli::project::Project;
use brownout_cli::stage;
use brownout_core::event::{Event, What};
use brownout_core::judge::judge;
use brownout_engine::{Interrupter, Journal, Manifest, Onlooker, RunOrder};
use std::path::Path;
use std::time::{Duration, Instant};

/// The first line that the firmware says is `boot`.
const SCENARIO: &str = "
scenario: the power is cut whenever the device boots
steady:
  - seen: {signal: ready, within: 10s}
method:
  - power_cut: {for: 1ms}
  - repeat:
      times: 200
      steps:
        - power_cut: {when: {signal: {name: boot}}, for: 1ms, within: 5s}
expect:
  - never: panic
";

struct Nobody;

impl Onlooker for Nobody {
    fn event(&mut self, _: &Event) {}
}

fn main() {
    println!("load of the machine: {}", load());
    let project = Project::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("latency.yaml");
    std::fs::write(&scenario, SCENARIO).unwrap();
    let bench = project.bench("virtual-wall").unwrap();
    let selection = Selection {
        scenarios: vec![scenario],
        rig: "virtual-wall".to_owned(),
        tags: vec![],
        case: None,
        seed: 1,
        defect: None,
        image: None,
    };
    let plan = project.plans(&selection, &bench).unwrap().remove(0);
    let digest = plan.digest();
    let manifest = Manifest {
        control: None,
        brownout: "0".to_owned(),
        started: String::new(),
        plan: digest.clone(),
        again: Vec::new(),
    };
    let mut journal = Journal::create(&folder.path().join("run"), &manifest, &plan).unwrap();

    let mut watcher = None;
    let mut opened = bench
        .rig
        .open_showing(&bench.facts(), plan.seed, |_, host| {
            let shown = host.subscribe();
            // Ends when the bench is dropped.
            watcher = Some(std::thread::spawn(move || shown.into_iter().collect::<Vec<Shown>>()));
        })
        .unwrap();
    let order =
        RunOrder { image: project.image(&plan.board.image.path), plan: plan.clone(), digest: digest.clone() };
    let (_interrupter, interrupt) = Interrupter::new();
    let begun = Instant::now();
    let finished = stage::runtime()
        .unwrap()
        .block_on(brownout_engine::run(order, &mut opened, &mut journal, None, &interrupt, &mut Nobody))
        .unwrap();
    let took = begun.elapsed();
    drop(opened);

    let mut latencies = latencies(&watcher.unwrap().join().unwrap());
    latencies.sort();
    assert!(!latencies.is_empty(), "the power was never cut: {:?}", finished.events.last());
    let at = |permille: usize| micros(&latencies, permille);
    println!(
        "console line to power off: p50 {:.0} us, p90 {:.0} us, p99 {:.0} us, worst {:.0} us, n={} in {:.1} s (target p50 < 150 us, p99 < 1000 us)",
        at(500),
        at(900),
        at(990),
        at(1000),
        latencies.len(),
        took.as_secs_f64()
    );
    let mut ours = from_read_to_switched(&finished.events);
    ours.sort();
    println!(
        "  of which from the read of the serial port to the mains: p50 {:.0} us, p90 {:.0} us, p99 {:.0} us",
        micros(&ours, 500),
        micros(&ours, 900),
        micros(&ours, 990)
    );
    let judgement = judge(&plan, &digest, &finished.events);
    println!("verdict of the run: {:?}", judgement.verdict);
}

fn micros(sorted: &[Duration], permille: usize) -> f64 {
    sorted[(sorted.len() - 1) * permille / 1000].as_secs_f64() * 1e6
}

/// From the time at which the serial port gave the line that pulled each trigger to the end of the injection.
fn from_read_to_switched(events: &[Event]) -> Vec<Duration> {
    let mut fired = None;
    let mut all = Vec::new();
    for event in events {
        match &event.what {
            What::Fired { source: Some(_), .. } => fired = Some(event.at),
            What::Injected { .. } => {
                all.extend(fired.take().map(|fired| Duration::from_nanos(event.at.0 - fired.0)));
            }
            _ => {}
        }
    }
    all
}

/// From the first newline after each return of the power to the next loss of it.
fn latencies(shown: &[Shown]) -> Vec<Duration> {
    let (mut all, mut newline) = (Vec::new(), None);
    for shown in shown {
        match shown.output.what {
            Visible::Console(b'\n') => newline = newline.or(Some(shown.at)),
            Visible::Rail { on: true } => newline = None,
            Visible::Rail { on: false } => all.extend(newline.take().map(|newline| shown.at - newline)),
            _ => {}
        }
    }
    all
}

/// Processes that wanted to run, on average over the last minute, where Linux tells.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|first| !first.is_empty()).unwrap_or("unknown").to_owned()
}
