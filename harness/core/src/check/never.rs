//! `never: panic`: the device did not show a behaviour.

use super::Timeline;
use crate::names::Signal;
use crate::verdict::Finding;

crate::record! {
    /// A signal is never seen in the whole run.
    ///
    /// `never: {signal: panic}`
    pub struct Never {
        /// Which signal.
        signal: Signal = "signal",
    }
}

impl Never {
    pub(super) fn judge(&self, _timeline: &Timeline<'_>) -> Finding {
        unreachable!("PLACEHOLDER: written by the next commit")
    }
}
