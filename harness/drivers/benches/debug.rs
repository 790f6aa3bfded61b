//! Attach, and flash with verification, by the unmodified probe-rs: to the probe in the same process, and through the
//! socket of a hosted board.
//!
//! `cargo bench -p brownout-drivers --bench debug`; all figures of the project: `cargo bench --workspace`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, missing_docs)]

use brownout_board::doors::Host;
use brownout_board::{Board, Config};
use brownout_drivers::r#virtual::VirtualProbe;
use probe_rs::config::Registry;
use probe_rs::flashing::DownloadOptions;
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeSelector, Probe};
use probe_rs::{Permissions, Session};
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const CHIP: &str = "nRF52840_xxAA";
const ATTACHES: usize = 100;
const FLASHES: usize = 5;
/// Where the image goes: half of the flash stays empty, as it is under a bootloader.
const BASE: u64 = 0x8_0000;
const LENGTH: u32 = 256 * 1024;

fn main() {
    let registry = Registry::from_builtin_families();
    // As it comes from the factory. The reference firmware's watchdog would bite: the figure is of one long write.
    let board = || {
        let mut board = Board::new(Config::default());
        board.set_power(true);
        board
    };
    println!("load of the machine: {}", load());

    let wired = Arc::new(Mutex::new(board()));
    measure("in process", &registry, || VirtualProbe::open(Arc::clone(&wired)));

    let host = Host::start(board()).unwrap();
    let selector: DebugProbeSelector = host.selector().parse().unwrap();
    measure("by socket", &registry, || Lister::new().open(selector.clone()).unwrap());
}

fn measure(way: &str, registry: &Registry, open: impl Fn() -> Probe) {
    let attach =
        || -> Session { open().attach_with_registry(CHIP, Permissions::default(), registry).unwrap() };
    let attaches = samples(ATTACHES, || {
        // Leaving is not part of it.
        let begun = Instant::now();
        let session = attach();
        let took = begun.elapsed();
        drop(session);
        took
    });
    figure(&format!("attach {way}"), &attaches, "p50 < 5 ms");

    let mut round = 0u32;
    let flashes = samples(FLASHES, || {
        // Other data each time: nothing may be left out because it is there already.
        round += 1;
        let data: Vec<u8> =
            (0..LENGTH).map(|at| ((at ^ round).wrapping_mul(0x9E37_79B1) >> 24) as u8).collect();
        let mut session = attach();
        let begun = Instant::now();
        let mut loader = session.target().flash_loader();
        loader.add_data(BASE, &data).unwrap();
        let mut options = DownloadOptions::default();
        options.verify = true;
        loader.commit(&mut session, options).unwrap();
        black_box(begun.elapsed())
    });
    figure(&format!("flash and verify 256 KiB {way}"), &flashes, "p50 < 500 ms");
}

/// Sorted.
fn samples(count: usize, mut each: impl FnMut() -> Duration) -> Vec<Duration> {
    let mut all: Vec<Duration> = (0..count).map(|_| each()).collect();
    all.sort();
    all
}

fn figure(what: &str, sorted: &[Duration], target: &str) {
    let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!(
        "{what}: p50 {:.2} ms, p90 {:.2} ms, worst {:.2} ms, n={} (target {target})",
        at(50),
        at(90),
        at(100),
        sorted.len()
    );
}

/// Processes that wanted to run, on average over the last minute, where Linux tells.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|first| !first.is_empty()).unwrap_or("unknown").to_owned()
}
