//! Real time: a board on a thread of its own, behind the doors of the operating system.

use super::trace::{Trace, power_cut};
use crate::clock::Stopwatch;
use async_trait::async_trait;
use brownout_board::Board;
use brownout_board::doors::Host;
use brownout_board::output::Visible;
use brownout_core::action::FlashCut;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_ports::{FlashTrace, Observed, Power, Watch};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A hosted board: its mains and its flash trace. Its probe and its console are reached as those of any board.
pub(crate) struct Hosted {
    // Dropped before `listener` ends by itself: the host is what feeds it.
    host: Host<Board>,
    trace: Arc<Mutex<Trace>>,
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
        let host = Host::start(super::board(chip, seed)?).map_err(failed)?;
        let outputs = host.subscribe();
        let trace = Arc::new(Mutex::new(Trace::default()));
        let shared = Arc::clone(&trace);
        thread::Builder::new()
            .name("virtual instruments".to_owned())
            .spawn(move || {
                // Ends when the host is dropped.
                for shown in outputs {
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
        Ok(Self { host, trace })
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
