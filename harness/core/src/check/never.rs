//! `never: panic`: the device did not show a behaviour.

use super::condition::{Where, shown};
use super::own_doing::Exceptions;
use super::stretch::Stretch;
use super::{Asked, CheckKind, Timeline, times};
use crate::event::Phase;
use crate::names::Signal;
use crate::verdict::{Finding, Heard};

crate::record! {
    /// A signal is never seen from the steady phase to the end of the run. Before that the device may still run
    /// whatever was in it.
    ///
    /// Where we could not hear the device, because we pulled the cable by which the signal comes, the check is
    /// inconclusive; `except: unheard` leaves that time out.
    ///
    /// `never: {signal: panic}`
    pub struct Never {
        /// Which signal.
        signal: Signal = "signal",
        /// What its named groups must have caught for it to count.
        #[serde(skip_serializing_if = "Where::is_empty")]
        fields: Where = "where" or Where::default(),
        /// What to leave out.
        #[serde(skip_serializing_if = "Exceptions::is_none")]
        except: Exceptions = "except" or Exceptions::default(),
    }
}

impl CheckKind for Never {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(steady) = timeline.phase(Phase::Steady) else {
            return Finding::inconclusive("the device was never brought to a known state to be watched in");
        };
        let watched = timeline.observed_from(steady);
        // While the rig is put back the device still runs.
        let end = timeline.events().len();
        let to = timeline.events().last().map_or(watched.to, |last| last.at);
        let pieces = Stretch { end, to, ..watched }.without(&self.except.of(&self.signal, timeline));
        let seen: Vec<_> = pieces
            .iter()
            .flat_map(|piece| timeline.signals(&self.signal, piece.places()))
            .filter(|s| self.fields.holds(s.fields))
            .collect();
        let what = shown(&self.signal, &self.fields);
        match seen.first() {
            None => {
                let reason = format!("{what} was not seen from {} to the end", steady.event.at);
                pieces.iter().fold(Finding::pass(reason), |finding, piece| {
                    finding.resting_on(Heard::Signal(self.signal.clone()), piece.from, piece.to)
                })
            }
            Some(first) => Finding::fail(format!(
                "{what} was seen {}, first at {}",
                times(seen.len() as u64),
                first.event.at
            ))
            .showing(seen.iter().map(|s| s.event.n)),
        }
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        Some(self.judge(timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.signal, at: &["where"] }]
    }
}
