//! `offline_buffer: {while: blackout, holds_at_least: 1h, drops: oldest}`: what the device measures while it is alone is
//! kept for later, and what is given up first is what it should be.

use super::records::{Record, TELEMETRY, records};
use super::stretch::Stretch;
use super::{Asked, CheckKind, Timeline, elapsed};
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::{Figure, Finding, Heard, Verdict};
use serde::{Deserialize, Serialize};

crate::record! {
    /// Of the records that the device takes while a fault of a kind lasts, it delivers so many later: all of the last
    /// hour, or so many of them. Gives `held` (how many) and `held_for` for each fault.
    ///
    /// When a record was taken is told by the device's own time in it, compared with its promptest record; how often it
    /// takes one is told by those that came before the first fault. A fault that was shorter than what is to be held says
    /// nothing, nor does one in which nothing had to be dropped of what is dropped first.
    ///
    /// `offline_buffer: {while: blackout, holds_at_least: 1h, drops: oldest}`
    pub struct OfflineBuffer {
        /// The kind of fault that keeps the device from its cloud.
        fault: String = "while" (FaultKind),
        /// The signal that is a record.
        signal: Signal = "signal" or Signal::from(TELEMETRY),
        /// Of how long a time the records are held.
        holds_at_least: Option<Duration> = "holds_at_least" optional,
        /// How many records are held.
        records: Option<u64> = "records" optional,
        /// What is given up first when there is no room left.
        drops: Option<Drops> = "drops" optional,
        /// The group that holds the device's own time of a record, in seconds since 1970.
        time: String = "time" or "t".to_owned(),
    }
}

/// What a full buffer gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drops {
    /// What is oldest.
    Oldest,
    /// What is newest.
    Newest,
    /// Nothing: it must not become full.
    Nothing,
}

crate::words!(Drops { Oldest = "oldest", Newest = "newest", Nothing = "nothing" });

/// What came of the records that were taken while one fault lasted. All times in microseconds.
struct Held {
    /// How many came.
    count: u64,
    /// How long it lasted.
    outage: i128,
    /// How long at its beginning, at its end, and at most in between, nothing was taken of what came.
    lead: i128,
    tail: i128,
    inner: i128,
    /// What is between two records.
    period: i128,
}

impl Held {
    /// Whether so long a time without a record is one that misses some.
    const fn misses(&self, time: i128) -> bool {
        time > self.period * 5 / 2
    }

    fn length(&self) -> i128 {
        (i128::from(self.count) * self.period).min(self.outage)
    }

    /// What is missing, in words.
    fn missing(&self) -> String {
        let part = |time: i128, which: &str| {
            self.misses(time).then(|| format!("{} {which}", elapsed(microseconds(time))))
        };
        let parts = [
            part(self.lead, "at the beginning"),
            part(self.inner, "in the middle"),
            part(self.tail, "at the end"),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            "nothing is missing".to_owned()
        } else {
            format!("missing: {}", parts.join(", "))
        }
    }

    /// What was given up; `Err` where it is no one end.
    fn dropped(&self) -> Result<Drops, ()> {
        match (self.misses(self.lead), self.misses(self.inner), self.misses(self.tail)) {
            (false, false, false) => Ok(Drops::Nothing),
            (true, false, false) => Ok(Drops::Oldest),
            (false, false, true) => Ok(Drops::Newest),
            _ => Err(()),
        }
    }
}

fn microseconds(time: i128) -> Duration {
    Duration(u64::try_from(time.saturating_mul(1_000)).unwrap_or(u64::MAX))
}

impl CheckKind for OfflineBuffer {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let faults = timeline.faults();
        let of_kind = faults.iter().filter(|fault| fault.kind == self.fault);
        let lasting: Vec<_> =
            of_kind.filter_map(|f| f.lasting(*timeline).filter(|_| f.reverted.is_some())).collect();
        let Some(first) = lasting.first() else {
            return Finding::inconclusive(format!("no `{}` was seen to bite and undone again", self.fault));
        };
        let all = match records(&self.signal, timeline, 0..timeline.observed_to()) {
            Ok(all) => all,
            Err(unreadable) => return unreadable,
        };
        let Some(period) = period(&all, first.begin) else {
            return Finding::inconclusive(format!(
                "fewer than 4 records of `{}` came before the first fault, so nobody can tell how often one is taken",
                self.signal
            ));
        };
        let taken: Vec<_> = all.iter().filter_map(|r| Some((r, r.own_time(&self.time)?))).collect();
        let Some(promptest) = taken.iter().map(|(r, own)| r.arrived() - own).min() else {
            return Finding::inconclusive(format!(
                "no `{}` tells its time in the group `{}`",
                self.signal, self.time
            ));
        };
        // The device's own times on the axis of the run.
        let taken: Vec<_> = taken.into_iter().map(|(r, own)| (*r, own + promptest)).collect();
        let findings: Vec<_> = lasting
            .iter()
            .map(|outage| {
                let finding = self.one(outage, &taken, period);
                finding.resting_on(Heard::Signal(self.signal.clone()), outage.to, timeline.observed_until())
            })
            .collect();
        // The gravest speaks for all; of passes, the one in which least was held.
        let figures: Vec<_> = findings.iter().flat_map(|finding| finding.figures.clone()).collect();
        let worst = |finding: &Finding| {
            (finding.verdict, std::cmp::Reverse(finding.figures.first().map(|f| f.value)))
        };
        match findings.into_iter().max_by_key(worst) {
            Some(finding) => Finding { figures, ..finding },
            None => Finding::inconclusive("there was no fault to be offline in"),
        }
    }

    fn in_control(&self, _: &Timeline<'_>) -> Option<Finding> {
        None
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.signal, at: &["time"] }]
    }

    fn numbered(&self) -> Option<&Signal> {
        Some(&self.signal)
    }

    fn contradiction(&self) -> Option<&'static str> {
        let asked = self.holds_at_least.is_some() || self.records.is_some() || self.drops.is_some();
        (!asked).then_some("`offline_buffer` is to say how much is held at least, or what is dropped first")
    }
}

/// How often the device takes a record: the middle one (median) of the times between those before a place.
fn period(all: &[Record<'_>], before: usize) -> Option<i128> {
    let arrived: Vec<_> = all.iter().filter(|r| r.place < before).map(Record::arrived).collect();
    let mut between: Vec<_> = arrived.iter().zip(arrived.iter().skip(1)).map(|(a, b)| b - a).collect();
    between.sort_unstable();
    let middle = between.get(between.len() / 2).copied()?;
    (between.len() >= 3 && middle > 0).then_some(middle)
}

impl OfflineBuffer {
    /// What is to be said of one fault. `taken` is what came, with the time at which it was taken.
    fn one(&self, outage: &Stretch, taken: &[(Record<'_>, i128)], period: i128) -> Finding {
        let (from, to) = (i128::from(outage.from.0 / 1_000), i128::from(outage.to.0 / 1_000));
        let length = elapsed(outage.length());
        let mut inside: Vec<_> = taken
            .iter()
            .filter(|(r, at)| r.place > outage.begin && from < *at && *at < to)
            .map(|(r, at)| (*at, r.seq, r.event))
            .collect();
        inside.sort_unstable();
        inside.dedup_by_key(|(_, seq, _)| *seq);
        // Whoever is still sending what it kept may have more.
        if !taken.iter().any(|(r, at)| r.place >= outage.end && *at >= to) {
            return Finding::inconclusive(format!(
                "no `{}` that was taken after `{}` came, so nobody can tell what is still to come",
                self.signal, self.fault
            ));
        }
        let (Some(oldest), Some(newest)) = (inside.first(), inside.last()) else {
            return Finding::fail_by_absence(format!(
                "nothing came of what was taken in {length} of `{}`; {}",
                self.fault,
                self.expected()
            ));
        };
        let gaps = inside.iter().zip(inside.iter().skip(1)).map(|((a, ..), (b, ..))| b - a);
        let held = Held {
            count: inside.len() as u64,
            outage: to - from,
            lead: oldest.0 - from,
            tail: to - newest.0,
            inner: gaps.max().unwrap_or(0),
            period,
        };
        let of = format!(
            "{} records of a `{}` of {length} came, {} of it; {}; {}",
            held.count,
            self.fault,
            elapsed(microseconds(held.length())),
            held.missing(),
            self.expected()
        );
        let finding = match self.weigh(&held) {
            (Verdict::Pass, _) => Finding::pass(of),
            (Verdict::Fail, _) => Finding::fail_by_absence(of),
            (Verdict::Inconclusive, why) => Finding::inconclusive(format!("{of}; {why}")),
        };
        finding.showing([oldest.2, newest.2]).measuring([
            Figure::new("held", held.count),
            Figure::new("held_for", microseconds(held.length())),
        ])
    }

    fn weigh(&self, held: &Held) -> (Verdict, &'static str) {
        let nothing_missing = held.dropped() == Ok(Drops::Nothing);
        let mut verdicts = Vec::new();
        if let Some(time) = self.holds_at_least {
            let wanted = i128::from(time.0 / 1_000);
            // The first record is taken some time after the fault struck, and the last some time before it was undone.
            verdicts.push(if held.length() + 2 * held.period >= wanted {
                (Verdict::Pass, "")
            } else if nothing_missing {
                (Verdict::Inconclusive, "the fault did not last that long")
            } else {
                (Verdict::Fail, "")
            });
        }
        if let Some(records) = self.records {
            verdicts.push(if held.count >= records {
                (Verdict::Pass, "")
            } else if nothing_missing {
                (Verdict::Inconclusive, "no more were taken")
            } else {
                (Verdict::Fail, "")
            });
        }
        if let Some(drops) = self.drops {
            verdicts.push(match held.dropped() {
                Ok(dropped) if dropped == drops => (Verdict::Pass, ""),
                Ok(Drops::Nothing) => {
                    (Verdict::Inconclusive, "the fault did not last until something was dropped")
                }
                _ => (Verdict::Fail, ""),
            });
        }
        verdicts.into_iter().max_by_key(|(verdict, _)| *verdict).unwrap_or((Verdict::Pass, ""))
    }

    fn expected(&self) -> String {
        let time = self.holds_at_least.map(|time| format!("at least {time}"));
        let records = self.records.map(|records| format!("at least {records} records"));
        let drops = self.drops.map(|drops| match drops {
            Drops::Oldest => "the oldest dropped".to_owned(),
            Drops::Newest => "the newest dropped".to_owned(),
            Drops::Nothing => "nothing dropped".to_owned(),
        });
        let parts: Vec<_> = [time, records, drops].into_iter().flatten().collect();
        format!("expected {}", parts.join(", "))
    }
}
