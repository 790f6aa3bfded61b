//! What is expected of the device. One file a kind, and its line in the table below.
//!
//! A check is a pure function from the finished timeline to a finding. It sees nothing else: not the plan's steps, not
//! the rig, not the clock.

mod always;
mod availability;
mod backoff;
mod boots_at_most;
mod condition;
mod decimal;
mod degrades_to;
mod detects_within;
mod durable;
mod fault_window;
mod heap_and_boots_stable;
mod log_matches;
mod memory;
mod never;
mod no_plaintext;
mod offline_buffer;
mod only_talks_to;
mod own_doing;
mod records;
mod recovers;
mod refuses_tls;
mod reset_cause;
mod reset_storm;
mod responds_to;
mod response;
mod returns_to;
mod seen;
mod stages;
mod stays;
mod stretch;
#[cfg(test)]
pub(crate) mod tape;
mod telemetry;
#[cfg(test)]
mod tests;
mod text;
mod timeline;

pub use always::{Always, During};
pub use availability::Availability;
pub use backoff::Backoff;
pub use boots_at_most::BootsAtMost;
pub use condition::{Expected, Range, Where};
pub use decimal::Number;
pub use degrades_to::DegradesTo;
pub use detects_within::DetectsWithin;
pub use durable::Durable;
pub use fault_window::FaultWindow;
pub use heap_and_boots_stable::{Gauge, HeapAndBootsStable};
pub use log_matches::{LogLevel, LogMatches};
pub use memory::{MemoryHolds, MemoryWhen};
pub use never::Never;
pub use no_plaintext::NoPlaintext;
pub use offline_buffer::{Drops, OfflineBuffer};
pub use only_talks_to::OnlyTalksTo;
pub(crate) use own_doing::unheard;
pub use own_doing::{Except, Exceptions};
pub(crate) use records::SEQUENCE;
pub use records::{AtMost, AtMostShape};
pub use recovers::Recovers;
pub use refuses_tls::RefusesTls;
pub use reset_cause::ResetCause;
pub use reset_storm::ResetStorm;
pub use responds_to::{RespondsTo, Shows};
pub use returns_to::ReturnsTo;
pub use seen::Seen;
pub use stages::Stages;
pub use stays::Stays;
pub use stretch::Stretch;
pub use telemetry::{Late, Telemetry};
pub use timeline::{Mark, SignalMark, Timeline};

use crate::location::Location;
use crate::names::Signal;
use crate::port::Port;
use crate::time::Duration;
use crate::verdict::{Finding, Verdict};

crate::kinds! {
    /// Something expected of the device.
    pub enum Check("check", "checks") as dyn CheckKind {
        "seen" => Seen(Seen),
        "never" => Never(Never),
        "recovers" => Recovers(Recovers),
        "durable" => Durable(Durable),
        "reset_cause" => ResetCause(ResetCause),
        "boots_at_most" => BootsAtMost(BootsAtMost),
        "reset_storm" => ResetStorm(ResetStorm),
        "always" => Always(Always),
        "availability" => Availability(Availability),
        "detects_within" => DetectsWithin(DetectsWithin),
        "degrades_to" => DegradesTo(DegradesTo),
        "returns_to" => ReturnsTo(ReturnsTo),
        "stays" => Stays(Stays),
        "log_matches" => LogMatches(LogMatches),
        "memory" => Memory(MemoryHolds),
        "heap_and_boots_stable" => HeapAndBootsStable(HeapAndBootsStable),
        "telemetry" => Telemetry(Telemetry),
        "backoff" => Backoff(Backoff),
        "offline_buffer" => OfflineBuffer(OfflineBuffer),
        "responds_to" => RespondsTo(RespondsTo),
        "refuses_tls" => RefusesTls(RefusesTls),
        "no_plaintext" => NoPlaintext(NoPlaintext),
        "only_talks_to" => OnlyTalksTo(OnlyTalksTo),
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

    /// What it says of a control run, the same run without its faults: what must hold undisturbed too holds there, and
    /// what shows that a fault was noticed must not be seen there. `None` where it says nothing, because it speaks of
    /// what follows a fault.
    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding>;

    /// The groups of signals that it asks about, and where it does.
    fn asks(&self) -> Vec<Asked<'_>> {
        Vec::new()
    }

    /// The ports that it cannot do without; those of the signals that it names are known by these.
    fn needs(&self) -> &'static [Port] {
        &[]
    }

    /// What it wants to have read through the probe.
    fn samples(&self) -> Option<Sample<'_>> {
        None
    }

    /// The signal whose sightings it takes for numbered records, by the group `seq`.
    fn numbered(&self) -> Option<&Signal> {
        None
    }

    /// Why it can never be answered, or never be broken, whatever the run: its fields do not go together.
    fn contradiction(&self) -> Option<&'static str> {
        None
    }
}

/// A variable of the firmware that a check wants to have read: at the beginning of the method and at its end.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Where it is; what is read is recorded under this name.
    pub at: &'a Location,
    /// How often in between, if at all.
    pub every: Option<Duration>,
}

/// Named groups of a signal that a check asks about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The signal.
    pub signal: &'a Signal,
    /// The field of the check that names them: the keys of a mapping, or one name.
    pub at: &'static [&'static str],
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

    /// The groups of signals that it asks about, and where it does.
    pub fn asks(&self) -> Vec<Asked<'_>> {
        self.as_kind().asks()
    }

    /// What it wants to have read through the probe.
    pub fn samples(&self) -> Option<Sample<'_>> {
        self.as_kind().samples()
    }

    /// The ports that it cannot do without; those of the signals that it names are known by these.
    pub fn needs(&self) -> &'static [Port] {
        self.as_kind().needs()
    }

    /// The signal whose sightings it takes for numbered records.
    pub fn numbered(&self) -> Option<&Signal> {
        self.as_kind().numbered()
    }

    /// Why it can never be answered, or never be broken, whatever the run.
    pub fn contradiction(&self) -> Option<&'static str> {
        self.as_kind().contradiction()
    }

    /// What it says of a control run, the same run without its faults; `None` where it says nothing.
    pub fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        self.as_kind().in_control(timeline)
    }
}

/// A finding that an undisturbed run need not come to: one that wants a fault, or what follows it, is not asked there.
fn unless_open(finding: Finding) -> Option<Finding> {
    (finding.verdict != Verdict::Inconclusive).then_some(finding)
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
