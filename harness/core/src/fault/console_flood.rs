//! `console_flood`: the console receives more than anybody can read.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering};
use crate::action::{Action, Done};
use crate::chance::noise;
use crate::event::What;
use crate::port::Port;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

fault! {
    /// The device's console receives without pause, at its full speed.
    ///
    /// `console_flood: {of: newlines, for: 5s}`
    pub struct ConsoleFlood {
        /// What it receives.
        of: FloodOf = "of" or FloodOf::Noise,
    } lasting Duration::from_secs(5)
}

/// What a flood is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FloodOf {
    /// Random bytes.
    Noise,
    /// Nothing but line ends.
    Newlines,
    /// One line without an end.
    Letters,
}

crate::words!(FloodOf { Noise = "noise", Newlines = "newlines", Letters = "letters" });

/// What is sent over and over.
const PIECE: u32 = 1024;

impl FaultKind for ConsoleFlood {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let bytes = match self.of {
            FloodOf::Noise => noise(PIECE, cx.seed),
            FloodOf::Newlines => vec![b'\n'; PIECE as usize],
            FloodOf::Letters => vec![b'A'; PIECE as usize],
        };
        Lowered {
            arm: None,
            inject: vec![Action::Flood { bytes, time: self.hold }.into()],
            confirm: Confirm {
                evidence: Evidence::of(
                    |_, what| matches!(what, What::Acted { done: Done::Sent { bytes }, .. } if *bytes > 0),
                ),
                text: "the console never took any of it",
                within: Duration(self.hold.0 + 30_000_000_000),
            },
            revert: vec![Action::EndFlood],
            at_breakpoint: AtBreakpoint::ResumeThenInject,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Console]
    }
}
