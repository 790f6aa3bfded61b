//! `halt`: the core stands still, everything round it goes on.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering};
use crate::action::Action;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The core is stalled through the probe while everything round it goes on: what a hang looks like from outside, at
    /// any instruction. A watchdog that counts while the core is halted bites; one that pauses then, lets a stall pass.
    ///
    /// `halt: {for: 5s, when: {signal: {name: ready}}}`
    pub struct Halt {} lasting Duration::from_secs(5)
}

impl FaultKind for Halt {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        Lowered {
            arm: None,
            inject: vec![Action::Halt.into()],
            confirm: Confirm {
                evidence: Evidence::Done,
                text: "the probe never said that the core stands",
                within: Duration::from_secs(5),
            },
            revert: vec![Action::Resume],
            at_breakpoint: AtBreakpoint::StayHalted,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Debug]
    }
}
