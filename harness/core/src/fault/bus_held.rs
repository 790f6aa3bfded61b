//! `bus_held`: a sensor holds its bus low.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A sensor holds its bus low, as one does that was reset in the middle of a byte: nobody else can use the bus until
    /// it is clocked out (NXP UM10204, §3.1.16).
    ///
    /// `bus_held: {input: temperature, for: 10s}`
    pub struct BusHeld {
        /// Which input of the board file; one of kind `temperature`.
        input: Input = "input",
    } lasting Duration::from_secs(10)
}

impl FaultKind for BusHeld {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        stimulus(&self.input, InputKind::Temperature, InputState::HoldsBus, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Temperature))
    }
}
