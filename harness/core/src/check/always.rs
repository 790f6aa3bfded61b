//! `always: {signal: control, at_least: 1/s}`: the device goes on with what it is there for, whatever happens.

use super::condition::{Where, shown};
use super::own_doing::{Exceptions, unheard};
use super::stretch::Stretch;
use super::{Asked, CheckKind, SignalMark, Timeline, elapsed, times};
use crate::event::{EventNo, Phase};
use crate::names::Signal;
use crate::step::Rate;
use crate::time::{Duration, Instant};
use crate::verdict::{Finding, Heard};
use serde::{Deserialize, Serialize};

crate::record! {
    /// A signal keeps its rate, and each time it is seen its groups show what they should. At a rate of 2/s no two
    /// sightings in a row, and neither the beginning nor the end, are further apart than lets two fall in each second.
    ///
    /// Time in which we ourselves keep the device from it counts like any other, because a user's device loses its power
    /// too; `except` leaves it out: `booting` (we took its power or reset it, until its next boot), `halted` (we held its
    /// core), `unheard` (we pulled the cable by which the signal comes; otherwise the check is inconclusive there).
    ///
    /// `always: {signal: control, at_least: 1/s, where: {temp: {from: 5, to: 35}}, except: booting}`
    pub struct Always {
        /// Which signal.
        signal: Signal = "signal",
        /// How often at least. Without it only the values are looked at.
        at_least: Option<Rate> = "at_least" optional,
        /// What its named groups must have caught each time.
        fields: Where = "where" or Where::default(),
        /// When: in the whole method, while faults last, or in the steady state and the method.
        during: During = "during" or During::Method,
        /// What to leave out.
        except: Exceptions = "except" or Exceptions::default(),
    }
}

/// When something must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum During {
    /// In the method.
    Method,
    /// While faults last that were seen to bite.
    Fault,
    /// From the steady state to the end of the method.
    All,
}

crate::words!(During { Method = "method", Fault = "fault", All = "all" });

impl During {
    /// Where that is; `Err` says why there is no such place.
    pub(super) fn stretches(self, timeline: &Timeline<'_>) -> Result<Vec<Stretch>, &'static str> {
        let phase = match self {
            Self::Fault => {
                let all: Vec<_> = timeline.faults().iter().filter_map(|f| f.lasting(*timeline)).collect();
                return if all.is_empty() { Err("no fault was ever seen to bite") } else { Ok(all) };
            }
            Self::Method => timeline.phase(Phase::Method).ok_or("the method never began")?,
            Self::All => timeline
                .phase(Phase::Steady)
                .ok_or("the device was never brought to a known state to be watched in")?,
        };
        Ok(vec![timeline.observed_from(phase)])
    }
}

/// A stretch in which the signal was not seen often enough.
struct Gap {
    from: Instant,
    to: Instant,
    /// The sightings at its ends, where there are any.
    shown: Vec<EventNo>,
}

impl CheckKind for Always {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        self.judge_during(self.during, timeline)
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        // Where no fault lasts, the whole method must be like this.
        let during = if self.during == During::Fault { During::Method } else { self.during };
        Some(self.judge_during(during, timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.signal, at: &["where"] }]
    }

    fn contradiction(&self) -> Option<&'static str> {
        let asks_for_rate = self.at_least.is_some_and(|rate| rate.count > 0);
        (!asks_for_rate && self.fields.is_empty())
            .then_some("`always` needs `at_least`, `where`, or both: without them nothing could break it")
    }
}

impl Always {
    fn judge_during(&self, during: During, timeline: &Timeline<'_>) -> Finding {
        let whole = match during.stretches(timeline) {
            Ok(whole) => whole,
            Err(why) => return Finding::inconclusive(format!("there was nothing to watch: {why}")),
        };
        let left_out = self.except.of(&self.signal, timeline);
        let pieces: Vec<_> = whole.iter().flat_map(|w| w.without(&left_out)).collect();
        let watched = Duration(pieces.iter().map(|p| p.length().0).fold(0, u64::saturating_add));
        if watched == Duration::ZERO {
            return Finding::inconclusive("all of the time was left out, so nothing is left to watch");
        }
        let seen: Vec<_> = pieces.iter().flat_map(|p| timeline.signals(&self.signal, p.places())).collect();
        let heard = || Heard::Signal(self.signal.clone());
        if let Some(finding) = self.wrong(&seen) {
            return finding;
        }
        let mut gaps: Vec<_> = pieces.iter().flat_map(|piece| self.gaps(piece, timeline)).collect();
        // One that we could not see would hide one that we could.
        let deaf = unheard(&heard(), timeline);
        gaps.sort_by_key(|gap| deaf.iter().any(|d| d.overlaps(gap.from, gap.to)));
        if let (Some(gap), Some(rate)) = (gaps.first(), self.at_least) {
            let more = match gaps.len() {
                1 => String::new(),
                n => format!(", the first of {n} such gaps"),
            };
            return Finding::fail_by_absence(format!(
                "`{}` did not keep {rate}: {} from {} to {}{more}",
                self.signal,
                within_gap(rate, gap.to - gap.from),
                gap.from,
                gap.to,
            ))
            .showing(gap.shown.iter().copied())
            .resting_on(heard(), gap.from, gap.to);
        }
        if seen.is_empty() {
            return Finding::inconclusive(format!(
                "`{}` was never seen in {}, so there was nothing to compare",
                self.signal,
                elapsed(watched)
            ));
        }
        let rate = self.at_least.map(|rate| format!(", never slower than {rate}")).unwrap_or_default();
        let left = Duration(
            whole.iter().map(|w| w.length().0).fold(0, u64::saturating_add).saturating_sub(watched.0),
        );
        let left =
            if left == Duration::ZERO { String::new() } else { format!("; {} left out", elapsed(left)) };
        let finding = Finding::pass(format!(
            "{} was seen {} in {}{rate}{left}",
            shown(&self.signal, &self.fields),
            times(seen.len() as u64),
            elapsed(watched),
        ));
        pieces.iter().fold(finding, |finding, p| finding.resting_on(heard(), p.from, p.to))
    }

    /// A fail if any sighting shows what it should not.
    fn wrong(&self, seen: &[SignalMark<'_>]) -> Option<Finding> {
        let wrong: Vec<_> =
            seen.iter().filter_map(|s| Some((s.event, self.fields.broken(s.fields)?))).collect();
        let (first, broken) = wrong.first()?;
        Some(
            Finding::fail(format!(
                "`{}` showed {broken} at {}; expected {} ({} of {} sightings were wrong)",
                self.signal,
                first.at,
                self.fields.text(),
                wrong.len(),
                seen.len(),
            ))
            .showing(wrong.iter().map(|(event, _)| event.n)),
        )
    }

    /// Where too few sightings fall into the time of the rate. The ends of the piece stand for sightings.
    fn gaps(&self, piece: &Stretch, timeline: &Timeline<'_>) -> Vec<Gap> {
        let Some(rate) = self.at_least.filter(|rate| rate.count > 0) else { return Vec::new() };
        let seen: Vec<_> = timeline.signals(&self.signal, piece.places()).map(|s| s.event).collect();
        let all: Vec<(Instant, Option<EventNo>)> = std::iter::once((piece.from, None))
            .chain(seen.iter().map(|event| (event.at, Some(event.n))))
            .chain(std::iter::once((piece.to, None)))
            .collect();
        let width = rate.count as usize;
        // A piece with fewer sightings than that is one gap, if it is long enough to hold them.
        let last = all.len() - 1;
        let mut gaps: Vec<Gap> = Vec::new();
        for from in 0..last {
            let to = (from + width).min(last);
            let ((begin, first), (end, second)) = (all[from], all[to]);
            let too_long = end - begin > rate.per;
            let apart = gaps.last().is_none_or(|gap| gap.to <= begin);
            if too_long && apart {
                gaps.push(Gap { from: begin, to: end, shown: first.into_iter().chain(second).collect() });
            }
        }
        gaps
    }
}

/// What was missing in a gap of a length.
fn within_gap(rate: Rate, length: Duration) -> String {
    // So that a reader never meets a gap of 1.000s where 1s was allowed.
    let length = if elapsed(length) == elapsed(rate.per) { length.to_string() } else { elapsed(length) };
    match rate.count {
        0 | 1 => format!("it was not seen for {length}"),
        count => format!("fewer than {count} were seen in {length}"),
    }
}
