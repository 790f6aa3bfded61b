//! `brownout`: the supply voltage dips.

use super::{AtBreakpoint, FaultKind, Lowered, Lowering, supply};
use crate::action::{SupplyCourse, SupplyPoint};
use crate::port::Port;
use crate::quantity::Voltage;
use crate::time::Duration;

fault! {
    /// The supply voltage dips and comes back. How deep and how long decides whether the device warns itself, resets,
    /// or goes on with what it should not trust.
    ///
    /// `brownout: {to: 1.9V, for: 20ms}`
    pub struct Brownout {
        /// How deep.
        to: Voltage = "to",
        /// How long the voltage stays there.
        dip: Duration = "for" (Positive) or Duration::from_millis(20),
        /// How long it falls.
        fall: Duration = "fall" or Duration::ZERO,
        /// How long it rises.
        rise: Duration = "rise" or Duration::ZERO,
    } at_once
}

impl FaultKind for Brownout {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let millivolts = self.to.millivolts();
        let points =
            vec![SupplyPoint { over: self.fall, millivolts }, SupplyPoint { over: self.dip, millivolts }];
        supply(SupplyCourse { points, back: Some(self.rise) }, AtBreakpoint::ResumeThenInject)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Supply]
    }
}
