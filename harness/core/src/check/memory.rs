//! `memory: {at: TARGET_TENTHS, is: 205}`: a variable of the firmware, read through the probe.

use super::{CheckKind, Sample, Timeline, times};
use crate::board_file::Word;
use crate::event::{Event, EventNo, Phase, What};
use crate::location::Location;
use crate::port::Port;
use crate::time::Duration;
use crate::verdict::Finding;
use serde::{Deserialize, Serialize};

crate::record! {
    /// A variable of the firmware has a value, or one of a range, when it is read through the probe while the firmware
    /// runs: at the end of the method, or each time it is read from the beginning of the method on.
    ///
    /// It is an unsigned number of the variable's size (1, 2 or 4 bytes; of a larger one its first 4). It is not read
    /// while the device is without power or the probe is away; if it could not be read when it should have been, the
    /// check is inconclusive.
    ///
    /// `memory: {at: TARGET_TENTHS, from: 50, to: 350, when: always, every: 500ms}`
    pub struct MemoryHolds {
        /// Where: a symbol of the firmware, or an address.
        at: Location = "at",
        /// The value.
        is: Option<Word> = "is" optional,
        /// Or the least value.
        from: Option<Word> = "from" optional,
        /// Or the greatest one.
        to: Option<Word> = "to" optional,
        /// When.
        when: MemoryWhen = "when" or MemoryWhen::End,
        /// How often it is read, for `when: always`.
        every: Duration = "every" (Positive) or Duration::from_millis(500),
    }
}

/// When a variable must be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryWhen {
    /// When the method is over.
    End,
    /// Whenever it is read.
    Always,
}

crate::words!(MemoryWhen { End = "end", Always = "always" });

/// A reading: the event, and the value.
pub(super) type Reading<'a> = (&'a Event, u32);

/// The readings of a place between two places of the timeline.
pub(super) fn readings<'a>(
    of: &Location,
    timeline: &Timeline<'a>,
    places: std::ops::Range<usize>,
) -> Vec<Reading<'a>> {
    timeline
        .marks()
        .filter(|m| places.contains(&m.place))
        .filter_map(|m| match &m.event.what {
            What::Memory { name, value, .. } if name == of.as_str() => Some((m.event, *value)),
            _ => None,
        })
        .collect()
}

impl CheckKind for MemoryHolds {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(method) = timeline.phase(Phase::Method) else {
            return Finding::inconclusive("the method never began, so nothing was read");
        };
        let watched = timeline.observed_from(method);
        let all = readings(&self.at, timeline, watched.places());
        let at = &self.at;
        let judged = match self.when {
            MemoryWhen::Always => all,
            MemoryWhen::End => {
                // The last step's end is the method's; what was read before it is not what is there at the end.
                let stepped = timeline.marks().filter(|m| watched.places().contains(&m.place));
                let stepped = stepped.filter(|m| matches!(m.event.what, What::StepEnded { .. })).last();
                let after = stepped.map_or(EventNo(0), |m| m.event.n);
                all.into_iter().rfind(|(event, _)| event.n > after).into_iter().collect()
            }
        };
        let wrong: Vec<_> = judged.iter().filter(|(_, value)| !self.holds(*value)).collect();
        if let Some((event, value)) = wrong.first() {
            let of_all = match self.when {
                MemoryWhen::End => String::new(),
                MemoryWhen::Always => format!(" ({} of {} readings were wrong)", wrong.len(), judged.len()),
            };
            return Finding::fail(format!(
                "`{at}` held {value} at {}; expected {}{of_all}",
                event.at,
                self.expected()
            ))
            .showing(wrong.iter().map(|(event, _)| event.n));
        }
        match (self.when, judged.last()) {
            (MemoryWhen::End, None) => {
                Finding::inconclusive(format!("`{at}` could not be read at the end of the method"))
            }
            (MemoryWhen::Always, None) => Finding::inconclusive(format!("`{at}` was never read")),
            (MemoryWhen::End, Some((event, value))) => {
                Finding::pass(format!("`{at}` held {value} at the end, as expected")).showing([event.n])
            }
            (MemoryWhen::Always, Some(_)) => {
                let values = judged.iter().map(|(_, value)| *value);
                let (least, most) = (values.clone().min().unwrap_or(0), values.max().unwrap_or(0));
                let range = if least == most { least.to_string() } else { format!("from {least} to {most}") };
                Finding::pass(format!(
                    "`{at}` was read {} and held {range}; expected {}",
                    times(judged.len() as u64),
                    self.expected()
                ))
            }
        }
    }

    /// What is there at the end may be the fault's doing; what is always so must be so undisturbed too.
    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        (self.when == MemoryWhen::Always).then(|| self.judge(timeline))
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Debug]
    }

    fn samples(&self) -> Option<Sample<'_>> {
        let every = (self.when == MemoryWhen::Always).then_some(self.every);
        Some(Sample { at: &self.at, every })
    }

    fn contradiction(&self) -> Option<&'static str> {
        match (self.is, self.from, self.to) {
            (None, None, None) => {
                Some("`memory` needs `is`, `from` or `to`: without them nothing could break it")
            }
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Some("`is` goes with neither `from` nor `to`"),
            (None, Some(from), Some(to)) if from > to => Some("`from` is greater than `to`"),
            _ => None,
        }
    }
}

impl MemoryHolds {
    fn holds(&self, value: u32) -> bool {
        let value = Word(value);
        self.is.is_none_or(|is| value == is)
            && self.from.is_none_or(|from| from <= value)
            && self.to.is_none_or(|to| value <= to)
    }

    fn expected(&self) -> String {
        match (self.is, self.from, self.to) {
            (Some(Word(is)), ..) => is.to_string(),
            (None, Some(Word(from)), Some(Word(to))) => format!("from {from} to {to}"),
            (None, Some(Word(from)), None) => format!("at least {from}"),
            (None, None, Some(Word(to))) => format!("at most {to}"),
            (None, None, None) => "anything".to_owned(),
        }
    }
}
