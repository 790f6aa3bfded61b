//! `slow_ramp`: the supply voltage falls slowly and rises slowly.

use super::{AtBreakpoint, FaultKind, Lowered, Lowering, supply};
use crate::action::{SupplyCourse, SupplyPoint};
use crate::port::Port;
use crate::quantity::Voltage;
use crate::time::Duration;

fault! {
    /// The supply voltage falls slowly to nothing and rises slowly again, as that of a battery that is changed or a large
    /// capacitor that drains: the device passes through every voltage at which it half works.
    ///
    /// `slow_ramp: {down: 2s, up: 3s}`
    pub struct SlowRamp {
        /// How long it falls.
        down: Duration = "down" or Duration::from_secs(2),
        /// How far it falls.
        to: Voltage = "to" or Voltage(0),
        /// How long it stays there.
        off: Duration = "off" or Duration::from_millis(500),
        /// How long it rises.
        up: Duration = "up" or Duration::from_secs(2),
    } at_once
}

impl FaultKind for SlowRamp {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let millivolts = self.to.millivolts();
        let points =
            vec![SupplyPoint { over: self.down, millivolts }, SupplyPoint { over: self.off, millivolts }];
        supply(SupplyCourse { points, back: Some(self.up) }, AtBreakpoint::ResumeThenInject)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Supply]
    }
}
