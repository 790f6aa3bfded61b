//! `availability: {of: control, at_least: 99%, every: 1s, while: sensor_nack}`: how much of the time a service was there.

use super::condition::{Where, shown};
use super::own_doing::{Exceptions, unheard};
use super::stretch::Stretch;
use super::{Asked, CheckKind, Timeline, elapsed};
use crate::event::{EventNo, Phase};
use crate::names::Signal;
use crate::quantity::Share;
use crate::time::{Duration, Instant};
use crate::verdict::{Figure, Finding, Heard, percent};

crate::record! {
    /// While faults of a kind last, from injection to revert, a signal is available for this share of the time: at each
    /// moment it was seen not longer ago than `every`. All faults of the kind that were seen to bite count together; one
    /// that is not undone lasts until the next fault, or to the end of the method. Gives `availability`.
    ///
    /// `except` leaves time out as it does for `always`.
    ///
    /// `availability: {of: control, at_least: 99%, every: 1s, while: sensor_nack}`
    pub struct Availability {
        /// Which signal.
        of: Signal = "of",
        /// Of how much of the time at least.
        at_least: Share = "at_least" (Positive),
        /// For how long a sighting counts.
        every: Duration = "every" (Positive),
        /// The kind of fault.
        fault: String = "while" (FaultKind),
        /// What its named groups must have caught for a sighting to count.
        fields: Where = "where" or Where::default(),
        /// What to leave out.
        except: Exceptions = "except" or Exceptions::default(),
    }
}

/// How much of some stretches a signal was there.
#[derive(Default)]
struct Presence {
    there: u64,
    /// The stretches in which it was not, and the last sighting before each.
    missing: Vec<(Instant, Instant, Option<EventNo>)>,
}

impl CheckKind for Availability {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let faults = timeline.faults();
        let lasting: Vec<_> =
            faults.iter().filter(|f| f.kind == self.fault).filter_map(|f| f.lasting(*timeline)).collect();
        if lasting.is_empty() {
            return Finding::inconclusive(format!("no `{}` was ever seen to bite", self.fault));
        }
        let what = if lasting.len() == 1 { "1".to_owned() } else { format!("each of {}", lasting.len()) };
        self.over(&lasting, &format!("during {what} `{}`", self.fault), timeline)
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        let method = timeline.phase(Phase::Method)?;
        Some(self.over(&[timeline.observed_from(method)], "in a method without faults", timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.of, at: &["where"] }]
    }
}

impl Availability {
    fn over(&self, whole: &[Stretch], when: &str, timeline: &Timeline<'_>) -> Finding {
        let left_out = self.except.of(&self.of, timeline);
        let pieces: Vec<_> = whole.iter().flat_map(|w| w.without(&left_out)).collect();
        let length: u64 = pieces.iter().map(|p| p.length().0).fold(0, u64::saturating_add);
        if length == 0 {
            return Finding::inconclusive(format!("no time is left {when} to watch in"));
        }
        let mut presence = Presence::default();
        for piece in &pieces {
            self.look(piece, timeline, &mut presence);
        }
        let share = share_of(presence.there, length);
        let heard = Heard::Signal(self.of.clone());
        let deaf = unheard(&heard, timeline);
        // Where we could not hear it, it may have been there.
        let (unheard, missed): (Vec<_>, Vec<_>) =
            presence.missing.iter().partition(|(from, to, _)| deaf.iter().any(|d| d.overlaps(*from, *to)));
        let at_best =
            unheard.iter().map(|(from, to, _)| (*to - *from).0).fold(presence.there, u64::saturating_add);
        let longest = presence.missing.iter().map(|(from, to, _)| *to - *from).max().unwrap_or_default();
        let reason = format!(
            "{} was there for {} of {} {when}{}; expected at least {}",
            shown(&self.of, &self.fields),
            percent(share),
            elapsed(Duration(length)),
            if longest == Duration::ZERO {
                String::new()
            } else {
                format!(", and missing for {} at a time at the most", elapsed(longest))
            },
            self.at_least,
        );
        let figure = Figure::new("availability", share);
        if share >= self.at_least {
            return Finding::pass(reason).measuring([figure]);
        }
        let resting: Vec<_> = if share_of(at_best, length) < self.at_least { missed } else { unheard };
        let finding = Finding::fail_by_absence(reason)
            .showing(resting.iter().filter_map(|(_, _, before)| *before))
            .measuring([figure]);
        resting.iter().fold(finding, |finding, (from, to, _)| finding.resting_on(heard.clone(), *from, *to))
    }

    /// Adds what is to be said of one stretch.
    fn look(&self, piece: &Stretch, timeline: &Timeline<'_>, out: &mut Presence) {
        // A sighting before it still counts for its time.
        let seen = timeline
            .signals(&self.of, 0..piece.end)
            .filter(|s| s.event.at + self.every >= piece.from && self.fields.holds(s.fields));
        let mut there_until = piece.from;
        let mut before = None;
        let mut cursor = piece.from;
        for sighting in seen.map(Some).chain(std::iter::once(None)) {
            // A timeline whose time goes back is refused elsewhere; here it must only not get the better of us.
            let at = sighting.map_or(piece.to, |s| s.event.at).min(piece.to).max(cursor);
            let covered = there_until.max(cursor).min(at);
            out.there += (covered - cursor).0;
            if covered < at {
                out.missing.push((covered, at, before));
            }
            cursor = at;
            if let Some(sighting) = sighting {
                there_until = (sighting.event.at + self.every).min(piece.to);
                before = Some(sighting.event.n);
            }
        }
    }
}

/// A part of a whole, cut off behind the millionths.
fn share_of(part: u64, whole: u64) -> Share {
    let millionths = u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    Share(i64::try_from(millionths).unwrap_or(1_000_000).min(1_000_000))
}
