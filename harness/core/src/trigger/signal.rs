//! `signal: {name: ready, nth: 2, plus: 5ms}`: the device shows a behaviour.

use super::{Pull, delay_text};
use crate::event::What;
use crate::names::{Dut, Signal};
use crate::time::Duration;

crate::record! {
    /// The device shows a signal of its board file.
    ///
    /// `signal: {name: ready, nth: 2, by: 5ms}`
    pub struct OnSignal {
        /// Which signal.
        name: Signal = "name",
        /// The how-manieth since arming.
        nth: u64 = "nth" (Positive) or 1,
        /// How long after it.
        by: Duration = "by" or Duration::ZERO,
    }
}

impl OnSignal {
    pub(super) fn pull(&self, dut: &Dut, what: &What, count: &mut u64) -> Pull {
        match what {
            What::Signal { dut: of, name, .. } if of == dut && *name == self.name => {
                *count += 1;
                if *count == self.nth { Pull::In(self.by) } else { Pull::No }
            }
            _ => Pull::No,
        }
    }

    pub(super) fn text(&self) -> String {
        let nth = if self.nth == 1 { String::new() } else { format!(" (number {})", self.nth) };
        format!("{}signal `{}`{nth}", delay_text(self.by), self.name)
    }
}
