//! What an idle board costs in real time: hosted alone, and with a debug probe that reads its log.
//!
//! `cargo bench -p brownout-drivers --bench idle`; all figures of the project: `cargo bench --workspace`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, missing_docs)]

use brownout_board::doors::Host;
use brownout_board::{Board, Config};
use brownout_core::names::Dut;
use brownout_core::rig_file::RigFile;
use brownout_drivers::{BoardFacts, Rig};
use brownout_ports::ProgramOrder;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

const IMAGE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/firmware/images/thermostat-1.0.0-clean.elf");
const RIG: &str = "
rig: idle
clock: wall
duts:
  thermostat:
    board: nrf52840-thermostat
    debug: {virtual: {}}
    console: {virtual: {}}
    power: {virtual: {}}
";
/// It has booted by then.
const SETTLED: Duration = Duration::from_secs(1);
const WATCHED: Duration = Duration::from_secs(8);

fn main() {
    hosted();
    probed();
}

fn hosted() {
    let mut board = Board::new(Config::default());
    board.load_elf(&std::fs::read(IMAGE).unwrap()).unwrap();
    board.set_power(true);
    let _host = Host::start(board).unwrap();
    watch("a hosted thermostat");
}

fn probed() {
    let file = RigFile::read("idle.yaml", RIG).unwrap();
    let facts = BoardFacts { chip: "nRF52840_xxAA".to_owned(), baud: 115_200 };
    let boards = BTreeMap::from([("nrf52840-thermostat".to_owned(), facts)]);
    let mut bench = Rig::of(&file).unwrap().open(&boards, 1).unwrap();
    let doors = bench.duts[&Dut::from("thermostat")].clone();
    let (debug, console) = (doors.debug.unwrap(), doors.console.unwrap());
    let order = ProgramOrder { image: IMAGE.into(), fresh: vec![], words: vec![], pages: vec![] };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        console.open().await.unwrap();
        debug.attach().await.unwrap();
        debug.program(&order).await.unwrap();
        debug.reset(brownout_core::action::Reset::Soft).await.unwrap();
    });
    watch("the same with its console read and a debug probe that reads its log");
    let mut reports = 0;
    while bench.reports.try_recv().is_ok() {
        reports += 1;
    }
    println!("  ({reports} reports meanwhile)");
}

fn watch(what: &str) {
    thread::sleep(SETTLED);
    let (begun, spent) = (Instant::now(), processor_time());
    thread::sleep(WATCHED);
    let (took, used) = (begun.elapsed(), processor_time().zip(spent).map(|(now, then)| now - then));
    match used {
        Some(used) => println!(
            "{what}: {:.2} % of a core (target < 1 %)",
            used.as_secs_f64() / took.as_secs_f64() * 100.0
        ),
        None => println!("{what}: this system does not tell its processor time in /proc"),
    }
}

/// Processor time of all threads of this process.
fn processor_time() -> Option<Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let nanoseconds = tasks.filter_map(|task| {
        let spent = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        spent.split(' ').next()?.parse::<u64>().ok()
    });
    Some(Duration::from_nanos(nanoseconds.sum()))
}
