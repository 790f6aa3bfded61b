//! `sensor_nack`: a sensor does not answer.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A sensor does not answer on its bus: absent, unpowered, or in a state of its own (NACK).
    ///
    /// `sensor_nack: {input: temperature, for: 30s}`
    pub struct SensorNack {
        /// Which input of the board file; one of kind `temperature`.
        input: Input = "input",
    } lasting Duration::from_secs(10)
}

impl FaultKind for SensorNack {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        stimulus(&self.input, InputKind::Temperature, InputState::Silent, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Temperature))
    }
}
