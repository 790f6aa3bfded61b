//! What is expected of the device. One file a kind, and its line in the table below.
//!
//! A check is a pure function from the finished timeline to a finding. It sees nothing else: not the plan's steps, not
//! the rig, not the clock.

mod boots_at_most;
mod durable;
mod fault_window;
mod never;
mod recovers;
mod reset_cause;
mod seen;
#[cfg(test)]
pub(crate) mod tape;
#[cfg(test)]
mod tests;
mod text;
mod timeline;

pub use boots_at_most::BootsAtMost;
pub use durable::Durable;
pub use fault_window::FaultWindow;
pub use never::Never;
pub use recovers::Recovers;
pub use reset_cause::ResetCause;
pub use seen::Seen;
pub use timeline::{Mark, SignalMark, Timeline};

use crate::time::Duration;
use crate::verdict::Finding;

crate::kinds! {
    /// Something expected of the device.
    pub enum Check("check", "checks") as dyn CheckKind {
        "seen" => Seen(Seen),
        "never" => Never(Never),
        "recovers" => Recovers(Recovers),
        "durable" => Durable(Durable),
        "reset_cause" => ResetCause(ResetCause),
        "boots_at_most" => BootsAtMost(BootsAtMost),
    }
}

/// What every check can be asked.
pub trait CheckKind {
    /// Judges a finished timeline.
    fn judge(&self, timeline: &Timeline<'_>) -> Finding;

    /// Whether more of the timeline could turn a pass into a fail. Such a pass needs a whole timeline; on one that
    /// ended early the judge makes it inconclusive.
    fn pass_needs_all(&self) -> bool {
        true
    }
}

impl Check {
    /// Judges a finished timeline.
    pub fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        self.as_kind().judge(timeline)
    }

    /// Whether more of the timeline could turn a pass into a fail.
    pub fn pass_needs_all(&self) -> bool {
        self.as_kind().pass_needs_all()
    }
}

/// The most characters of a device's own text that a reason repeats.
const QUOTE_MAX: usize = 64;

/// The most characters of a message of the harness that a reason repeats; it may hold words of others.
const MESSAGE_MAX: usize = 600;

/// A text between backticks, for reasons: hostile, so control characters are escaped and its length is bounded.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", bounded(text, QUOTE_MAX))
}

/// A message of the harness itself, for reasons.
pub(crate) fn message(text: &str) -> String {
    bounded(text, MESSAGE_MAX)
}

fn bounded(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == most {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// A count in words: `once`, `3 times`.
pub(crate) fn times(count: u64) -> String {
    match count {
        0 => "0 times".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// A measured time with the precision that a reader wants: `1.234s`, `345ms`, `56.7ms`, `890us`. Cut off, not rounded.
pub(crate) fn elapsed(time: Duration) -> String {
    let us = time.0 / 1_000;
    match us {
        0..1_000 => format!("{us}us"),
        1_000..100_000 => format!("{}.{}ms", us / 1_000, us / 100 % 10),
        100_000..1_000_000 => format!("{}ms", us / 1_000),
        _ => format!("{}.{:03}s", us / 1_000_000, us / 1_000 % 1_000),
    }
}

/// ``1 `power_cut` ``, ``each of 3 `power_cut` ``.
fn faults_named(count: usize, kind: &str) -> String {
    if count == 1 { format!("1 `{kind}`") } else { format!("each of {count} `{kind}`") }
}
