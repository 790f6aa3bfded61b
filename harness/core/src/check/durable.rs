//! `durable: target`: what the device acknowledged is still there after it booted again.

use super::Timeline;
use crate::names::Setting;
use crate::verdict::Finding;

crate::record! {
    /// A setting that the device acknowledged has that value, or one asked for later, whenever it is read after.
    ///
    /// `durable: {setting: target}`
    pub struct Durable {
        /// Which setting.
        setting: Setting = "setting",
    }
}

impl Durable {
    pub(super) fn judge(&self, _timeline: &Timeline<'_>) -> Finding {
        unreachable!("PLACEHOLDER: written by the next commit")
    }
}
