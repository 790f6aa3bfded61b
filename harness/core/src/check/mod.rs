//! What is expected of the device. One file a kind, and its line in the table below.
//!
//! A check is a pure function from the finished timeline to a finding. It sees nothing else: not the plan's steps, not
//! the rig, not the clock.

mod boots_at_most;
mod durable;
mod never;
mod recovers;
mod reset_cause;
mod seen;
mod timeline;

pub use boots_at_most::BootsAtMost;
pub use durable::Durable;
pub use never::Never;
pub use recovers::Recovers;
pub use reset_cause::ResetCause;
pub use seen::Seen;
pub use timeline::Timeline;

use crate::verdict::Finding;

crate::kinds! {
    /// Something expected of the device.
    pub enum Check("check", "checks") {
        "seen" => Seen(Seen),
        "never" => Never(Never),
        "recovers" => Recovers(Recovers),
        "durable" => Durable(Durable),
        "reset_cause" => ResetCause(ResetCause),
        "boots_at_most" => BootsAtMost(BootsAtMost),
    }
}

impl Check {
    /// Judges a finished timeline.
    pub fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        match self {
            Self::Seen(c) => c.judge(timeline),
            Self::Never(c) => c.judge(timeline),
            Self::Recovers(c) => c.judge(timeline),
            Self::Durable(c) => c.judge(timeline),
            Self::ResetCause(c) => c.judge(timeline),
            Self::BootsAtMost(c) => c.judge(timeline),
        }
    }
}
