//! `sensor_stuck`: a sensor shows the same value whatever happens.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::quantity::Temperature;
use crate::time::Duration;

fault! {
    /// A sensor shows the same value whatever happens: that at which it stuck, or one given here.
    ///
    /// `sensor_stuck: {input: temperature, at: 21.5C, for: 60s}`
    pub struct SensorStuck {
        /// Which input of the board file; one of kind `temperature`.
        input: Input = "input",
        /// What it shows; the value that it has now, if left out.
        at: Option<Temperature> = "at" optional,
    } lasting Duration::from_secs(10)
}

impl FaultKind for SensorStuck {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        stimulus(&self.input, InputKind::Temperature, InputState::Stuck(self.at.map(|at| at.0)), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Temperature))
    }
}
