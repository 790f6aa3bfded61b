//! One fault on the timeline, from arming to revert.

use super::stretch::Stretch;
use super::timeline::{Mark, Timeline};
use crate::action::Action;
use crate::event::{FaultNo, StepNo, What};

/// What the timeline says of one fault that was armed.
#[derive(Clone, Copy, Debug)]
pub struct FaultWindow<'a> {
    /// Its number.
    pub fault: FaultNo,
    /// Its kind, as in scenario files.
    pub kind: &'a str,
    /// The step it belongs to.
    pub step: StepNo,
    /// Its trigger in words.
    pub trigger: &'a str,
    /// It waits for its trigger.
    pub armed: Mark<'a>,
    /// The trigger came.
    pub fired: Option<Mark<'a>>,
    /// The trigger did not come in time.
    pub never_fired: Option<Mark<'a>>,
    /// It was done to the device.
    pub injected: Option<Mark<'a>>,
    /// It was seen to bite.
    pub confirmed: Option<Mark<'a>>,
    /// It was undone.
    pub reverted: Option<Mark<'a>>,
}

impl<'a> FaultWindow<'a> {
    pub(super) fn all(timeline: Timeline<'a>) -> Vec<Self> {
        let mut faults: Vec<Self> = Vec::new();
        for mark in timeline.marks() {
            if let What::Armed { fault, kind, step, trigger } = &mark.event.what {
                faults.push(Self {
                    fault: *fault,
                    kind,
                    step: *step,
                    trigger,
                    armed: mark,
                    fired: None,
                    never_fired: None,
                    injected: None,
                    confirmed: None,
                    reverted: None,
                });
                continue;
            }
            let Some((of, slot)) = slot(&mark.event.what) else { continue };
            if let Some(fault) = faults.iter_mut().rev().find(|f| f.fault == of) {
                slot(fault).get_or_insert(mark);
            }
        }
        faults
    }

    /// It was done to the device and seen to bite.
    pub fn bit(&self) -> bool {
        self.injected.is_some() && self.confirmed.is_some()
    }

    /// What began to do it, and the place from which on the device may show that it feels it. A course of the supply,
    /// or several cuts in a row, begin long before all of them is on record as done.
    pub fn struck(&self, timeline: Timeline<'a>) -> Option<(Mark<'a>, usize)> {
        let injected = self.injected?;
        let begin = self.fired.unwrap_or(self.armed).place;
        let (mut first_of_supply, mut last) = (None, None);
        for mark in timeline.marks().take(injected.place).skip(begin) {
            match &mark.event.what {
                What::Action { action: Action::Power { .. } | Action::Supply(_), .. } => {
                    first_of_supply.get_or_insert(mark);
                }
                What::Action { action, .. } if !is_reading(action) => last = Some(mark),
                _ => {}
            }
        }
        Some(match first_of_supply {
            Some(first) => (first, first.place),
            None => (injected, last.map_or(injected.place, |m| m.place)),
        })
    }

    /// While it lasts: until it is undone, or, if there is nothing to undo, until the next fault strikes or nothing more
    /// is watched. `None` if it was never seen to bite.
    pub fn lasting(&self, timeline: Timeline<'a>) -> Option<Stretch> {
        let (from, _) = self.struck(timeline).filter(|_| self.bit())?;
        let whole = timeline.observed_from(from);
        let injected = self.injected?;
        let over = match self.reverted {
            Some(reverted) => Some(reverted),
            None => timeline.next_injection(injected.place + 1),
        };
        Some(match over.filter(|over| over.place < whole.end) {
            Some(over) => Stretch::between(from, over),
            None => whole,
        })
    }

    /// From when the device has to come back by itself: the revert, or, of a fault that is not undone, the injection.
    pub fn let_go(&self) -> Option<Mark<'a>> {
        self.reverted.or(self.injected)
    }

    /// The place from which on what the device shows is an answer to the fault. That is the last action before
    /// [`let_go`](Self::let_go): with an instrument that is slow to report, the device boots before the revert is on
    /// record, but never before it was asked for. Whatever was still in the pipes before is no answer.
    pub fn answers_from(&self, timeline: Timeline<'a>) -> Option<usize> {
        let end = self.let_go()?.place;
        let begin = match (self.reverted, self.injected) {
            (Some(_), Some(injected)) => injected.place,
            _ => self.fired.unwrap_or(self.armed).place,
        };
        let asked = timeline
            .marks()
            .take(end)
            .skip(begin)
            .filter(|m| matches!(&m.event.what, What::Action { action, .. } if !is_reading(action)))
            .last();
        Some(asked.map_or(end, |m| m.place))
    }
}

/// Whether it only looks: what checks ask to be sampled says nothing about the fault.
const fn is_reading(action: &Action) -> bool {
    matches!(action, Action::Read(_))
}

type Slot = for<'f, 'a> fn(&'f mut FaultWindow<'a>) -> &'f mut Option<Mark<'a>>;

/// Which fault an event speaks of, and which of its marks it is.
fn slot(what: &What) -> Option<(FaultNo, Slot)> {
    Some(match what {
        What::Fired { fault, .. } => (*fault, |f| &mut f.fired),
        What::NeverFired { fault, .. } => (*fault, |f| &mut f.never_fired),
        What::Injected { fault } => (*fault, |f| &mut f.injected),
        What::Confirmed { fault, .. } => (*fault, |f| &mut f.confirmed),
        What::Reverted { fault } => (*fault, |f| &mut f.reverted),
        _ => return None,
    })
}
