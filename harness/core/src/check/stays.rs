//! `stays: {signal: control, where: {mode: safe}, through: sensor_nack}`: once so, it remains so.

use super::condition::{Where, shown};
use super::stretch::Stretch;
use super::{Asked, CheckKind, SignalMark, Timeline, elapsed, times, unless_open};
use crate::event::Phase;
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::{Finding, Heard};

crate::record! {
    /// Once a signal shows these values it shows no others: until the end of the method, or, `through` a kind of fault,
    /// from each of its injections until that fault is undone.
    ///
    /// A signal that is shown only when it changes stays as it was last seen. A value that is never reached leaves it
    /// open: say with `seen`, `degrades_to` or `returns_to` that it must be.
    ///
    /// `stays: {signal: control, where: {mode: safe}, through: sensor_nack}`
    pub struct Stays {
        /// Which signal.
        signal: Signal = "signal",
        /// What its named groups catch once it is so.
        fields: Where = "where" (NotEmpty),
        /// The kind of fault through which it stays so; until the end of the method if left out.
        through: Option<String> = "through" (FaultKind) optional,
    }
}

/// What became of it in one stretch.
enum Course<'a> {
    /// It was never so, or only in the last moment.
    Open,
    Stayed {
        reached: SignalMark<'a>,
        after: u64,
        until: Stretch,
    },
    Left {
        reached: SignalMark<'a>,
        left: SignalMark<'a>,
        broken: String,
    },
}

impl CheckKind for Stays {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(kind) = &self.through else {
            return match timeline.phase(Phase::Method) {
                Some(method) => self.over(&[timeline.observed_from(method)], timeline),
                None => Finding::inconclusive("the method never began, so there was nothing to watch"),
            };
        };
        let faults = timeline.faults();
        let lasting: Vec<_> =
            faults.iter().filter(|f| f.kind == *kind).filter_map(|f| f.lasting(*timeline)).collect();
        if lasting.is_empty() {
            return Finding::inconclusive(format!("no `{kind}` was ever seen to bite"));
        }
        self.over(&lasting, timeline)
    }

    /// What is to be reached may be reached only under a fault; if it is reached all the same, it has to stay.
    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        let method = timeline.phase(Phase::Method)?;
        unless_open(self.over(&[timeline.observed_from(method)], timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.signal, at: &["where"] }]
    }
}

impl Stays {
    fn over(&self, stretches: &[Stretch], timeline: &Timeline<'_>) -> Finding {
        let what = shown(&self.signal, &self.fields);
        let (mut stayed, mut left) = (Vec::new(), Vec::new());
        for stretch in stretches {
            match self.course(stretch, timeline) {
                Course::Open => {}
                Course::Stayed { reached, after, until } => stayed.push((reached, after, until)),
                Course::Left { reached, left: at, broken } => left.push((reached, at, broken)),
            }
        }
        if let Some((reached, at, broken)) = left.first() {
            return Finding::fail(format!(
                "{what} was seen at {}, but {} later it showed {broken}",
                reached.event.at,
                elapsed(at.event.at - reached.event.at),
            ))
            .showing(left.iter().flat_map(|(reached, at, _)| [reached.event.n, at.event.n]));
        }
        let Some((first, ..)) = stayed.first() else {
            return Finding::inconclusive(format!("{what} was never seen, so there was nothing to stay"));
        };
        let after = stayed.iter().map(|(_, after, _)| *after).fold(0, u64::saturating_add);
        let finding = Finding::pass(format!(
            "{what} was seen at {}, {} more after that, and nothing else in {}",
            first.event.at,
            times(after),
            elapsed(Duration(
                stayed
                    .iter()
                    .map(|(reached, _, until)| (until.to - reached.event.at).0)
                    .fold(0, u64::saturating_add)
            )),
        ))
        .showing(stayed.iter().map(|(reached, ..)| reached.event.n));
        stayed.iter().fold(finding, |finding, (reached, _, until)| {
            finding.resting_on(Heard::Signal(self.signal.clone()), reached.event.at, until.to)
        })
    }

    fn course<'a>(&self, stretch: &Stretch, timeline: &Timeline<'a>) -> Course<'a> {
        let mut seen = timeline.signals(&self.signal, stretch.places());
        let Some(reached) = seen.by_ref().find(|s| self.fields.holds(s.fields)) else { return Course::Open };
        let mut after = 0;
        for sighting in seen {
            if let Some(broken) = self.fields.broken(sighting.fields) {
                return Course::Left { reached, left: sighting, broken };
            }
            after += 1;
        }
        if reached.event.at >= stretch.to {
            Course::Open
        } else {
            Course::Stayed { reached, after, until: *stretch }
        }
    }
}
