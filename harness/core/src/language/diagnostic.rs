//! Problems in what people wrote, gathered so that all can be shown together.

use super::node::Span;
use crate::names::{Command, Defect, Dut, Input, Region, Setting, Signal};
use crate::port::Port;

/// One problem: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// Where.
    pub span: Span,
    /// A few words at the place itself.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

/// A name that a file uses and another file must know; resolved when a plan is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// A signal of the board file.
    Signal(Signal),
    /// A command of the board file.
    Command(Command),
    /// A setting of the device.
    Setting(Setting),
    /// A device of the rig file.
    Dut(Dut),
    /// A defect of the board file.
    Defect(Defect),
    /// A flash region of the board file.
    Region(Region),
    /// A symbol of the firmware.
    Symbol(String),
    /// An input of the board file.
    Input(Input),
    /// A port of the rig file.
    Port(Port),
    /// A kind of fault that the method must use.
    Fault(String),
    /// A kind of fault, or a command, that the method must use.
    FaultOrCommand(String),
    /// A kind out of a table (`power_cut`), for what it needs of rig and board.
    Kind {
        /// What the table calls its entries: `step`.
        noun: &'static str,
        /// Which.
        word: &'static str,
    },
}

/// The problems found so far in one file, and the names it uses that other files must know.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    mentions: Vec<(Mention, Span)>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem.
    pub fn error(
        &mut self,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.found.push(Diagnostic { message: message.into(), span, label: label.into(), help });
    }

    /// Notes that the file uses a name.
    pub fn mention(&mut self, mention: Mention, span: Span) {
        self.mentions.push((mention, span));
    }

    /// The names used so far, in the order of decoding.
    pub fn mentions(&self) -> &[(Mention, Span)] {
        &self.mentions
    }

    /// Adds a problem that is ready made.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order of the file.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| (d.span.start, d.span.end));
        self.found.dedup();
        self.found
    }
}

/// Nobody means a longer word by a name, in characters.
const LONGEST_NAME: usize = 64;

/// The candidate that `written` most likely means, if one is near enough (a third of its length, at least one
/// edit; optimal string alignment distance, so that swapped letters count once).
pub fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    if length > LONGEST_NAME {
        return None;
    }
    let allowed = (length / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= allowed)
        .map(|candidate| (distance(written, candidate), candidate))
        .filter(|(d, _)| *d <= allowed)
        .min_by_key(|(d, _)| *d)
        .map(|(_, candidate)| candidate)
}

fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let width = b.len() + 1;
    let mut rows = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let at = i * width + j;
            rows[at] = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => {
                    let substitute = rows[at - width - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let mut best = substitute.min(rows[at - 1] + 1).min(rows[at - width] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        best = best.min(rows[at - 2 * width - 2] + 1);
                    }
                    best
                }
            };
        }
    }
    rows[rows.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn a_near_word_is_offered_and_a_far_one_is_not() {
        let kinds = ["power_cut", "reset", "recovers"];
        assert_eq!(did_you_mean("powercut", kinds), Some("power_cut"));
        assert_eq!(did_you_mean("rseet", kinds), Some("reset"));
        assert_eq!(did_you_mean("banana", kinds), None);
    }
}
