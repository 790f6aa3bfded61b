//! `reset`: the device is reset without touching its power.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering};
use crate::action::{Action, Reset};
use crate::event::What;
use crate::names::Dut;
use crate::port::Port;
use crate::time::Duration;
use crate::trigger::BOOT;

fault! {
    /// The device is reset without touching its power.
    ///
    /// `reset: {how: pin, when: {signal: {name: ready, by: 100ms}}}`
    pub struct ResetFault {
        /// Which reset.
        how: Reset = "how" or Reset::Pin,
    } at_once
}

crate::words!(Reset { Pin = "pin", Soft = "soft" });

impl FaultKind for ResetFault {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        Lowered {
            arm: None,
            inject: vec![Action::Reset { how: self.how }.into()],
            confirm: Confirm {
                evidence: Evidence::of(
                    |dut: &Dut, what: &What| matches!(what, What::Signal { dut: of, name, .. } if of == dut && name.as_str() == BOOT),
                ),
                text: "the device was never seen to boot after it",
                within: Duration::from_secs(30),
            },
            revert: Vec::new(),
            at_breakpoint: AtBreakpoint::StayHalted,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Debug]
    }
}
