//! `heap_and_boots_stable: {figure: {signal: status, field: free}, over: 20}`: nothing leaks, nothing restarts, however
//! often it is done.

use super::decimal::Decimal;
use super::memory::readings;
use super::{Asked, CheckKind, Sample, Timeline, quoted, times};
use crate::event::{EventNo, Phase};
use crate::location::Location;
use crate::names::Signal;
use crate::time::Duration;
use crate::trigger::BOOT;
use crate::verdict::{Figure, Finding, Heard};

crate::record! {
    /// A figure that leaks would eat up (free heap, free queue slots) does not shrink over many readings in the method,
    /// and the device boots no more often than is expected.
    ///
    /// The middle value (median) of the first third of the readings is compared with that of the last third, so that
    /// neither warming up nor a single reading decides. Gives `shrinks_by` (rounded up) and `boots`.
    ///
    /// `heap_and_boots_stable: {figure: {signal: status, field: free}, over: 20, shrinks_at_most: 64, boots_at_most: 5}`
    pub struct HeapAndBootsStable {
        /// What is read: a named group of a signal, or a variable of the firmware.
        figure: Gauge = "figure",
        /// How many readings there must be at least: one for each cycle.
        over: u64 = "over" (Positive),
        /// By how much the figure may shrink, in its own unit.
        shrinks_at_most: u64 = "shrinks_at_most" or 0,
        /// How often the device may boot in the method, those boots included that the scenario causes.
        boots_at_most: u64 = "boots_at_most" or 0,
        /// How often a variable is read.
        every: Duration = "every" (Positive) or Duration::from_secs(1),
    }
}

crate::record! {
    /// Where a figure is read: `{signal: status, field: free}`, or `{at: HEAP_FREE}`.
    pub struct Gauge {
        /// A signal.
        signal: Option<Signal> = "signal" optional,
        /// And which of its named groups.
        field: Option<String> = "field" optional,
        /// Or a variable of the firmware: a symbol, or an address.
        at: Option<Location> = "at" optional,
    }
}

/// A reading, in millionths of the figure's unit.
type Reading = (EventNo, i128);

impl CheckKind for HeapAndBootsStable {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(method) = timeline.phase(Phase::Method) else {
            return Finding::inconclusive("the method never began, so nothing was read");
        };
        let watched = timeline.observed_from(method);
        let boot = Signal::from(BOOT);
        let boots: Vec<_> = timeline.signals(&boot, watched.places()).map(|s| s.event.n).collect();
        let count = boots.len() as u64;
        let allowed = format!("expected at most {}", times(self.boots_at_most));
        let boots_figure = Figure::new("boots", count);
        if count > self.boots_at_most {
            return Finding::fail(format!("the device booted {} in the method; {allowed}", times(count)))
                .showing(boots)
                .measuring([boots_figure]);
        }
        let readings = match self.readings(timeline) {
            Ok(readings) => readings,
            Err(unreadable) => return unreadable,
        };
        let name = self.figure.name();
        let third = readings.len() / 3;
        if (readings.len() as u64) < self.over || third == 0 {
            return Finding::inconclusive(format!(
                "{name} was read only {} in the method; at least {} are needed",
                times(readings.len() as u64),
                self.over.max(3)
            ));
        }
        let (first, last) = (&readings[..third], &readings[readings.len() - third..]);
        let (before, after) = (median(first), median(last));
        let shrunk = before.saturating_sub(after);
        // Rounded up, so that what shrinks at all never shows as 0.
        let whole = u64::try_from(shrunk.max(0).saturating_add(999_999) / 1_000_000).unwrap_or(u64::MAX);
        let course = format!(
            "{name} went from {} to {} over {} readings",
            shown(before),
            shown(after),
            readings.len()
        );
        let expected = match self.shrinks_at_most {
            0 => "it may not shrink".to_owned(),
            most => format!("it may shrink by {most}"),
        };
        let finding = if shrunk > i128::from(self.shrinks_at_most).saturating_mul(1_000_000) {
            let ends = first.first().into_iter().chain(last.last());
            Finding::fail(format!("{course}; {expected}")).showing(ends.map(|(n, _)| *n))
        } else {
            Finding::pass(format!("{course}; {expected}; the device booted {}, {allowed}", times(count)))
        };
        finding.measuring([Figure::new("shrinks_by", whole), boots_figure]).resting_on(
            Heard::Signal(boot),
            watched.from,
            watched.to,
        )
    }

    /// The cycles may be those of the fault; then there is too little to read.
    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        super::unless_open(self.judge(timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        let asked = |signal| Asked { signal, at: &["figure", "field"] };
        self.figure.signal.as_ref().map(asked).into_iter().collect()
    }

    fn samples(&self) -> Option<Sample<'_>> {
        Some(Sample { at: self.figure.at.as_ref()?, every: Some(self.every) })
    }

    fn contradiction(&self) -> Option<&'static str> {
        let Gauge { signal, field, at } = &self.figure;
        match (signal, field, at) {
            (Some(_), Some(_), None) | (None, None, Some(_)) => None,
            _ => Some("`figure` is either `{signal: …, field: …}` or `{at: …}`"),
        }
    }
}

impl Gauge {
    fn name(&self) -> String {
        match (&self.signal, &self.field, &self.at) {
            (Some(signal), Some(field), _) => format!("`{field}` of `{signal}`"),
            (_, _, Some(at)) => format!("`{at}`"),
            _ => "the figure".to_owned(),
        }
    }
}

impl HeapAndBootsStable {
    /// All readings in the method; `Err` says what was no number.
    fn readings(&self, timeline: &Timeline<'_>) -> Result<Vec<Reading>, Finding> {
        let Some(method) = timeline.phase(Phase::Method) else { return Ok(Vec::new()) };
        let places = timeline.observed_from(method).places();
        match (&self.figure.signal, &self.figure.field, &self.figure.at) {
            (Some(signal), Some(field), _) => timeline
                .signals(signal, places)
                .map(|s| {
                    let text = s.fields.get(field).map_or("", String::as_str);
                    let value = Decimal::parse(text).and_then(Decimal::millionths);
                    value.map(|value| (s.event.n, value)).ok_or_else(|| {
                        Finding::inconclusive(format!(
                            "{} is no number: {}",
                            self.figure.name(),
                            quoted(text)
                        ))
                        .showing([s.event.n])
                    })
                })
                .collect(),
            (_, _, Some(at)) => {
                let of_all = readings(at, timeline, places);
                Ok(of_all
                    .into_iter()
                    .map(|(event, value)| (event.n, i128::from(value) * 1_000_000))
                    .collect())
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// The middle value; of an even number, the lower of the two in the middle.
fn median(readings: &[Reading]) -> i128 {
    let mut values: Vec<_> = readings.iter().map(|(_, value)| *value).collect();
    values.sort_unstable();
    values.len().checked_sub(1).and_then(|last| values.get(last / 2).copied()).unwrap_or(0)
}

/// Millionths as a number: `1024`, `0.5`.
fn shown(millionths: i128) -> String {
    let (size, sign) = (millionths.unsigned_abs(), if millionths < 0 { "-" } else { "" });
    let decimals = format!("{:06}", size % 1_000_000);
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{decimals}", size / 1_000_000)
}
