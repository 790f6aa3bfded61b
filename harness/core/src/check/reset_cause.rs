//! `reset_cause: {after: power_cut, is: power_on}`: the device knows why it started.

use super::Timeline;
use crate::verdict::Finding;

crate::record! {
    /// The first `boot` signal after each fault or command names this cause in its `cause` group.
    ///
    /// `reset_cause: {after: power_cut, is: power_on}`
    pub struct ResetCause {
        /// A kind of fault, or a command of the board file.
        after: String = "after" (FaultOrCommand),
        /// The cause, in the device's own words.
        is: String = "is",
    }
}

impl ResetCause {
    pub(super) fn judge(&self, _timeline: &Timeline<'_>) -> Finding {
        unreachable!("PLACEHOLDER: written by the next commit")
    }
}
