//! `console_silence`: the console's cable is pulled.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering};
use crate::action::Action;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The console's cable is pulled and plugged in again: the device talks to nobody and hears nothing. What it says
    /// meanwhile is lost to us too, so checks look at what it shows afterwards or by other doors.
    ///
    /// `console_silence: {for: 10s}`
    pub struct ConsoleSilence {} lasting Duration::from_secs(10)
}

impl FaultKind for ConsoleSilence {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        Lowered {
            arm: None,
            inject: vec![Action::Unplug { unplugged: true }.into()],
            confirm: Confirm {
                evidence: Evidence::Done,
                text: "the console was never unplugged",
                within: Duration::from_secs(5),
            },
            revert: vec![Action::Unplug { unplugged: false }],
            at_breakpoint: AtBreakpoint::ResumeThenInject,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Console]
    }
}
