//! Whether the timeline is whole, is that of this plan, and shows a rig that did its part.

use super::excuses::Excuses;
use crate::check::{Timeline, message, quoted};
use crate::event::{Ended, EventNo, VERSION, What};
use crate::verdict::Finding;

/// How far a timeline can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// All of it.
    Whole,
    /// As far as it goes; nothing follows from what is not in it.
    Early,
    /// Not at all: it is damaged or of another plan.
    Unreadable,
}

pub(super) fn judge(plan_digest: &str, timeline: &Timeline<'_>) -> (Standing, Finding) {
    if let Err(finding) = beginning(plan_digest, timeline).and_then(|()| order(timeline)) {
        return (Standing::Unreadable, finding);
    }
    let last = timeline.events().last();
    let shown = last.map(|e| e.n);
    let at = last.map(|e| e.at).unwrap_or_default();
    let finding = match timeline.ended() {
        None => Finding::inconclusive(format!("the timeline breaks off at {at}")).showing(shown),
        Some(Ended::RigFailed { why }) => {
            Finding::inconclusive(format!("the rig could not do its part: {}", message(why))).showing(shown)
        }
        Some(Ended::Interrupted) => {
            Finding::inconclusive(format!("the run was stopped; it ended at {at}")).showing(shown)
        }
        Some(Ended::Completed | Ended::NotSteady { .. }) => match failing(timeline) {
            Some(finding) => finding,
            None if matches!(timeline.ended(), Some(Ended::NotSteady { .. })) => {
                // The rig is not to blame, but the run was not walked to its end either.
                return (Standing::Early, Finding::pass(whole(timeline)));
            }
            None => return (Standing::Whole, Finding::pass(whole(timeline))),
        },
    };
    (Standing::Early, finding)
}

fn whole(timeline: &Timeline<'_>) -> String {
    let at = timeline.events().last().map(|e| e.at).unwrap_or_default();
    format!("the timeline is whole: {} events in {at}", timeline.events().len())
}

/// The first event names a known format and this plan.
fn beginning(plan_digest: &str, timeline: &Timeline<'_>) -> Result<(), Finding> {
    let Some(first) = timeline.events().first() else {
        return Err(Finding::inconclusive("the timeline is empty"));
    };
    let What::RunStarted { version, plan, .. } = &first.what else {
        return Err(Finding::inconclusive("the timeline does not begin with the run").showing([first.n]));
    };
    if *version != VERSION {
        return Err(Finding::inconclusive(format!(
            "the timeline has format version {version}; this judge knows version {VERSION}"
        ))
        .showing([first.n]));
    }
    if plan != plan_digest {
        return Err(Finding::inconclusive(format!(
            "the timeline is of another plan: {} instead of {}",
            quoted(plan),
            quoted(plan_digest)
        ))
        .showing([first.n]));
    }
    Ok(())
}

/// Numbers without gaps, times that never go back, phases in their order, one beginning and one end.
fn order(timeline: &Timeline<'_>) -> Result<(), Finding> {
    let events = timeline.events();
    let mut phase = None;
    for (mark, expected) in timeline.marks().zip(1_u64..) {
        let (event, place) = (mark.event, mark.place);
        if event.n != EventNo(expected) {
            return Err(Finding::inconclusive(format!(
                "events are missing or out of order: {} stands where #{expected} should",
                event.n
            ))
            .showing([event.n]));
        }
        let before = place.checked_sub(1).and_then(|p| events.get(p));
        if let Some(before) = before.filter(|b| b.at > event.at) {
            return Err(Finding::inconclusive(format!(
                "time goes back from {} ({}) to {} ({})",
                before.at, before.n, event.at, event.n
            ))
            .showing([before.n, event.n]));
        }
        let stray = match &event.what {
            What::RunStarted { .. } => place != 0,
            What::RunEnded(_) => place + 1 != events.len(),
            What::Phase(next) => phase.replace(*next).is_some_and(|earlier| earlier >= *next),
            _ => false,
        };
        if stray {
            return Err(Finding::inconclusive(format!("{} does not belong where it stands", event.n))
                .showing([event.n]));
        }
    }
    Ok(())
}

/// The first thing that the rig, and not the device, did wrong.
fn failing(timeline: &Timeline<'_>) -> Option<Finding> {
    let excuses = Excuses::of(timeline);
    timeline.marks().find_map(|mark| {
        let (what, error) = match &mark.event.what {
            What::ActionFailed { id, error } if !excuses.failure(*id, error, mark.place) => {
                ("an action failed", error)
            }
            What::Lost { error, .. } if !excuses.loss(error, mark.place) => {
                ("an instrument went away", error)
            }
            What::Interrupted => {
                return Some(
                    Finding::inconclusive(format!("the run was stopped at {}", mark.event.at))
                        .showing([mark.event.n]),
                );
            }
            _ => return None,
        };
        Some(
            Finding::inconclusive(format!("{what} at {}: {}", mark.event.at, message(&error.to_string())))
                .showing([mark.event.n]),
        )
    })
}
