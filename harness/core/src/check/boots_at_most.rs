//! `boots_at_most: 3`: the device does not boot again and again.

use super::Timeline;
use crate::verdict::Finding;

crate::record! {
    /// The `boot` signal is seen at most so often from the beginning of the method.
    ///
    /// `boots_at_most: {times: 3}`
    pub struct BootsAtMost {
        /// How often.
        times: u64 = "times",
    }
}

impl BootsAtMost {
    pub(super) fn judge(&self, _timeline: &Timeline<'_>) -> Finding {
        unreachable!("PLACEHOLDER: written by the next commit")
    }
}
