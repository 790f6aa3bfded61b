//! `command`: two programs, one that switches the mains on and one that switches them off.
//!
//! Only rig files may name programs; they are started without a shell.

use crate::clock::Stopwatch;
use crate::program::Programs;
use async_trait::async_trait;
use brownout_core::port::{Port, PortError};
use brownout_core::time::Duration;
use brownout_ports::{Observed, Power, Watch};
use std::sync::Arc;

brownout_core::record! {
    /// Two programs that switch the mains.
    ///
    /// `command: {on: [uhubctl, -l, 1-1, -a, on], off: [uhubctl, -l, 1-1, -a, off]}`
    pub struct CommandParams {
        /// The program that switches on, and its arguments. Started without a shell.
        on: Vec<String> = "on",
        /// The program that switches off, and its arguments.
        off: Vec<String> = "off",
        /// How long it may take.
        within: Duration = "within" (Positive) or Duration::from_secs(10),
    }
}

/// The power port over two programs.
pub(crate) struct Command {
    params: CommandParams,
    programs: Programs,
    watch: Watch,
    clock: Arc<Stopwatch>,
}

impl Command {
    pub(crate) fn new(params: CommandParams, watch: Watch, clock: Arc<Stopwatch>) -> Self {
        let programs = Programs::new(Port::Power, params.within, Arc::clone(&clock));
        Self { params, programs, watch, clock }
    }
}

#[async_trait(?Send)]
impl Power for Command {
    async fn switch(&self, on: bool) -> Result<(), PortError> {
        let line = if on { &self.params.on } else { &self.params.off };
        self.programs.run(line.clone()).await?;
        // That the program ended well is all that such a controller can show of the rail.
        self.watch.report(self.clock.now(), Observed::Rail { on });
        Ok(())
    }

    async fn check(&self) -> Result<(), PortError> {
        self.programs.check(&self.params.on)?;
        self.programs.check(&self.params.off)
    }
}
