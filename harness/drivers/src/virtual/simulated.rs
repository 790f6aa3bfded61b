//! Virtual time: boards that live on the engine's own thread, as fast as the processor.

use super::network::Network;
use super::probe::VirtualProbe;
use super::trace::{Trace, power_cut};
use super::world::{self, Inputs, send_noise};
use crate::debug::{Opener, Target};
use async_trait::async_trait;
use brownout_board::output::Visible;
use brownout_board::{Board, Cycles, Nanos};
use brownout_core::action::{
    Access, Done, FlashCorruption, FlashCut, InputState, MemoryWord, Noise, Reset, SupplyCourse,
};
use brownout_core::names::Input;
use brownout_core::plan::InputKind;
use brownout_core::port::PortError;
use brownout_core::time::{Duration, Instant};
use brownout_ports::{
    Clock, Console, Debug, FlashTrace, Observed, Power, ProgramOrder, Stimulus, Supply, Watch,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

/// How often the firmware's log is read, in device time.
const LOG_EVERY: Cycles = Cycles::from_micros(10_000);

/// How often the core is looked at while a breakpoint is awaited, in device time.
const LOOK_EVERY: Cycles = Cycles::from_micros(1_000);

/// How often is looked whether the device has taken notice of an input, in device time.
const NOTICE_EVERY: Cycles = Cycles::from_micros(10_000);

/// More bytes of a flood are not held at a time.
const MOST_FLOODED: usize = 16 << 20;

/// A device in virtual time, with all its ports.
pub(crate) struct Simulated {
    pub(super) board: Arc<Mutex<Board>>,
    pub(super) target: RefCell<Target>,
    pub(super) trace: RefCell<Trace>,
    watch: Watch,
    /// The board's instruction count and time when its log was last read.
    pub(super) log_read: Cell<(u64, Cycles)>,
    /// The speed of its console in bit/s.
    baud: u32,
    /// How many bytes of a flood are under way or have arrived.
    pub(super) flooded: Cell<usize>,
    pub(super) inputs: RefCell<Inputs>,
    /// The probe let go of the device and is to attach again.
    pub(super) parted: Cell<bool>,
    /// What stands at the other end of its cable.
    pub(super) network: RefCell<Network>,
}

impl Simulated {
    pub(crate) fn new(
        chip: &str,
        baud: u32,
        seed: u64,
        name: &str,
        watch: Watch,
    ) -> Result<Rc<Self>, PortError> {
        let board = Arc::new(Mutex::new(super::board(chip, seed)?));
        let wired = Arc::clone(&board);
        let open: Opener = Box::new(move || Ok(VirtualProbe::open(Arc::clone(&wired))));
        let target = Target::new(chip.to_owned(), "of the virtual board".to_owned(), None, false, open);
        Ok(Rc::new(Self {
            board,
            target: RefCell::new(target),
            trace: RefCell::default(),
            watch,
            log_read: Cell::new((0, Cycles(0))),
            baud,
            flooded: Cell::new(0),
            inputs: RefCell::default(),
            parted: Cell::new(false),
            network: RefCell::new(Network::new(seed, name)),
        }))
    }

    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Board) -> R) -> R {
        // One thread only; a panic elsewhere leaves a board that can still be looked at.
        work(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn now(&self) -> Cycles {
        self.with(|board| board.now())
    }

    /// Reports what became visible; whether anything did.
    pub(super) fn publish(&self) -> bool {
        let outputs = self.with(Board::drain_outputs);
        let mut any = false;
        let mut report = |at, what| {
            any = true;
            self.watch.report(at, what);
        };
        for output in &outputs {
            self.trace.borrow_mut().take(output, &mut report);
            if let Visible::Frame(frame) = &output.what {
                let at = Instant(output.at.nanos().0);
                self.with(|board| self.network.borrow_mut().frame(at, frame, board, &mut report));
            }
        }
        self.with(|board| self.network.borrow_mut().serve(board, &mut report));
        any
    }

    /// Lets the board live until something of it is reported, or until the deadline. Whether something was.
    fn live(&self, until: Cycles) -> bool {
        loop {
            // A probe that waits for a breakpoint looks at the core as often as it does in real time.
            let looking = self.target.borrow().must_look();
            let mut next = if looking { until.min(self.now() + LOOK_EVERY) } else { until };
            if self.inputs.borrow().are_awaited() {
                next = next.min(self.now() + NOTICE_EVERY);
            }
            if let Some(due) = self.network.borrow().deadline() {
                next = next.min(due.max(self.now()));
            }
            self.with(|board| board.run(next));
            let reported = self.publish() | (looking && self.look()) | self.notice();
            let logged = self.read_log();
            if reported || logged {
                return true;
            }
            if self.now() >= until {
                let mut any = false;
                self.trace.borrow_mut().flush(|at, what| {
                    any = true;
                    self.watch.report(at, what);
                });
                return any;
            }
        }
    }

    /// Reports the inputs of which the device has taken notice.
    fn notice(&self) -> bool {
        if !self.inputs.borrow().are_awaited() {
            return false;
        }
        let noticed = self.with(|board| self.inputs.borrow_mut().noticed(board));
        let at = Instant(self.now().nanos().0);
        let any = !noticed.is_empty();
        for (input, times) in noticed {
            self.watch.report(at, Observed::Touched { input, times });
        }
        any
    }

    /// Looks whether the core stands at a breakpoint.
    fn look(&self) -> bool {
        let met = self.target.borrow_mut().look();
        if let Some(met) = met {
            let at = Instant(self.now().nanos().0);
            self.watch.report(at, Observed::Halted { address: met.address, pc: met.pc });
        }
        met.is_some() | self.publish()
    }

    /// Reads the log if the core has run since the last time, but not too often.
    fn read_log(&self) -> bool {
        let (executed, now) = self.with(|board| (board.executed(), board.now()));
        let (read_at_count, read_at) = self.log_read.get();
        if executed == read_at_count || now.0.saturating_sub(read_at.0) < LOG_EVERY.0 {
            return false;
        }
        // A probe would find nothing, which is most of what probes do all night.
        let offsets = self.target.borrow().log_offsets();
        if offsets.is_some_and(|offsets| self.with(|board| is_read(board, offsets))) {
            self.log_read.set((executed, now));
            return false;
        }
        let mut any = false;
        self.target.borrow_mut().read_log(&mut |message| {
            any = true;
            let at = Instant(self.now().nanos().0);
            self.watch.report(at, Observed::Log { level: message.level, text: message.text });
        });
        self.log_read.set(self.with(|board| (board.executed(), board.now())));
        any | self.publish()
    }

    /// Does something with the probe, then reports what became visible meanwhile.
    pub(super) fn with_target<R>(&self, work: impl FnOnce(&mut Target) -> R) -> R {
        let result = work(&mut self.target.borrow_mut());
        self.publish();
        result
    }
}

#[async_trait(?Send)]
impl Power for Simulated {
    async fn switch(&self, on: bool) -> Result<(), PortError> {
        self.with(|board| board.set_power(on));
        self.publish();
        Ok(())
    }
}

#[async_trait(?Send)]
impl Console for Simulated {
    async fn open(&self) -> Result<(), PortError> {
        self.publish();
        self.trace.borrow_mut().open_console();
        Ok(())
    }

    async fn send(&self, bytes: &[u8]) -> Result<(), PortError> {
        if !self.trace.borrow().is_unplugged() {
            self.with(|board| board.console_input(bytes));
        }
        Ok(())
    }

    async fn noise(&self, noise: &Noise) -> Result<Done, PortError> {
        if self.trace.borrow().is_unplugged() {
            return Ok(Done::Sent { bytes: 0 });
        }
        Ok(self.with(|board| send_noise(board, noise)))
    }

    async fn flood(&self, bytes: &[u8], time: Duration) -> Result<(), PortError> {
        // At its full speed the line carries a character in ten bits.
        let most = u128::from(self.baud) * u128::from(time.0) / 10 / 1_000_000_000;
        let count = usize::try_from(most).unwrap_or(MOST_FLOODED).min(MOST_FLOODED);
        if self.trace.borrow().is_unplugged() {
            return Ok(());
        }
        let flood: Vec<u8> = bytes.iter().copied().cycle().take(count).collect();
        self.with(|board| board.console_input(&flood));
        self.flooded.set(flood.len());
        Ok(())
    }

    async fn end_flood(&self) -> Result<Done, PortError> {
        let left = self.with(Board::console_input_cut);
        let flooded = self.flooded.take();
        Ok(Done::Sent { bytes: flooded.saturating_sub(left) as u64 })
    }

    async fn unplug(&self, unplugged: bool) -> Result<(), PortError> {
        self.publish();
        if unplugged {
            self.with(Board::console_input_cut);
        }
        self.trace.borrow_mut().unplug(unplugged);
        Ok(())
    }
}

#[async_trait(?Send)]
impl Supply for Simulated {
    async fn course(&self, course: &SupplyCourse) -> Result<(), PortError> {
        let result = self.with(|board| world::course(board, course));
        self.publish();
        result
    }

    async fn nominal(&self) -> Result<(), PortError> {
        self.with(world::nominal);
        self.publish();
        Ok(())
    }
}

#[async_trait(?Send)]
impl Stimulus for Simulated {
    async fn apply(&self, input: &Input, kind: InputKind, state: &InputState) -> Result<Done, PortError> {
        let observes = self.with(|board| self.inputs.borrow_mut().apply(board, input, kind, state))?;
        self.publish();
        Ok(Done::Stimulated { observes })
    }

    async fn release(&self, input: &Input, kind: InputKind, everything: bool) -> Result<(), PortError> {
        self.with(|board| self.inputs.borrow_mut().release(board, input, kind, everything));
        self.publish();
        Ok(())
    }
}

#[async_trait(?Send)]
impl Debug for Simulated {
    async fn attach(&self) -> Result<(), PortError> {
        self.with_target(Target::attach)
    }

    async fn detach(&self) -> Result<(), PortError> {
        self.with_target(Target::detach);
        Ok(())
    }

    async fn program(&self, order: &ProgramOrder) -> Result<Done, PortError> {
        self.with_target(|target| target.program(order))
    }

    async fn reset(&self, how: Reset) -> Result<(), PortError> {
        self.with_target(|target| target.reset(how))
    }

    async fn halt(&self) -> Result<(), PortError> {
        self.with_target(Target::halt)
    }

    async fn resume(&self) -> Result<(), PortError> {
        self.with_target(Target::resume)
    }

    async fn read(&self, word: &MemoryWord) -> Result<Done, PortError> {
        self.with_target(|target| target.read(word))
    }

    async fn flip_memory(&self, address: u32, mask: &[u8]) -> Result<Done, PortError> {
        self.with_target(|target| target.flip_memory(address, mask))
    }

    async fn flip_register(&self, register: &str, mask: u32) -> Result<Done, PortError> {
        self.with_target(|target| target.flip_register(register, mask))
    }

    async fn corrupt_flash(&self, corruption: &FlashCorruption) -> Result<Done, PortError> {
        self.with_target(|target| target.corrupt_flash(corruption))
    }

    async fn break_at(&self, address: u32, nth: u64) -> Result<(), PortError> {
        self.with_target(|target| target.break_at(address, nth))
    }

    async fn watch_at(&self, word: &MemoryWord, access: Access, nth: u64) -> Result<(), PortError> {
        self.with_target(|target| target.watch_at(word, access, nth))
    }

    async fn clear_breaks(&self) -> Result<(), PortError> {
        self.with_target(Target::clear_breaks)
    }

    async fn lose(&self, halted: bool) -> Result<(), PortError> {
        self.with_target(|target| target.lose(halted))
    }
}

#[async_trait(?Send)]
impl FlashTrace for Simulated {
    async fn trace(&self, on: bool) -> Result<(), PortError> {
        self.publish();
        let begun = self.with(|board| board.flash_operations());
        self.trace.borrow_mut().flash_after(on.then_some(begun));
        Ok(())
    }

    async fn arm(&self, cut: &FlashCut) -> Result<(), PortError> {
        self.part();
        self.meet_again();
        self.with(|board| board.arm_cut(power_cut(cut)));
        Ok(())
    }

    async fn disarm(&self) -> Result<(), PortError> {
        self.with(Board::disarm_cut);
        Ok(())
    }
}

/// Whether the device has logged nothing since its log was read.
fn is_read(board: &mut Board, offsets: [u32; 2]) -> bool {
    let [written, read] = offsets.map(|at| board.debug_read(at, 4));
    matches!((written, read), (Ok(written), Ok(read)) if written == read)
}

/// The time of a bench whose devices all live in virtual time.
pub(crate) struct VirtualClock {
    pub(super) devices: Vec<Rc<Simulated>>,
}

impl VirtualClock {
    pub(crate) fn new(devices: Vec<Rc<Simulated>>) -> Self {
        Self { devices }
    }

    /// Lets the devices live until one of them reports something, or until all have reached the deadline.
    fn advance(&self, until: Cycles) -> bool {
        // The one that is furthest behind lives first, so that nothing is reported out of order by more than what
        // one call of a probe takes.
        while let Some(behind) = self.devices.iter().min_by_key(|device| device.now()) {
            if behind.now() >= until {
                return false;
            }
            if behind.live(until) {
                let now = behind.now();
                for other in &self.devices {
                    while other.now() < now {
                        other.live(now);
                    }
                }
                return true;
            }
        }
        false
    }
}

#[async_trait(?Send)]
impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        let now = self.devices.iter().map(|device| device.now()).max().unwrap_or_default();
        Instant(now.nanos().0)
    }

    async fn sleep_until(&self, deadline: Instant) {
        // The first cycle at or after the deadline: one before it would be woken for nothing, without end.
        let floor = Nanos(deadline.0).cycles();
        let until = if floor.nanos().0 < deadline.0 { Cycles(floor.0 + 1) } else { floor };
        std::future::poll_fn(|context| {
            if self.advance(until) {
                // The report wakes whoever waits for reports; if nobody does, go on.
                context.waker().wake_by_ref();
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
}
