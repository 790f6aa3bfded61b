//! Text for terminals and CI logs.

mod layout;
mod live;
mod proof;
mod run;
mod suite;

pub use live::Live;
pub use proof::{build_column, proofs, proofs_head, proofs_outcome};
pub use run::run;
pub use suite::{outcome, run_line, suite};

use crate::Tone;
use crate::escape;
use brownout_core::verdict::Verdict;

/// How text is laid out. The caller knows the terminal; nothing here looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns to fill; below 40 counts as 40. Paths and command lines are never broken and may be longer.
    pub width: usize,
    /// Whether to colour by ANSI sequences.
    pub colour: bool,
    /// Whether anything outside ASCII may be shown.
    pub unicode: bool,
    /// Whether to show every event, console lines too.
    pub verbose: bool,
}

impl Style {
    /// For pipes and CI logs: 80 columns, no colour, ASCII, concise.
    pub const PLAIN: Self = Self { width: 80, colour: false, unicode: false, verbose: false };

    fn columns(&self) -> usize {
        self.width.max(40)
    }

    /// Text of ours or of others, safe to show here.
    fn safe(&self, text: &str) -> String {
        if self.unicode { escape::visible(text) } else { escape::ascii(text) }
    }

    fn mark(&self, verdict: Verdict) -> &'static str {
        match (verdict, self.unicode) {
            (Verdict::Pass, true) => "✓",
            (Verdict::Pass, false) => "+",
            (Verdict::Fail, true) => "✗",
            (Verdict::Fail, false) => "x",
            (Verdict::Inconclusive, _) => "?",
        }
    }

    fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            _ if !self.colour || text.is_empty() => return text.to_owned(),
            Tone::Plain => return text.to_owned(),
            Tone::Faint => "2",
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// How a verdict is coloured.
pub(crate) const fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Inconclusive => Tone::Warn,
        Verdict::Fail => Tone::Bad,
    }
}
