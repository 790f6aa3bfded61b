//! `ram_decay`: the power is away just long enough for RAM to forget a part of what it held.

use super::power_cut::bit;
use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering};
use crate::action::Action;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The power is away so shortly that RAM forgets only a part of what it held: what firmware takes for a warm start
    /// is not one. SRAM at room temperature keeps most of its bits for tens to hundreds of milliseconds without power
    /// (Halderman et al., "Lest We Remember", 2008; Skorobogatov, "Low temperature data remanence in static RAM", 2002).
    ///
    /// `ram_decay: {for: 150ms}`
    pub struct RamDecay {} lasting Duration::from_millis(150)
}

impl FaultKind for RamDecay {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        Lowered {
            arm: None,
            inject: vec![Action::Power { on: false }.into()],
            confirm: Confirm {
                evidence: Evidence::of(bit),
                text: "the supply rail was never seen off, and the device was never seen to boot after",
                within: Duration::from_secs(30),
            },
            revert: vec![Action::Power { on: true }],
            at_breakpoint: AtBreakpoint::StayHalted,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Power]
    }
}
