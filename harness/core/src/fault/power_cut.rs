//! `power_cut`: the mains go away, and come back.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering};
use crate::action::{Action, FlashCut};
use crate::event::What;
use crate::names::Dut;
use crate::port::Port;
use crate::time::Duration;
use crate::trigger::{BOOT, Trigger};

fault! {
    /// The mains go away and come back.
    ///
    /// `power_cut: {when: {flash_op: {nth: 3}}, for: 500ms, while: [set: {setting: target, to: 22.5}]}`
    pub struct PowerCut {} lasting Duration::from_secs(1)
}

impl FaultKind for PowerCut {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let arm = match &self.when {
            Some(Trigger::FlashOp(t)) => {
                // Weyl's sequence: neighbouring numbers give seeds that share no pattern.
                let tear_seed = cx.seed ^ t.seed.unwrap_or(0).wrapping_mul(0xD1B5_4A32_D192_ED03);
                Some(FlashCut { nth: t.nth, moment: t.moment, tear: t.tear, seed: tear_seed })
            }
            _ => None,
        };
        Lowered {
            arm,
            inject: vec![Action::Power { on: false }.into()],
            confirm: Confirm {
                evidence: Evidence::of(bit),
                text: "the supply rail was never seen off, and the device was never seen to boot after",
                within: Duration::from_secs(30),
            },
            revert: vec![Action::Power { on: true }],
            at_breakpoint: AtBreakpoint::StayHalted,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Power]
    }
}

/// A rail seen off, or, on a bench that cannot see the rail, a boot after the cut.
pub(super) fn bit(dut: &Dut, what: &What) -> bool {
    match what {
        What::Rail { dut: of, on: false } => of == dut,
        What::Signal { dut: of, name, .. } => of == dut && name.as_str() == BOOT,
        _ => false,
    }
}
