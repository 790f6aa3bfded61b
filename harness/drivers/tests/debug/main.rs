//! The unmodified probe-rs on the virtual board, by the probe in the same process and by the socket of its host.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected has failed")]

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

#[cfg(unix)]
use brownout_board::doors::Host;
use brownout_board::{Board, Config};
use brownout_drivers::r#virtual::VirtualProbe;
use probe_rs::config::Registry;
use probe_rs::flashing::DownloadOptions;
#[cfg(unix)]
use probe_rs::probe::DebugProbeSelector;
use probe_rs::probe::Probe;
#[cfg(unix)]
use probe_rs::probe::list::Lister;
use probe_rs::rtt::{Rtt, ScanRegion};
use probe_rs::{CoreStatus, Error, HaltReason, MemoryInterface, Permissions, Session};

const CHIP: &str = "nRF52840_xxAA";
const PATIENCE: Duration = Duration::from_millis(500);
const RAM: u64 = 0x2000_0000;

/// Vector table (stack at the end of RAM, reset at 0x100) and, at 0x100, a core that counts in r0 for ever.
fn counting() -> Vec<u8> {
    let mut image = vec![0xFF; 0x108];
    image[..8].copy_from_slice(&[0x00, 0x00, 0x04, 0x20, 0x01, 0x01, 0x00, 0x00]);
    for (place, instruction) in image[0x100..].chunks_exact_mut(2).zip([0x2000u16, 0x3001, 0xE7FD]) {
        place.copy_from_slice(&instruction.to_le_bytes());
    }
    image
}

/// A board with power and that program, put there by hand: the debug port is what is to be tested.
fn board() -> Board {
    let mut board = Board::new(Config::default());
    board.load_flash(0, &counting());
    board.set_power(true);
    board
}

/// One way to the board.
trait Bench {
    fn probe(&self) -> Probe;
    fn with(&self, work: &mut dyn FnMut(&mut Board));

    fn attach(&self) -> Result<Session, Error> {
        self.probe().attach_with_registry(CHIP, Permissions::default(), registry())
    }

    fn power(&self, on: bool) {
        self.with(&mut |board| board.set_power(on));
    }
}

/// Parsing the chip descriptions takes longer than all the rest.
fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::from_builtin_families);
    &REGISTRY
}

struct InProcess(Arc<Mutex<Board>>);

impl Bench for InProcess {
    fn probe(&self) -> Probe {
        VirtualProbe::open(Arc::clone(&self.0))
    }

    fn with(&self, work: &mut dyn FnMut(&mut Board)) {
        work(&mut self.0.lock().unwrap());
    }
}

#[cfg(unix)]
struct BySocket(Host<Board>);

#[cfg(unix)]
impl Bench for BySocket {
    fn probe(&self) -> Probe {
        let selector: DebugProbeSelector = self.0.selector().parse().unwrap();
        Lister::new().open(selector).unwrap()
    }

    fn with(&self, work: &mut dyn FnMut(&mut Board)) {
        self.0.with(work);
    }
}

fn benches() -> Vec<(&'static str, Box<dyn Bench>)> {
    benches_of(board)
}

fn benches_of(board: fn() -> Board) -> Vec<(&'static str, Box<dyn Bench>)> {
    vec![
        ("in process", Box::new(InProcess(Arc::new(Mutex::new(board()))))),
        #[cfg(unix)]
        ("by socket", Box::new(BySocket(Host::start(board()).unwrap()))),
    ]
}

fn look(session: &mut Session) -> Result<u32, Error> {
    session.core(0)?.read_word_32(RAM)
}

#[test]
fn reads_writes_halts_steps_breaks_and_resets() {
    for (_, bench) in benches() {
        let mut session = bench.attach().unwrap();
        let mut core = session.core(0).unwrap();
        core.write_32(RAM, &[1, 2, 3, 4]).unwrap();
        core.write_8(RAM + 5, &[0xAB]).unwrap();
        let mut words = [0; 4];
        core.read_32(RAM, &mut words).unwrap();
        assert_eq!(words, [1, 0xAB02, 3, 4]);
        assert!(core.read_word_32(0xA000_0000).is_err());
        assert_eq!(core.read_word_32(RAM + 8).unwrap(), 3, "one fault does not spoil the next access");
        assert_eq!(core.read_word_32(0x1000_0100).unwrap(), 0x52840);

        assert_eq!(core.reset_and_halt(PATIENCE).unwrap().pc, 0x100);
        assert_eq!(core.step().unwrap().pc, 0x102);
        assert_eq!(core.step().unwrap().pc, 0x104);
        core.set_hw_breakpoint(0x104).unwrap();
        core.run().unwrap();
        core.wait_for_core_halted(PATIENCE).unwrap();
        assert!(matches!(core.status().unwrap(), CoreStatus::Halted(HaltReason::Breakpoint(_))));
        assert_eq!(core.read_core_reg::<u32>(core.program_counter()).unwrap(), 0x104);
        let counted: u32 = core.read_core_reg(probe_rs::RegisterId(0)).unwrap();
        core.run().unwrap();
        core.wait_for_core_halted(PATIENCE).unwrap();
        assert_eq!(core.read_core_reg::<u32>(probe_rs::RegisterId(0)).unwrap(), counted + 1);
        core.clear_hw_breakpoint(0x104).unwrap();
        core.run().unwrap();
        assert_eq!(core.status().unwrap(), CoreStatus::Running);
    }
}

#[test]
fn attaches_under_reset() {
    for (way, bench) in benches() {
        let mut session = bench
            .probe()
            .attach_under_reset_with_registry(CHIP, Permissions::default(), registry())
            .unwrap_or_else(|error| panic!("{way}: {error}"));
        let mut core = session.core(0).unwrap();
        assert!(core.core_halted().unwrap());
        assert_eq!(core.read_core_reg::<u32>(core.program_counter()).unwrap(), 0x100);
    }
}

#[test]
fn a_session_ends_with_its_power_and_another_begins_with_it() {
    for (_, bench) in benches() {
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
    for (way, bench) in benches() {
        bench.power(false);
        let started = Instant::now();
        assert!(bench.attach().is_err());
        println!("{way}: no power noticed after {:?}", started.elapsed());
        // probe-rs looks for a target five times, a second each.
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    }
}

#[test]
fn fifty_sessions_one_after_the_other() {
    for (way, bench) in benches() {
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
        println!("{way}: attach best {:?}, p50 {:?}, worst {:?}", times[0], times[25], times[49]);
    }
}

#[test]
fn flashes_and_verifies() {
    let data: Vec<u8> = (0..256 * 1024u32).map(|at| (at.wrapping_mul(0x9E37_79B1) >> 24) as u8).collect();
    for (way, bench) in benches() {
        let mut session = bench.attach().unwrap();
        let mut loader = session.target().flash_loader();
        loader.add_data(0x8_0000, &data).unwrap();
        let started = Instant::now();
        let mut options = DownloadOptions::default();
        options.verify = true;
        loader.commit(&mut session, options).unwrap();
        println!("{way}: flashed and verified 256 KiB in {:?}", started.elapsed());
        let mut back = vec![0; data.len()];
        session.core(0).unwrap().read(0x8_0000, &mut back).unwrap();
        assert_eq!(back, data);
    }
}

/// Lays out a control block with one up channel at `at`, as SEGGER's RTT defines it.
fn control_block(at: u32, buffer: u32, written: u32) -> Vec<u8> {
    let mut block = b"SEGGER RTT\0\0\0\0\0\0".to_vec();
    let name = at + 48;
    for word in [1, 0, name, buffer, 64, written, 0, 0] {
        block.write_all(&word.to_le_bytes()).unwrap();
    }
    block.extend_from_slice(b"defmt\0");
    block
}

#[test]
fn finds_a_control_block_and_reads_its_channel() {
    for (_, bench) in benches() {
        let mut session = bench.attach().unwrap();
        let mut core = session.core(0).unwrap();
        let block = control_block(0x2000_1234, 0x2000_0100, 5);
        core.write_8(0x2000_1234, &block).unwrap();
        core.write_8(0x2000_0100, b"hello").unwrap();
        for region in [ScanRegion::Ram, ScanRegion::Exact(0x2000_1234)] {
            let mut rtt = Rtt::attach_region(&mut core, &region).unwrap();
            assert_eq!(rtt.up_channels()[0].name(), Some("defmt"));
            core.write_word_32(0x2000_1234 + 40, 0).unwrap();
            let mut text = [0; 16];
            let count = rtt.up_channels()[0].read(&mut core, &mut text).unwrap();
            assert_eq!(&text[..count], b"hello");
        }
    }
}

/// A board as it comes from the factory: the core finds no vector table and locks up.
fn blank() -> Board {
    let mut board = Board::new(Config::default());
    board.set_power(true);
    board
}

#[test]
fn the_firmware_is_flashed_into_a_blank_chip_and_tells_of_its_boot() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/firmware/images/thermostat-1.0.0-clean.elf");
    let image = std::fs::read(path).unwrap();
    for (way, bench) in benches_of(blank) {
        let mut session = bench.attach().unwrap();
        let mut loader = session.target().flash_loader();
        for segment in brownout_board::elf::segments(&image).unwrap() {
            loader.add_data(segment.address.into(), &segment.bytes).unwrap();
        }
        let mut options = DownloadOptions::default();
        options.verify = true;
        let started = Instant::now();
        loader.commit(&mut session, options).unwrap();
        println!("{way}: the firmware was flashed and verified in {:?}", started.elapsed());

        let mut core = session.core(0).unwrap();
        core.reset().unwrap();
        // On the virtual clock it is the transfers that let the board come to this.
        let mut rtt =
            probe_rs::rtt::try_attach_to_rtt(&mut core, Duration::from_secs(5), &ScanRegion::Ram).unwrap();
        println!("{way}: control block at {:#010x}, {} up channels", rtt.ptr(), rtt.up_channels().len());
        let started = Instant::now();
        let mut log = [0; 1024];
        let count = loop {
            let count = rtt.up_channels()[0].read(&mut core, &mut log).unwrap();
            if count > 0 || started.elapsed() > Duration::from_secs(5) {
                break count;
            }
            core.status().unwrap();
        };
        assert!(count > 0, "{way}: no log frame came");
    }
}

/// What a night of faults does to the debug port: attach, do something to the device, let go, a thousand times.
#[test]
fn a_thousand_cycles_of_attaching_and_breaking_leave_the_board_answering() {
    for (way, bench) in benches() {
        for cycle in 0..1000_u32 {
            let mut session = bench.attach().unwrap_or_else(|error| panic!("{way}, cycle {cycle}: {error}"));
            let mut core = session.core(0).unwrap();
            match cycle % 8 {
                0 => drop(core.halt(PATIENCE).unwrap()),
                1 => core.write_word_32(RAM + 0x100, cycle).unwrap(),
                2 => core.set_hw_breakpoint(0x102).unwrap(),
                3 => core.reset().unwrap(),
                4 => drop(core.reset_and_halt(PATIENCE).unwrap()),
                // Nothing is there: a fault on the bus, which must not stick.
                5 => drop(core.read_word_32(0xA000_0000).unwrap_err()),
                6 => {
                    drop(core);
                    bench.power(false);
                    assert!(
                        look(&mut session).is_err(),
                        "{way}, cycle {cycle}: a board without power answered"
                    );
                    bench.power(true);
                }
                _ => {
                    core.halt(PATIENCE).unwrap();
                    core.write_core_reg(core.program_counter().id(), 0x102_u32).unwrap();
                    core.run().unwrap();
                }
            }
        }
        let mut session = bench.attach().unwrap();
        let mut core = session.core(0).unwrap();
        core.write_word_32(RAM + 0x200, 0x600D).unwrap();
        assert_eq!(core.read_word_32(RAM + 0x200).unwrap(), 0x600D, "{way}");
        core.reset().unwrap();
        core.halt(PATIENCE).unwrap();
        let first: u32 = core.read_core_reg(0_u16).unwrap();
        core.run().unwrap();
        bench.with(&mut |board| {
            board.run(board.now() + brownout_board::Cycles::from_micros(1_000));
        });
        core.halt(PATIENCE).unwrap();
        let second: u32 = core.read_core_reg(0_u16).unwrap();
        assert!(second > first, "{way}: the program does not count ({first} to {second})");
    }
}
