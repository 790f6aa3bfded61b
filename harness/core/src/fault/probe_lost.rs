//! `probe_lost`: the debug probe goes away without a word.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering};
use crate::action::Action;
use crate::port::Port;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

fault! {
    /// The debug probe goes away without a word and comes back: firmware that waits for its debugger, or whose log blocks
    /// when nobody reads it, shows itself.
    ///
    /// `probe_lost: {leaves: running, for: 5s}`
    pub struct ProbeLost {
        /// How it leaves the core. A core that was left halted stands until the probe is back.
        leaves: Leaves = "leaves" or Leaves::Running,
    } lasting Duration::from_secs(5)
}

/// How a probe leaves the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaves {
    /// Running.
    Running,
    /// Halted.
    Halted,
}

crate::words!(Leaves { Running = "running", Halted = "halted" });

impl FaultKind for ProbeLost {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let halted = self.leaves == Leaves::Halted;
        let resume = halted.then_some(Action::Resume);
        Lowered {
            arm: None,
            inject: vec![Action::LoseProbe { halted }.into()],
            confirm: Confirm {
                evidence: Evidence::Done,
                text: "the probe never went away",
                within: Duration::from_secs(5),
            },
            revert: std::iter::once(Action::Attach).chain(resume).collect(),
            at_breakpoint: AtBreakpoint::InjectThenResume,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Debug]
    }
}
