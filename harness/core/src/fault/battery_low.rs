//! `battery_low`: the battery is low.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::quantity::Voltage;
use crate::time::Duration;

fault! {
    /// The battery that the device measures is low.
    ///
    /// `battery_low: {input: battery, at: 3.1V}`
    pub struct BatteryLow {
        /// Which input of the board file; one of kind `battery`.
        input: Input = "input",
        /// Its voltage.
        at: Voltage = "at",
    } lasting Duration::from_secs(10)
}

impl FaultKind for BatteryLow {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        stimulus(&self.input, InputKind::Battery, InputState::Value(self.at.0), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Battery))
    }
}
