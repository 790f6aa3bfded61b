//! `battery_sag`: the battery gives way under load.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::quantity::{Resistance, Voltage};
use crate::time::Duration;

fault! {
    /// The battery gives way under load: an old or cold cell, whose voltage is right until it is needed.
    ///
    /// `battery_sag: {input: battery, open: 3.6V, resistance: 8ohm}`
    pub struct BatterySag {
        /// Which input of the board file; one of kind `battery`.
        input: Input = "input",
        /// Its voltage without load.
        open: Voltage = "open",
        /// Its internal resistance.
        resistance: Resistance = "resistance",
    } lasting Duration::from_secs(10)
}

impl FaultKind for BatterySag {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        stimulus(
            &self.input,
            InputKind::Battery,
            InputState::Sags {
                value: self.open.0,
                milliohms: u32::try_from(self.resistance.0).unwrap_or(u32::MAX),
            },
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Battery))
    }
}
