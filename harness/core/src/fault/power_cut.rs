//! `power_cut`: the mains go away, and come back.

use super::{Confirm, Lowered, Timing};
use crate::action::{Action, FlashCut};
use crate::event::What;
use crate::names::Dut;
use crate::step::Step;
use crate::time::Duration;
use crate::trigger::{BOOT, Trigger};

crate::record! {
    /// The mains go away and come back.
    ///
    /// `power_cut: {when: {flash_op: {nth: 3}}, for: 500ms, while: [set: {setting: target, to: 22.5}]}`
    pub struct PowerCut {
        /// How long the power stays away.
        hold: Duration = "for" (Positive) or Duration::from_secs(1),
        /// When it strikes; at once if left out.
        when: Option<Trigger> = "when" optional,
        /// Steps to perform while the trigger is awaited.
        during: Vec<Step> = "while" or Vec::new(),
        /// How long to wait for the trigger.
        within: Duration = "within" (Positive) or Duration::from_secs(30),
    }
}

impl PowerCut {
    pub(super) fn timing(&self) -> Timing<'_> {
        Timing { when: self.when.as_ref(), within: self.within, hold: self.hold, during: &self.during }
    }

    pub(super) fn lower(&self, seed: u64) -> Lowered {
        let arm = match &self.when {
            Some(Trigger::FlashOp(t)) => Some(FlashCut { nth: t.nth, moment: t.moment, tear: t.tear, seed }),
            _ => None,
        };
        Lowered {
            arm,
            inject: vec![Action::Power { on: false }],
            confirm: Confirm {
                evidence: bit,
                text: "the supply rail was never seen off, and the device was never seen to boot after",
                within: Duration::from_secs(30),
            },
            revert: vec![Action::Power { on: true }],
        }
    }
}

/// A rail seen off, or, on a bench that cannot see the rail, a boot after the cut.
fn bit(dut: &Dut, what: &What) -> bool {
    match what {
        What::Rail { dut: of, on: false } => of == dut,
        What::Signal { dut: of, name, .. } => of == dut && name.as_str() == BOOT,
        _ => false,
    }
}
