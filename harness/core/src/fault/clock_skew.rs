//! `clock_skew`: the 32.768 kHz clock runs wrong.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::quantity::Deviation;
use crate::time::Duration;

fault! {
    /// The device's 32.768 kHz clock runs fast or slow, as a cracked crystal or a cold RC oscillator does: timers, timeouts
    /// and the watchdog all go with it.
    ///
    /// `clock_skew: {input: lfclk, by: -20%, for: 60s}`
    pub struct ClockSkew {
        /// Which input of the board file; one of kind `clock`.
        input: Input = "input",
        /// How much faster (or slower, below zero).
        by: Deviation = "by",
    } lasting Duration::from_secs(60)
}

impl FaultKind for ClockSkew {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        stimulus(&self.input, InputKind::Clock, InputState::Value(self.by.0 * 1000), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Clock))
    }
}
