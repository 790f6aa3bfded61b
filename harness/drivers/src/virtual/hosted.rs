//! Real time: a board on a thread of its own, behind the doors of the operating system.

use super::trace::{Trace, power_cut};
use super::world::{self, Inputs};
use crate::clock::Stopwatch;
use crate::console::Serial;
use async_trait::async_trait;
use brownout_board::Board;
use brownout_board::doors::Host;
use brownout_board::output::Visible;
use brownout_core::action::{Done, FlashCut, InputState, Noise, SupplyCourse};
use brownout_core::names::Input;
use brownout_core::plan::InputKind;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Duration as Length;
use brownout_ports::{Console, FlashTrace, Observed, Power, Stimulus, Supply, Watch};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

/// A hosted board: its mains and its flash trace. Its probe and its console are reached as those of any board.
pub(crate) struct Hosted {
    // Dropped before `listener` ends by itself: the host is what feeds it.
    host: Arc<Host<Board>>,
    trace: Arc<Mutex<Trace>>,
    inputs: Arc<Mutex<Inputs>>,
}

/// How often is looked whether the device has taken notice of an input.
const NOTICE_EVERY: Duration = Duration::from_millis(50);

/// The inputs of which the device has taken notice.
fn notice(inputs: &Mutex<Inputs>, host: &Weak<Host<Board>>) -> Vec<(Input, u64)> {
    let awaited = inputs.lock().unwrap_or_else(PoisonError::into_inner).are_awaited();
    match host.upgrade().filter(|_| awaited) {
        Some(host) => host.with(|board| inputs.lock().unwrap_or_else(PoisonError::into_inner).noticed(board)),
        None => Vec::new(),
    }
}

impl Hosted {
    pub(crate) fn start(
        chip: &str,
        seed: u64,
        watch: Watch,
        clock: Arc<Stopwatch>,
    ) -> Result<Self, PortError> {
        let failed = |error: std::io::Error| PortError {
            port: Port::Power,
            trouble: Trouble::Failed,
            message: format!("the virtual board's doors cannot be opened: {error}"),
            help: Some("it needs a writable temporary directory and a free pseudo-terminal".to_owned()),
        };
        let host = Arc::new(Host::start(super::board(chip, seed)?).map_err(failed)?);
        let outputs = host.subscribe();
        let trace = Arc::new(Mutex::new(Trace::default()));
        let inputs = Arc::new(Mutex::new(Inputs::default()));
        let (shared, looked_at, looked_through) =
            (Arc::clone(&trace), Arc::clone(&inputs), Arc::downgrade(&host));
        thread::Builder::new()
            .name("virtual instruments".to_owned())
            .spawn(move || {
                // Ends when the host is dropped.
                loop {
                    let shown = match outputs.recv_timeout(NOTICE_EVERY) {
                        Ok(shown) => Some(shown),
                        Err(RecvTimeoutError::Timeout) => None,
                        Err(RecvTimeoutError::Disconnected) => return,
                    };
                    let noticed = notice(&looked_at, &looked_through);
                    for (input, times) in noticed {
                        watch.report(clock.now(), Observed::Touched { input, times });
                    }
                    let Some(shown) = shown else { continue };
                    // The console is heard through its pty; time is that of the wall.
                    if matches!(shown.output.what, Visible::Console(_)) {
                        continue;
                    }
                    let at = clock.at(shown.at);
                    let mut trace = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    trace.take(&shown.output, |_, what: Observed| watch.report(at, what));
                }
            })
            .map_err(failed)?;
        Ok(Self { host, trace, inputs })
    }

    fn inputs(&self) -> MutexGuard<'_, Inputs> {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The board behind its doors.
    pub(crate) fn host(&self) -> &Host<Board> {
        &self.host
    }

    /// What probe-rs takes to open its debug probe.
    pub(crate) fn selector(&self) -> String {
        self.host.selector()
    }

    /// Its serial port.
    pub(crate) fn console(&self) -> PathBuf {
        self.host.console().to_owned()
    }
}

#[async_trait(?Send)]
impl Power for Hosted {
    async fn switch(&self, on: bool) -> Result<(), PortError> {
        self.host.set_power(on);
        Ok(())
    }
}

#[async_trait(?Send)]
impl Supply for Hosted {
    async fn course(&self, course: &SupplyCourse) -> Result<(), PortError> {
        self.host.with(|board| world::course(board, course))
    }

    async fn nominal(&self) -> Result<(), PortError> {
        self.host.with(world::nominal);
        Ok(())
    }
}

#[async_trait(?Send)]
impl Stimulus for Hosted {
    async fn apply(&self, input: &Input, kind: InputKind, state: &InputState) -> Result<Done, PortError> {
        let observes = self.host.with(|board| self.inputs().apply(board, input, kind, state))?;
        Ok(Done::Stimulated { observes })
    }

    async fn release(&self, input: &Input, kind: InputKind, everything: bool) -> Result<(), PortError> {
        self.host.with(|board| self.inputs().release(board, input, kind, everything));
        Ok(())
    }
}

/// The console of a hosted board: its pty, as that of any serial adapter, but for what a pty cannot carry.
pub(crate) struct HostedConsole {
    /// What the pty carries.
    pub(crate) serial: Serial,
    /// The board, for damaged characters.
    pub(crate) hosted: Rc<Hosted>,
}

#[async_trait(?Send)]
impl Console for HostedConsole {
    async fn open(&self) -> Result<(), PortError> {
        self.serial.open().await
    }

    async fn send(&self, bytes: &[u8]) -> Result<(), PortError> {
        self.serial.send(bytes).await
    }

    async fn noise(&self, noise: &Noise) -> Result<Done, PortError> {
        match noise {
            Noise::Bytes(_) => self.serial.noise(noise).await,
            Noise::Framing { .. } | Noise::Break { .. } => {
                Ok(self.hosted.host.with(|board| world::send_noise(board, noise)))
            }
        }
    }

    async fn flood(&self, bytes: &[u8], time: Length) -> Result<(), PortError> {
        self.serial.flood(bytes, time).await
    }

    async fn end_flood(&self) -> Result<Done, PortError> {
        self.serial.end_flood().await
    }

    async fn unplug(&self, unplugged: bool) -> Result<(), PortError> {
        self.serial.unplug(unplugged).await
    }
}

#[async_trait(?Send)]
impl FlashTrace for Hosted {
    async fn trace(&self, on: bool) -> Result<(), PortError> {
        // Taken while the board stands still, so that the count begins at a known operation.
        self.host.with(|board| {
            let begun = board.flash_operations();
            self.trace.lock().unwrap_or_else(PoisonError::into_inner).flash_after(on.then_some(begun));
        });
        Ok(())
    }

    async fn arm(&self, cut: &FlashCut) -> Result<(), PortError> {
        self.host.with(|board| board.arm_cut(power_cut(cut)));
        Ok(())
    }

    async fn disarm(&self) -> Result<(), PortError> {
        self.host.with(Board::disarm_cut);
        Ok(())
    }
}
