//! `console_noise`: the console receives what no sane peer sends.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering};
use crate::action::{Action, Noise};
use crate::chance::noise;
use crate::port::Port;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

fault! {
    /// The device's console receives what no sane peer sends: random bytes, misframed characters, or a break.
    ///
    /// `console_noise: {as: framing, characters: 64}`
    pub struct ConsoleNoise {
        /// Which noise.
        kind: NoiseKind = "as" or NoiseKind::Bytes,
        /// How many characters; a break has none.
        characters: u32 = "characters" (Positive) or 64,
        /// How long a break lasts.
        length: Duration = "length" (Positive) or Duration::from_millis(100),
    } at_once
}

/// Kinds of noise, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// Random bytes, well framed.
    Bytes,
    /// Characters at a wrong speed.
    Framing,
    /// The line held low.
    Break,
}

crate::words!(NoiseKind { Bytes = "bytes", Framing = "framing", Break = "break" });

/// More characters are not sent at once.
const MOST: u32 = 1 << 20;

impl FaultKind for ConsoleNoise {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let characters = self.characters.min(MOST);
        let noise = match self.kind {
            NoiseKind::Bytes => Noise::Bytes(noise(characters, cx.seed)),
            NoiseKind::Framing => Noise::Framing { characters, seed: cx.seed },
            NoiseKind::Break => Noise::Break { time: self.length },
        };
        Lowered {
            arm: None,
            inject: vec![Action::Noise(noise).into()],
            confirm: Confirm {
                evidence: Evidence::Done,
                text: "the console never took it",
                within: Duration::from_secs(30),
            },
            revert: Vec::new(),
            at_breakpoint: AtBreakpoint::ResumeThenInject,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Console]
    }
}
