//! `button_stuck`: a button is stuck.

use super::{FaultKind, Lowered, Lowering, stimulus};
use crate::action::InputState;
use crate::names::Input;
use crate::plan::InputKind;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A button is stuck.
    ///
    /// `button_stuck: {input: button, pressed: true, for: 30s}`
    pub struct ButtonStuck {
        /// Which input of the board file; one of kind `button`.
        input: Input = "input",
        /// Stuck pressed, or stuck released.
        pressed: bool = "pressed" or true,
    } lasting Duration::from_secs(10)
}

impl FaultKind for ButtonStuck {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        stimulus(
            &self.input,
            InputKind::Button,
            InputState::Stuck(Some(if self.pressed { 1000 } else { 0 })),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Stimulus]
    }

    fn input(&self) -> Option<(&Input, InputKind)> {
        Some((&self.input, InputKind::Button))
    }
}
