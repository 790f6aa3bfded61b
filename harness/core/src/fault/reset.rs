//! `reset`: the device is reset without touching its power.

use super::{Confirm, Lowered, Timing};
use crate::action::{Action, Reset};
use crate::event::What;
use crate::names::Dut;
use crate::step::Step;
use crate::time::Duration;
use crate::trigger::{BOOT, Trigger};

crate::record! {
    /// The device is reset without touching its power.
    ///
    /// `reset: {how: pin, when: {signal: {name: ready, by: 100ms}}}`
    pub struct ResetFault {
        /// Which reset.
        how: Reset = "how" or Reset::Pin,
        /// When it strikes; at once if left out.
        when: Option<Trigger> = "when" optional,
        /// Steps to perform while the trigger is awaited.
        during: Vec<Step> = "while" or Vec::new(),
        /// How long to wait for the trigger.
        within: Duration = "within" (Positive) or Duration::from_secs(30),
    }
}

crate::words!(Reset { Pin = "pin", Soft = "soft" });

impl ResetFault {
    pub(super) fn timing(&self) -> Timing<'_> {
        Timing { when: self.when.as_ref(), within: self.within, hold: Duration::ZERO, during: &self.during }
    }

    pub(super) fn lower(&self) -> Lowered {
        Lowered {
            arm: None,
            inject: vec![Action::Reset { how: self.how }],
            confirm: Confirm {
                evidence: |dut: &Dut, what: &What| matches!(what, What::Signal { dut: of, name, .. } if of == dut && name.as_str() == BOOT),
                text: "the device was never seen to boot after it",
                within: Duration::from_secs(30),
            },
            revert: Vec::new(),
        }
    }
}
