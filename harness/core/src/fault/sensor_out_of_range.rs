//! `sensor_out_of_range`: a sensor shows what cannot be.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::quantity::Temperature;
use crate::time::Duration;

fault! {
    /// A sensor shows what cannot be: an open or short circuit behind it, or a scale gone wrong.
    ///
    /// `sensor_out_of_range: {input: temperature, shows: 150C}`
    pub struct SensorOutOfRange {
        /// Which input of the board file; one of kind `temperature`.
        input: Input = "input",
        /// What it shows.
        shows: Temperature = "shows",
    } lasting Duration::from_secs(10)
}

impl FaultKind for SensorOutOfRange {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        stimulus(&self.input, InputKind::Temperature, InputState::Stuck(Some(self.shows.0)), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Temperature))
    }
}
