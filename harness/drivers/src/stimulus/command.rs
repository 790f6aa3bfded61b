//! `command`: programs that put the inputs of a device into states: an I²C emulator, a relay across a button, a
//! programmable cell, a function generator at the crystal.
//!
//! Only rig files may name programs; they are started without a shell.

use crate::clock::Stopwatch;
use crate::program::Programs;
use async_trait::async_trait;
use brownout_core::action::{Done, InputState};
use brownout_core::names::Input;
use brownout_core::plan::InputKind;
use brownout_core::port::{Port, PortError};
use brownout_core::time::Duration;
use brownout_ports::Stimulus;
use std::sync::Arc;

brownout_core::record! {
    /// Two programs: one that puts an input into a state, one that gives it back. In their arguments `{input}` stands for
    /// the input's name, `{kind}` for its kind, `{state}` for the state (`value`, `stuck`, `noisy`, `silent`, `holds_bus`,
    /// `sags`, `pressed`) and `{value}` for its number in thousandths of °C, V or ppm (`none` where it has none).
    ///
    /// `command: {apply: [./bench, '{input}', '{state}', '{value}'], release: [./bench, '{input}', free, none]}`
    pub struct StimulusCommandParams {
        /// The program that puts an input into a state, and its arguments. Started without a shell.
        apply: Vec<String> = "apply",
        /// The program that gives an input back, and its arguments.
        release: Vec<String> = "release",
        /// How long it may take.
        within: Duration = "within" (Positive) or Duration::from_secs(10),
    }
}

/// The stimulus port over two programs. They cannot tell whether the device took notice.
pub(crate) struct StimulusCommand {
    params: StimulusCommandParams,
    programs: Programs,
}

impl StimulusCommand {
    pub(crate) fn new(params: StimulusCommandParams, clock: Arc<Stopwatch>) -> Self {
        let programs = Programs::new(Port::Stimulus, params.within, clock);
        Self { params, programs }
    }
}

#[async_trait(?Send)]
impl Stimulus for StimulusCommand {
    async fn apply(&self, input: &Input, kind: InputKind, state: &InputState) -> Result<Done, PortError> {
        self.programs.run(filled(&self.params.apply, input, kind, Some(state))).await?;
        Ok(Done::Stimulated { observes: false })
    }

    async fn release(&self, input: &Input, kind: InputKind, _: bool) -> Result<(), PortError> {
        self.programs.run(filled(&self.params.release, input, kind, None)).await
    }

    async fn check(&self) -> Result<(), PortError> {
        self.programs.check(&self.params.apply)?;
        self.programs.check(&self.params.release)
    }
}

/// A line with names and values in their places.
fn filled(line: &[String], input: &Input, kind: InputKind, state: Option<&InputState>) -> Vec<String> {
    let number = |value: Option<i64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
    let (word, value) = match state {
        None => ("free", None),
        Some(InputState::Value(value)) => ("value", Some(*value)),
        Some(InputState::Stuck(at)) => ("stuck", *at),
        Some(InputState::Noisy { amplitude, .. }) => ("noisy", Some(i64::from(*amplitude))),
        Some(InputState::Silent) => ("silent", None),
        Some(InputState::HoldsBus) => ("holds_bus", None),
        Some(InputState::Sags { value, .. }) => ("sags", Some(*value)),
        Some(InputState::Pressed(down)) => ("pressed", Some(i64::from(*down))),
    };
    line.iter()
        .map(|argument| {
            argument
                .replace("{input}", input.as_str())
                .replace("{kind}", kind.word())
                .replace("{state}", word)
                .replace("{value}", &number(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_learns_what_to_do() {
        let line: Vec<String> = ["bench", "{input}", "{kind}={state}", "{value}"].map(str::to_owned).into();
        let shown = |state| filled(&line, &"air".into(), InputKind::Temperature, state).join(" ");
        assert_eq!(shown(Some(&InputState::Value(-1500))), "bench air temperature=value -1500");
        assert_eq!(shown(Some(&InputState::Stuck(None))), "bench air temperature=stuck none");
        assert_eq!(shown(None), "bench air temperature=free none");
    }
}
