//! The unmodified probe-rs on the virtual board, by the probe in the same process and by the socket of its host.

mod paper;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use brownout_board::doors::Device;
#[cfg(unix)]
use brownout_board::doors::Host;
use brownout_drivers::r#virtual::VirtualProbe;
use paper::Paper;
use probe_rs::config::Registry;
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeSelector, Probe};
use probe_rs::{CoreStatus, Error, HaltReason, MemoryInterface, Permissions, Session};

const CHIP: &str = "nRF52840_xxAA";
const PATIENCE: Duration = Duration::from_millis(500);

/// One way to the board.
trait Bench {
    fn probe(&self) -> Probe;
    fn power(&self, on: bool);

    fn attach(&self) -> Result<Session, Error> {
        self.probe().attach_with_registry(CHIP, Permissions::default(), registry())
    }
}

/// Parsing the chip descriptions takes longer than all the rest.
fn registry() -> &'static Registry {
    static REGISTRY: std::sync::LazyLock<Registry> =
        std::sync::LazyLock::new(Registry::from_builtin_families);
    &REGISTRY
}

struct InProcess(Arc<Mutex<Paper>>);

impl Bench for InProcess {
    fn probe(&self) -> Probe {
        VirtualProbe::open(Arc::clone(&self.0))
    }

    fn power(&self, on: bool) {
        self.0.lock().unwrap().set_power(on);
    }
}

#[cfg(unix)]
struct BySocket(Host<Paper>);

#[cfg(unix)]
impl Bench for BySocket {
    fn probe(&self) -> Probe {
        let selector: DebugProbeSelector = self.0.selector().parse().unwrap();
        Lister::new().open(selector).unwrap()
    }

    fn power(&self, on: bool) {
        self.0.set_power(on);
    }
}

fn benches() -> Vec<Box<dyn Bench>> {
    vec![
        Box::new(InProcess(Arc::new(Mutex::new(Paper::new())))),
        #[cfg(unix)]
        Box::new(BySocket(Host::start(Paper::new()).unwrap())),
    ]
}

fn look(session: &mut Session) -> Result<u32, Error> {
    session.core(0)?.read_word_32(0x2000_0000)
}

#[test]
fn reads_writes_halts_steps_breaks_and_resets() {
    for bench in benches() {
        let mut session = bench.attach().unwrap();
        let mut core = session.core(0).unwrap();
        core.write_32(0x2000_0000, &[1, 2, 3, 4]).unwrap();
        core.write_8(0x2000_0005, &[0xAB]).unwrap();
        let mut words = [0; 4];
        core.read_32(0x2000_0000, &mut words).unwrap();
        assert_eq!(words, [1, 0xAB02, 3, 4]);
        assert!(core.read_word_32(0x5000_0000).is_err());
        assert_eq!(core.read_word_32(0x2000_0008).unwrap(), 3, "one fault does not spoil the next access");

        let at = core.halt(PATIENCE).unwrap().pc;
        assert_eq!(core.step().unwrap().pc, at + 2);
        let there = at + 0x20;
        core.set_hw_breakpoint(there).unwrap();
        core.run().unwrap();
        core.wait_for_core_halted(PATIENCE).unwrap();
        assert!(matches!(core.status().unwrap(), CoreStatus::Halted(HaltReason::Breakpoint(_))));
        assert_eq!(core.read_core_reg::<u32>(core.program_counter()).unwrap(), there as u32);

        assert_eq!(core.reset_and_halt(PATIENCE).unwrap().pc, 0x100);
        core.run().unwrap();
    }
}

#[test]
fn attaches_under_reset() {
    for bench in benches() {
        let mut session =
            bench.probe().attach_under_reset_with_registry(CHIP, Permissions::default(), registry()).unwrap();
        let mut core = session.core(0).unwrap();
        assert!(core.core_halted().unwrap());
        assert_eq!(core.read_core_reg::<u32>(core.program_counter()).unwrap(), 0x100);
    }
}

#[test]
fn a_session_ends_with_its_power_and_another_begins_with_it() {
    for bench in benches() {
        let mut session = bench.attach().unwrap();
        bench.power(false);
        let started = Instant::now();
        assert!(look(&mut session).is_err());
        bench.power(true);
        assert!(look(&mut session).is_err(), "the old session stays dead");
        drop(session);
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
        look(&mut bench.attach().unwrap()).unwrap();
    }
}

#[test]
fn attaching_to_a_board_without_power_is_an_error() {
    for bench in benches() {
        bench.power(false);
        let started = Instant::now();
        assert!(bench.attach().is_err());
        // probe-rs looks for a target five times, a second each.
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    }
}

#[test]
fn fifty_sessions_one_after_the_other() {
    for bench in benches() {
        let mut times: Vec<Duration> = (0..50)
            .map(|_| {
                let started = Instant::now();
                let mut session = bench.attach().unwrap();
                let took = started.elapsed();
                look(&mut session).unwrap();
                took
            })
            .collect();
        times.sort();
        println!("attach: p50 {:?}, worst {:?}", times[25], times[49]);
    }
}
