//! `recovers: {from: power_cut, to: ready, within: 5s}`: after each fault the device came back by itself.

use super::fault_window::FaultWindow;
use super::{CheckKind, Timeline, elapsed, faults_named};
use crate::event::{Ended, EventNo};
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::{Figure, Finding};

crate::record! {
    /// After each fault of a kind is reverted (or injected, if there is nothing to revert), the device shows a signal
    /// in time. Gives `time_to_recover` for each.
    ///
    /// A fault after which another one struck, or the method ended, before the time was over does not count, unless
    /// the signal was seen by then. Nor does a fault that was never seen to bite.
    ///
    /// `recovers: {from: power_cut, to: ready, within: 5s}`
    pub struct Recovers {
        /// The kind of fault.
        from: String = "from" (FaultKind),
        /// The signal that shows recovery.
        to: Signal = "to",
        /// How long it may take from the revert.
        within: Duration = "within" (Positive),
    }
}

/// What became of one fault.
enum Recovery {
    InTime { took: Duration, shown: [EventNo; 2] },
    Late { took: Duration, shown: [EventNo; 2] },
    Never { shown: EventNo },
    NotJudged { why: String },
}

impl CheckKind for Recovers {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let faults: Vec<_> = timeline.faults().into_iter().filter(|f| f.kind == self.from).collect();
        if faults.is_empty() {
            return Finding::inconclusive(format!("there was no `{}` to recover from", self.from));
        }
        let of_each: Vec<_> = faults.iter().map(|f| (f, self.recovery(f, timeline))).collect();
        let figures = of_each.iter().filter_map(|(_, recovery)| match recovery {
            Recovery::InTime { took, .. } | Recovery::Late { took, .. } => {
                Some(Figure { name: "time_to_recover".to_owned(), value: *took })
            }
            _ => None,
        });
        self.merged(&of_each).measuring(figures)
    }
}

impl Recovers {
    fn merged(&self, of_each: &[(&FaultWindow<'_>, Recovery)]) -> Finding {
        let Self { to, from, within } = self;
        let mut slowest: Option<Duration> = None;
        let (mut good, mut late, mut never) = (Vec::new(), Vec::new(), Vec::new());
        let mut skipped = None;
        for (fault, recovery) in of_each {
            match recovery {
                Recovery::InTime { took, shown } => {
                    slowest = slowest.max(Some(*took));
                    good.push(*shown);
                }
                Recovery::Late { took, shown } => late.push((fault, took, shown)),
                Recovery::Never { shown } => never.push((fault, shown)),
                Recovery::NotJudged { why } => skipped = skipped.or(Some((fault, why))),
            }
        }
        let judged = good.len() + late.len() + never.len();
        if let Some((fault, took, _)) = late.first() {
            return Finding::fail(format!(
                "after fault {} (`{from}`) `{to}` was seen only after {}; expected within {within} ({} of {judged} recovered in time)",
                fault.fault,
                shown_late(**took, *within),
                good.len(),
            ))
            .showing(late.iter().flat_map(|(_, _, shown)| **shown))
            .showing(never.iter().map(|(_, shown)| **shown));
        }
        if let Some((fault, _)) = never.first() {
            return Finding::fail_by_absence(format!(
                "after fault {} (`{from}`) `{to}` was not seen; expected within {within} ({} of {judged} recovered in time)",
                fault.fault,
                good.len(),
            ))
            .showing(never.iter().map(|(_, shown)| **shown));
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
                    "`{to}` was seen after {}, {} later{}; expected within {within}{not_judged}",
                    faults_named(good.len(), from),
                    elapsed(slowest),
                    if good.len() == 1 { "" } else { " at the latest" },
                ))
                .showing(good.into_iter().flatten())
            }
            (None, Some((fault, why))) => Finding::inconclusive(format!(
                "no recovery from `{from}` could be judged (fault {}: {why})",
                fault.fault
            ))
            .showing([fault.armed.event.n]),
            // No faults at all; the caller has said so already.
            (None, None) => Finding::inconclusive(format!("there was no `{from}` to recover from")),
        }
    }

    fn recovery(&self, fault: &FaultWindow<'_>, timeline: &Timeline<'_>) -> Recovery {
        let (Some(let_go), Some(from), true) = (fault.let_go(), fault.answers_from(*timeline), fault.bit())
        else {
            return Recovery::NotJudged { why: "it was never seen to bite".to_owned() };
        };
        let next = timeline.next_injection(let_go.place + 1);
        let end = next.map_or(usize::MAX, |m| m.place).min(timeline.observed_to());
        if let Some(seen) = timeline.signals(&self.to, from..end).next() {
            let took = seen.event.at - let_go.event.at;
            let shown = [let_go.event.n, seen.event.n];
            return if took <= self.within {
                Recovery::InTime { took, shown }
            } else {
                Recovery::Late { took, shown }
            };
        }
        let over = let_go.event.at + self.within;
        let struck = next.filter(|m| m.place < timeline.observed_to()).map(|m| m.event.at);
        let watched_to = struck.unwrap_or_else(|| timeline.observed_until());
        if watched_to >= over {
            return Recovery::Never { shown: let_go.event.n };
        }
        let what = match (struck, timeline.ended()) {
            (Some(_), _) => "the next fault struck",
            (None, Some(Ended::Interrupted)) => "the run was stopped",
            (None, Some(Ended::RigFailed { .. })) => "the rig failed",
            (None, Some(_)) => "the method ended",
            (None, None) => "the timeline breaks off",
        };
        if let_go.place >= timeline.observed_to() {
            return Recovery::NotJudged { why: format!("{what} before it was undone") };
        }
        let watched = watched_to - let_go.event.at;
        if watched == Duration::ZERO {
            return Recovery::NotJudged { why: format!("{what} as soon as it was undone") };
        }
        let watched = elapsed(watched);
        Recovery::NotJudged { why: format!("{what} {watched} later, before {} was over", self.within) }
    }
}

/// So that a reader never meets "after 500ms; expected within 500ms".
fn shown_late(took: Duration, within: Duration) -> String {
    if elapsed(took) == elapsed(within) { took.to_string() } else { elapsed(took) }
}
