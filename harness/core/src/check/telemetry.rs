//! `telemetry: {lost: 0, duplicated: {at_most: 1}}`: what the device measured arrives, once, in order, in time.

use super::records::{AtMost, Record, TELEMETRY, records};
use super::{Asked, CheckKind, During, Timeline, elapsed};
use crate::event::EventNo;
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::{Figure, Finding, Heard};
use std::collections::BTreeMap;

crate::record! {
    /// Numbered records arrive. Lost are the numbers that are missing between the least and the greatest that came, and
    /// records whose number another one had before them: who removes duplicates loses these. Duplicated are those that
    /// came before with the same contents, and out of order those that came behind a greater number. Gives `records`,
    /// `lost`, `duplicated`, `out_of_order` and `latest`.
    ///
    /// The number of a record is the group `seq` of its signal. What is left out is not looked at. Where nothing came any
    /// more after the last fault was undone, nobody can tell what is lost.
    ///
    /// `telemetry: {lost: 0, duplicated: {at_most: 1}, out_of_order: 0, late: {by: 30s}}`
    pub struct Telemetry {
        /// The signal that is a record.
        signal: Signal = "signal" or Signal::from(TELEMETRY),
        /// How many may be lost.
        lost: Option<AtMost> = "lost" optional,
        /// How many may come more than once, each time counted.
        duplicated: Option<AtMost> = "duplicated" optional,
        /// How many may come behind a greater number.
        out_of_order: Option<AtMost> = "out_of_order" optional,
        /// How many may come late.
        late: Option<Late> = "late" optional,
        /// When: from the steady state on (`all`) or in the method.
        during: During = "during" or During::All,
    }
}

crate::record! {
    /// Records that arrive later after they were taken than this, compared with the promptest of them: the device's clock
    /// need not be right, but it must not be set meanwhile.
    pub struct Late {
        /// How late a record is that counts.
        by: Duration = "by" (Positive),
        /// How many of them there may be.
        at_most: u64 = "at_most" or 0,
        /// The group that holds the device's own time of a record, in seconds since 1970.
        time: String = "time" or "t".to_owned(),
    }
}

/// What is to be said of the records of a run.
#[derive(Default)]
struct Tally {
    lost: u64,
    /// The first missing numbers, and the record behind each gap.
    gaps: Vec<(u64, u64, EventNo)>,
    /// Records whose number another one had.
    reused: Vec<EventNo>,
    duplicated: Vec<EventNo>,
    out_of_order: Vec<EventNo>,
}

impl Tally {
    fn of(records: &[Record<'_>]) -> Self {
        let mut tally = Self::default();
        let mut first: BTreeMap<u64, &Record<'_>> = BTreeMap::new();
        let mut greatest = None;
        for record in records {
            match first.get(&record.seq) {
                Some(before) if before.fields == record.fields => tally.duplicated.push(record.event),
                Some(_) => tally.reused.push(record.event),
                None => {
                    if greatest.is_some_and(|greatest| greatest > record.seq) {
                        tally.out_of_order.push(record.event);
                    }
                    first.insert(record.seq, record);
                }
            }
            greatest = greatest.max(Some(record.seq));
        }
        for ((before, _), (seq, record)) in first.iter().zip(first.iter().skip(1)) {
            let missing = seq - before - 1;
            if missing > 0 {
                tally.gaps.push((before + 1, seq - 1, record.event));
                tally.lost = tally.lost.saturating_add(missing);
            }
        }
        tally.lost = tally.lost.saturating_add(tally.reused.len() as u64);
        tally
    }

    /// `` 17 (number 12 to 28) ``, `3 (numbers used twice)`.
    fn lost_text(&self) -> String {
        let which = match (self.gaps.first(), self.reused.is_empty()) {
            (Some((from, to, _)), _) if from == to => format!(" (number {from} first)"),
            (Some((from, to, _)), _) => format!(" (numbers {from} to {to} first)"),
            (None, false) => " (a number was used twice)".to_owned(),
            (None, true) => String::new(),
        };
        format!("{} lost{which}", self.lost)
    }
}

impl CheckKind for Telemetry {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let stretches = match self.during.stretches(timeline) {
            Ok(stretches) => stretches,
            Err(why) => return Finding::inconclusive(why),
        };
        let Some(watched) = stretches.first() else {
            return Finding::inconclusive("there was no time to watch in");
        };
        let records = match records(&self.signal, timeline, watched.places()) {
            Ok(records) => records,
            Err(unreadable) => return unreadable,
        };
        let over = timeline.faults().iter().filter_map(|fault| fault.let_go()).max_by_key(|m| m.place);
        let fresh = |place: usize| records.iter().any(|record| record.place > place);
        match over {
            _ if records.len() < 2 => {
                return Finding::inconclusive(format!(
                    "{} of `{}` came, and a gap is between two",
                    if records.is_empty() { "nothing" } else { "one record" },
                    self.signal
                ))
                .showing(records.iter().map(|record| record.event));
            }
            Some(over) if !fresh(over.place) => {
                return Finding::inconclusive(format!(
                    "no `{}` came after the last fault was over at {}, so nobody can tell what is lost",
                    self.signal, over.event.at
                ))
                .showing([over.event.n]);
            }
            _ => {}
        }
        self.weigh(&records, &Tally::of(&records)).resting_on(
            Heard::Signal(self.signal.clone()),
            watched.from,
            watched.to,
        )
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        super::unless_open(self.judge(timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked { signal: &self.signal, at: &["late", "time"] }]
    }

    fn numbered(&self) -> Option<&Signal> {
        Some(&self.signal)
    }

    fn contradiction(&self) -> Option<&'static str> {
        let asked = [self.lost, self.duplicated, self.out_of_order].iter().any(Option::is_some);
        if self.during == During::Fault {
            return Some(
                "what a fault keeps back comes after it; `telemetry` looks at the `method`, or at `all`",
            );
        }
        (!asked && self.late.is_none())
            .then_some("`telemetry` is to say how many may be lost, duplicated, out of order or late")
    }
}

impl Telemetry {
    fn weigh(&self, records: &[Record<'_>], tally: &Tally) -> Finding {
        let lateness = self.late.as_ref().map(|late| lateness(records, late));
        let late = lateness.as_ref().map_or(&[][..], |(late, _)| late);
        let count = |events: &[EventNo]| events.len() as u64;
        let mut figures = vec![
            Figure::new("records", records.len() as u64),
            Figure::new("lost", tally.lost),
            Figure::new("duplicated", count(&tally.duplicated)),
            Figure::new("out_of_order", count(&tally.out_of_order)),
        ];
        figures.extend(lateness.as_ref().map(|(_, latest)| Figure::new("latest", *latest)));
        let told: [(Option<u64>, u64, String, Vec<EventNo>); 4] = [
            (
                self.duplicated.map(|most| most.0),
                count(&tally.duplicated),
                format!("{} duplicated", tally.duplicated.len()),
                tally.duplicated.clone(),
            ),
            (
                self.out_of_order.map(|most| most.0),
                count(&tally.out_of_order),
                format!("{} out of order", tally.out_of_order.len()),
                tally.out_of_order.clone(),
            ),
            (
                self.late.as_ref().map(|late| late.at_most),
                count(late),
                match &lateness {
                    Some((_, latest)) => format!("{} late ({} at the most)", late.len(), elapsed(*latest)),
                    None => String::new(),
                },
                late.to_vec(),
            ),
            (
                self.lost.map(|most| most.0),
                tally.lost,
                tally.lost_text(),
                tally.gaps.iter().map(|(_, _, event)| *event).chain(tally.reused.clone()).collect(),
            ),
        ];
        let parts: Vec<_> = told
            .iter()
            .filter_map(|(most, _, text, _)| most.map(|most| format!("{text} (at most {most})")))
            .collect();
        let reason = format!("of {} records of `{}`: {}", records.len(), self.signal, parts.join(", "));
        let mut broken =
            told.iter().filter(|(most, seen, ..)| most.is_some_and(|most| *seen > most)).peekable();
        let Some((.., shown)) = broken.peek() else {
            return Finding::pass(reason).measuring(figures);
        };
        // What is lost may only not have come yet; the others are seen. It stands last.
        let seen = tally.reused.len() as u64 > self.lost.map_or(u64::MAX, |most| most.0);
        let only_lost = broken.clone().count() == 1 && self.lost.is_some_and(|most| tally.lost > most.0);
        let finding =
            if only_lost && !seen { Finding::fail_by_absence(reason) } else { Finding::fail(reason) };
        let events: Vec<_> = shown.clone();
        finding.showing(events).measuring(figures)
    }
}

/// The records that came too late, and how late the latest came.
fn lateness(records: &[Record<'_>], late: &Late) -> (Vec<EventNo>, Duration) {
    let taken: Vec<_> = records
        .iter()
        .filter_map(|record| Some((record.event, record.arrived() - record.own_time(&late.time)?)))
        .collect();
    let promptest = taken.iter().map(|(_, delay)| *delay).min().unwrap_or(0);
    let of =
        |delay: i128| Duration(u64::try_from((delay - promptest).saturating_mul(1_000)).unwrap_or(u64::MAX));
    let latest = taken.iter().map(|(_, delay)| of(*delay)).max().unwrap_or_default();
    (taken.iter().filter(|(_, delay)| of(*delay) > late.by).map(|(event, _)| *event).collect(), latest)
}
