//! `sensor_noisy`: a sensor scatters.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::quantity::Temperature;
use crate::time::Duration;

fault! {
    /// A sensor's values scatter about the right one.
    ///
    /// `sensor_noisy: {input: temperature, by: 5C}`
    pub struct SensorNoisy {
        /// Which input of the board file; one of kind `temperature`.
        input: Input = "input",
        /// How far at most, either way.
        by: Temperature = "by" (Positive) or Temperature(5_000),
    } lasting Duration::from_secs(10)
}

impl FaultKind for SensorNoisy {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        stimulus(
            &self.input,
            InputKind::Temperature,
            InputState::Noisy { amplitude: u32::try_from(self.by.0).unwrap_or(0), seed: cx.seed },
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Temperature))
    }
}
