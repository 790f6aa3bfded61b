//! From a recorded and judged run to what people and CI read: terminal text, JUnit, JSON, HTML.
//!
//! ```text
//! Event ──▶ terminal::Live                      lines while it runs
//! RunView ──▶ terminal::run, html::run, json    one judged run
//! RunLine::of(&RunView) ─┐
//!                  Suite ┴─▶ terminal::suite, junit, json, html::index
//! ```
//!
//! Nothing here touches a file, a clock or the environment: width, colour and the wall-clock anchor are arguments.
//! Whatever a device said is hostile text; it goes through [`escape::visible`] before it gets anywhere.

pub mod conformance;
pub mod escape;
mod figures;
pub mod html;
pub mod json;
pub mod junit;
mod narrate;
pub mod proof;
mod seconds;
pub mod shell;
mod spans;
mod suite;
pub mod terminal;

pub use figures::{Spread, shown};
pub use narrate::{Detail, Narrator, Told, Tone};
pub use spans::short;
pub use suite::{EvidenceLine, RunLine, Shortfall, Suite};

use brownout_core::event::{Event, What};
use brownout_core::plan::Plan;
use brownout_core::time::{Duration, Instant};
use brownout_core::verdict::{Judged, Judgement};

/// One recorded and judged run, as every form of report takes it.
#[derive(Clone, Copy, Debug)]
pub struct RunView<'a> {
    /// What was to happen.
    pub plan: &'a Plan,
    /// What happened, in order.
    pub events: &'a [Event],
    /// What to think of it.
    pub judgement: &'a Judgement,
    /// When the run began, in wall-clock time, as the manifest has it (RFC 3339). Shown, never interpreted.
    pub anchor: &'a str,
    /// The run's folder as the reader may type it: `reports/20260311T101500Z/power/cut-while-writing/nth=3-7`.
    pub folder: &'a str,
    /// The command line that runs the same plan again; empty where nobody knows.
    pub again: &'a str,
    /// How long the run took on the wall, where that is known. On a virtual clock it is far less than the time on
    /// the timeline.
    pub wall_time: Option<Duration>,
}

impl<'a> RunView<'a> {
    /// Time on the run's own axis: when the last event was.
    pub fn device_time(&self) -> Duration {
        self.events.iter().map(|e| e.at).max().unwrap_or(Instant::ZERO).since(Instant::ZERO)
    }

    /// The digest of the plan as the run's first event has it; empty if the timeline has no beginning.
    pub fn plan_digest(&self) -> &'a str {
        self.events
            .iter()
            .find_map(|e| match &e.what {
                What::RunStarted { plan, .. } => Some(plan.as_str()),
                _ => None,
            })
            .unwrap_or("")
    }

    /// The values of `vary` in words, `cut_at=3 tear=half`; empty if there is only one case.
    pub fn case(&self) -> String {
        let values: Vec<String> =
            self.plan.case.iter().map(|(name, value)| format!("{name}={value}")).collect();
        values.join(" ")
    }

    /// Every line of the judgement, the harness's own demands first.
    pub fn judged(&self) -> impl Iterator<Item = &'a Judged> {
        self.judgement.groundwork.iter().chain(&self.judgement.checks)
    }
}
