//! `log_matches: {matches: 'queue full', level: warn}`: what the firmware writes into its log.

use super::{CheckKind, Mark, Timeline, message, quoted, times};
use crate::event::{Phase, What};
use crate::pattern::Pattern;
use crate::port::Port;
use crate::verdict::{Finding, Heard};
use serde::{Deserialize, Serialize};

crate::record! {
    /// A message of the firmware's log (defmt over RTT) matches a regular expression: so often at least in the method,
    /// or, with `never: true`, not once from the steady state to the end.
    ///
    /// What was not logged says something only where the log was heard: if not one message came in the whole run, or if
    /// the probe was taken away, the check is inconclusive.
    ///
    /// `log_matches: {matches: 'sensor .* not answering', level: warn, at_least: 1}`
    pub struct LogMatches {
        /// The regular expression; it may match anywhere in a message.
        matches: Pattern = "matches",
        /// How often at least.
        at_least: u64 = "at_least" (Positive) or 1,
        /// Not once.
        never: bool = "never" or false,
        /// Only messages of this level or a graver one. Messages without a level then do not count.
        level: Option<LogLevel> = "level" optional,
    }
}

/// How grave a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// The least.
    Trace,
    /// For whoever looks for a bug.
    Debug,
    /// The usual.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something went wrong.
    Error,
}

crate::words!(LogLevel { Trace = "trace", Debug = "debug", Info = "info", Warn = "warn", Error = "error" });

impl LogLevel {
    const ALL: [Self; 5] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The level of a message, as the decoder of the log names it.
    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word().eq_ignore_ascii_case(name))
    }
}

impl CheckKind for LogMatches {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let begin = if self.never { Phase::Steady } else { Phase::Method };
        let Some(begin) = timeline.phase(begin) else {
            return Finding::inconclusive("the run ended before the log was to be looked at");
        };
        let watched = timeline.observed_from(begin);
        let all = || timeline.marks().filter(|m| matches!(m.event.what, What::Log { .. }));
        let found: Vec<_> =
            all().filter(|m| watched.places().contains(&m.place) && self.is_match(m)).collect();
        let what = format!("{} in the log", self.what());
        let count = found.len() as u64;
        let first = found.first().map(|first| {
            let text = match &first.event.what {
                What::Log { text, .. } => text.as_str(),
                _ => "",
            };
            format!(", first at {}: {}", first.event.at, quoted(text))
        });
        let finding = match (self.never, first) {
            (true, Some(first)) => Finding::fail(format!("{what} was seen {}{first}", times(count))),
            (false, Some(first)) if count >= self.at_least => {
                Finding::pass(format!("{what} was seen {}{first}", times(count)))
            }
            _ if all().next().is_none() => Finding::inconclusive(
                "not one log message came in the whole run, so nothing follows from what was not in it: is the \
                 firmware built with defmt over RTT, and its probe attached?",
            ),
            (true, None) => Finding::pass(format!("{what} was not seen from {} on", watched.from)),
            (false, first) => Finding::fail_by_absence(format!(
                "{what} was seen {}{}; expected at least {}",
                times(count),
                first.unwrap_or_default(),
                times(self.at_least)
            )),
        };
        finding.showing(found.iter().map(|m| m.event.n)).resting_on(Heard::Log, watched.from, watched.to)
    }

    fn pass_needs_all(&self) -> bool {
        self.never
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        self.never.then(|| self.judge(timeline))
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Debug]
    }

    fn contradiction(&self) -> Option<&'static str> {
        (self.never && self.at_least != 1).then_some("`never` and `at_least` contradict each other")
    }
}

impl LogMatches {
    fn is_match(&self, mark: &Mark<'_>) -> bool {
        let What::Log { level, text, .. } = &mark.event.what else { return false };
        let grave = |least| level.as_deref().and_then(LogLevel::of).is_some_and(|level| level >= least);
        self.level.is_none_or(grave) && self.matches.is_in(text)
    }

    fn what(&self) -> String {
        let level = self.level.map(|level| format!(" at {} or graver", level.word())).unwrap_or_default();
        format!("`{}`{level}", message(&self.matches.to_string()))
    }
}
