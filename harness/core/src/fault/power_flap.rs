//! `power_flap`: the mains come and go.

use super::power_cut::bit;
use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering, Move};
use crate::action::Action;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The mains go and come back several times in a row, as a bad contact or a tripping supply makes them.
    ///
    /// `power_flap: {times: 5, off: 100ms, on: 300ms}`
    pub struct PowerFlap {
        /// How often they go.
        times: u32 = "times" (Positive) or 5,
        /// How long they stay away each time.
        off: Duration = "off" (Positive) or Duration::from_millis(100),
        /// How long they stay each time before they go again.
        on: Duration = "on" (Positive) or Duration::from_millis(300),
    } at_once
}

impl FaultKind for PowerFlap {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let mut inject = Vec::new();
        for round in 0..self.times {
            if round > 0 {
                inject.extend([Action::Power { on: true }.into(), Move::Pause(self.on)]);
            }
            inject.extend([Action::Power { on: false }.into(), Move::Pause(self.off)]);
        }
        Lowered {
            arm: None,
            inject,
            confirm: Confirm {
                evidence: Evidence::of(bit),
                text: "the supply rail was never seen off, and the device was never seen to boot after",
                within: Duration(30_000_000_000 + u64::from(self.times) * (self.off.0 + self.on.0)),
            },
            revert: vec![Action::Power { on: true }],
            at_breakpoint: AtBreakpoint::StayHalted,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Power]
    }
}
