//! What a device is expected to show in time after each fault of a kind: when the fault struck, or when it was let go.

use super::condition::{Where, shown};
use super::fault_window::FaultWindow;
use super::{Mark, Timeline, elapsed, faults_named, times};
use crate::event::{Ended, EventNo, Phase};
use crate::names::Signal;
use crate::time::{Duration, Instant};
use crate::verdict::{Figure, Finding, Heard};

/// From what on the device has to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// The fault struck. It has to show it while the fault lasts.
    Struck,
    /// The fault was undone, or, if there is nothing to undo, it struck.
    LetGo,
}

/// What is expected after each fault of a kind.
pub(super) struct Response<'a> {
    /// The kind of fault.
    pub(super) fault: &'a str,
    /// The signal that shows it.
    pub(super) signal: &'a Signal,
    /// What its groups must have caught.
    pub(super) fields: &'a Where,
    /// How long it may take.
    pub(super) within: Duration,
    pub(super) since: Since,
    /// What happens then: `recovery from`.
    pub(super) noun: &'static str,
    /// That it happened: `recovered`.
    pub(super) verb: &'static str,
    /// The figure it gives.
    pub(super) figure: &'static str,
}

/// What became of one fault.
enum Outcome {
    InTime { took: Duration, shown: [EventNo; 2] },
    Late { took: Duration, shown: [EventNo; 2] },
    Never { shown: EventNo, from: Instant },
    NotJudged { why: String },
}

/// Where the device has to show it.
struct Span<'a> {
    /// What the time is measured from.
    from: Mark<'a>,
    /// The place from which on what it shows is an answer.
    answers: usize,
    /// What ends it before its time, and why.
    over: Option<(Mark<'a>, &'static str)>,
}

/// After one fault it was shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// The place from which on what the device shows is an answer.
    pub(super) answers: usize,
    /// What the time is measured from.
    pub(super) from: Instant,
    /// The place at which it was shown.
    pub(super) seen: usize,
}

impl Response<'_> {
    pub(super) fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let faults: Vec<_> = timeline.faults().into_iter().filter(|f| f.kind == self.fault).collect();
        if faults.is_empty() {
            let verb = match self.since {
                Since::Struck => "respond to",
                Since::LetGo => "recover from",
            };
            return Finding::inconclusive(format!("there was no `{}` to {verb}", self.fault));
        }
        let of_each: Vec<_> = faults.iter().map(|f| (f, self.outcome(f, timeline))).collect();
        let figures = of_each.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::InTime { took, .. } | Outcome::Late { took, .. } => {
                Some(Figure::new(self.figure, *took))
            }
            _ => None,
        });
        self.merged(&of_each).measuring(figures)
    }

    /// A fail if the device showed it from its steady state on, before anything was done to it.
    pub(super) fn false_alarm(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        let steady = timeline.phase(Phase::Steady)?;
        let struck =
            timeline.faults().iter().filter_map(|f| f.struck(*timeline)).map(|(_, place)| place).min();
        let end = struck.unwrap_or(usize::MAX).min(timeline.observed_to());
        let seen: Vec<_> = timeline
            .signals(self.signal, steady.place..end)
            .filter(|s| self.fields.holds(s.fields))
            .collect();
        let first = seen.first()?;
        let before = if struck.is_some() { "before any fault struck" } else { "though no fault struck" };
        Some(
            Finding::fail(format!(
                "a false alarm: {} was seen {} {before}, first at {}",
                shown(self.signal, self.fields),
                times(seen.len() as u64),
                first.event.at,
            ))
            .showing(seen.iter().map(|s| s.event.n)),
        )
    }

    /// What an undisturbed run says: it must not show it at all.
    pub(super) fn quiet(&self, timeline: &Timeline<'_>) -> Finding {
        if let Some(alarm) = self.false_alarm(timeline) {
            return alarm;
        }
        let Some(steady) = timeline.phase(Phase::Steady) else {
            return Finding::inconclusive("the device was never brought to a known state to be watched in");
        };
        let watched = timeline.observed_from(steady);
        Finding::pass(format!(
            "{} was not seen in {} without a fault",
            shown(self.signal, self.fields),
            elapsed(watched.length())
        ))
        .resting_on(Heard::Signal(self.signal.clone()), watched.from, watched.to)
    }

    fn merged(&self, of_each: &[(&FaultWindow<'_>, Outcome)]) -> Finding {
        let Self { fault: kind, within, verb, noun, .. } = self;
        let what = shown(self.signal, self.fields);
        let heard = || Heard::Signal(self.signal.clone());
        let mut slowest: Option<Duration> = None;
        let (mut good, mut late, mut never) = (Vec::new(), Vec::new(), Vec::new());
        let mut skipped = None;
        for (fault, outcome) in of_each {
            match outcome {
                Outcome::InTime { took, shown } => {
                    slowest = slowest.max(Some(*took));
                    good.push(*shown);
                }
                Outcome::Late { took, shown } => late.push((fault, took, shown)),
                Outcome::Never { shown, from } => never.push((fault, shown, from)),
                Outcome::NotJudged { why } => skipped = skipped.or(Some((fault, why))),
            }
        }
        let judged = good.len() + late.len() + never.len();
        if let Some((fault, took, _)) = late.first() {
            return Finding::fail(format!(
                "after fault {} (`{kind}`) {what} was seen only after {}; expected within {within} ({} of {judged} {verb} in time)",
                fault.fault,
                shown_late(**took, *within),
                good.len(),
            ))
            .showing(late.iter().flat_map(|(_, _, shown)| **shown))
            .showing(never.iter().map(|(_, shown, _)| **shown));
        }
        if let Some((fault, ..)) = never.first() {
            let finding = Finding::fail_by_absence(format!(
                "after fault {} (`{kind}`) {what} was not seen; expected within {within} ({} of {judged} {verb} in time)",
                fault.fault,
                good.len(),
            ))
            .showing(never.iter().map(|(_, shown, _)| **shown));
            return never
                .iter()
                .fold(finding, |f, (_, _, from)| f.resting_on(heard(), **from, **from + *within));
        }
        match (slowest, skipped) {
            (Some(slowest), skipped) => {
                let not_judged = match skipped {
                    Some((fault, why)) => format!(
                        "; {} could not be judged (fault {}: {why})",
                        of_each.len() - judged,
                        fault.fault
                    ),
                    None => String::new(),
                };
                Finding::pass(format!(
                    "{what} was seen after {}, {} later{}; expected within {within}{not_judged}",
                    faults_named(good.len(), kind),
                    elapsed(slowest),
                    if good.len() == 1 { "" } else { " at the latest" },
                ))
                .showing(good.into_iter().flatten())
            }
            (None, Some((fault, why))) => Finding::inconclusive(format!(
                "no {noun} `{kind}` could be judged (fault {}: {why})",
                fault.fault
            ))
            .showing([fault.armed.event.n]),
            // No faults at all; the caller has said so already.
            (None, None) => Finding::inconclusive(format!("there was no `{kind}`")),
        }
    }

    /// Where the device has to show it; `None` for a fault that was never seen to bite.
    fn span<'t>(&self, fault: &FaultWindow<'t>, timeline: &Timeline<'t>) -> Option<Span<'t>> {
        if !fault.bit() {
            return None;
        }
        let (from, answers) = match self.since {
            Since::Struck => fault.struck(*timeline)?,
            Since::LetGo => (fault.let_go()?, fault.answers_from(*timeline)?),
        };
        let undone = fault.reverted.filter(|_| self.since == Since::Struck).map(|m| (m, "it was undone"));
        // The fault itself is on record as injected only after it struck.
        let after = fault.injected.map_or(from.place, |m| m.place).max(from.place) + 1;
        let next = timeline.next_injection(after).map(|m| (m, "the next fault struck"));
        let over = [undone, next].into_iter().flatten().min_by_key(|(m, _)| m.place);
        Some(Span { from, answers, over: over.filter(|(m, _)| m.place < timeline.observed_to()) })
    }

    /// Each time that it was shown, soon enough or not.
    pub(super) fn recoveries(&self, timeline: &Timeline<'_>) -> Vec<Shown> {
        let faults = timeline.faults();
        let of_kind = faults.iter().filter(|fault| fault.kind == self.fault);
        of_kind
            .filter_map(|fault| {
                let Span { from, answers, over } = self.span(fault, timeline)?;
                let end = over.map_or(usize::MAX, |(m, _)| m.place).min(timeline.observed_to());
                let seen =
                    timeline.signals(self.signal, answers..end).find(|s| self.fields.holds(s.fields))?;
                Some(Shown { answers, from: from.event.at, seen: seen.place })
            })
            .collect()
    }

    fn outcome(&self, fault: &FaultWindow<'_>, timeline: &Timeline<'_>) -> Outcome {
        let Some(Span { from, answers, over }) = self.span(fault, timeline) else {
            return Outcome::NotJudged { why: "it was never seen to bite".to_owned() };
        };
        let end = over.map_or(usize::MAX, |(m, _)| m.place).min(timeline.observed_to());
        let seen = timeline.signals(self.signal, answers..end).find(|s| self.fields.holds(s.fields));
        if let Some(seen) = seen {
            let took = seen.event.at - from.event.at;
            let shown = [from.event.n, seen.event.n];
            return if took <= self.within {
                Outcome::InTime { took, shown }
            } else {
                Outcome::Late { took, shown }
            };
        }
        let watched_to = over.map_or_else(|| timeline.observed_until(), |(m, _)| m.event.at);
        if watched_to >= from.event.at + self.within {
            return Outcome::Never { shown: from.event.n, from: from.event.at };
        }
        let what = match (over, timeline.ended()) {
            (Some((_, why)), _) => why,
            (None, Some(Ended::Interrupted)) => "the run was stopped",
            (None, Some(Ended::RigFailed { .. })) => "the rig failed",
            (None, Some(_)) => "the method ended",
            (None, None) => "the timeline breaks off",
        };
        let since = match self.since {
            Since::Struck => "it struck",
            Since::LetGo => "it was undone",
        };
        if from.place >= timeline.observed_to() {
            return Outcome::NotJudged { why: format!("{what} before {since}") };
        }
        let watched = watched_to - from.event.at;
        if watched == Duration::ZERO {
            return Outcome::NotJudged { why: format!("{what} as soon as {since}") };
        }
        let watched = elapsed(watched);
        Outcome::NotJudged { why: format!("{what} {watched} later, before {} was over", self.within) }
    }
}

/// So that a reader never meets "after 500ms; expected within 500ms".
fn shown_late(took: Duration, within: Duration) -> String {
    if elapsed(took) == elapsed(within) { took.to_string() } else { elapsed(took) }
}
