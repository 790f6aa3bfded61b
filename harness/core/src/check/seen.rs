//! `seen: {signal: ready, at_least: 2}`: the device showed a behaviour.

use super::Timeline;
use crate::names::Signal;
use crate::verdict::Finding;

crate::record! {
    /// A signal is seen during the method.
    ///
    /// `seen: {signal: boot, where: {cause: watchdog}, at_least: 1}`
    pub struct Seen {
        /// Which signal.
        signal: Signal = "signal",
        /// What its named groups must have caught.
        fields: std::collections::BTreeMap<String, String> = "where" or Default::default(),
        /// How often at least.
        at_least: u64 = "at_least" (Positive) or 1,
    }
}

impl Seen {
    pub(super) fn judge(&self, _timeline: &Timeline<'_>) -> Finding {
        unreachable!("PLACEHOLDER: written by the next commit")
    }
}
