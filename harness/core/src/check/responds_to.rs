//! `responds_to: {command: remote, valid: false}`: what makes sense is answered, what makes none is refused and not done.

use super::decimal::same_value;
use super::{Asked, CheckKind, Mark, Timeline, elapsed, quoted, times};
use crate::event::{EventNo, Phase, What};
use crate::names::{Command, Signal};
use crate::time::Duration;
use crate::verdict::{Figure, Finding, Heard};

crate::record! {
    /// Each time that a command is sent in the method, the device answers in time: a valid one it does, an invalid one it
    /// refuses. Gives `time_to_answer` for each.
    ///
    /// An invalid one must not be obeyed, whatever the device says: where `shows` names a signal and a group of it, the
    /// value there stays what it was before, up to the next thing that the device is asked for. A device that says nothing
    /// to nonsense has refused it if `may_ignore` says so.
    ///
    /// A command that a fault or the loss of power cut short does not count.
    ///
    /// `responds_to: {command: remote, valid: false, shows: {signal: control, field: target}}`
    pub struct RespondsTo {
        /// Which command of the board file.
        command: Command = "command",
        /// Whether it is one that the device is to obey.
        valid: bool = "valid" or true,
        /// How long the answer may take.
        within: Duration = "within" (Positive) or Duration::from_secs(5),
        /// Whether an invalid one may go unanswered.
        may_ignore: bool = "may_ignore" or false,
        /// What it would change.
        shows: Option<Shows> = "shows" optional,
    }
}

crate::record! {
    /// Where a device shows what a command changes.
    pub struct Shows {
        /// A signal.
        signal: Signal = "signal",
        /// One of its named groups.
        field: String = "field",
    }
}

/// What became of one sending.
enum Answer {
    Done(EventNo, Duration),
    Refused(EventNo, Duration),
    None,
    /// Nobody can tell: it was cut short, or the run ended.
    Open,
}

impl CheckKind for RespondsTo {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let Some(method) = timeline.phase(Phase::Method) else {
            return Finding::inconclusive("the method never began, so nothing was sent in it");
        };
        let inside = timeline.observed_from(method);
        let sent: Vec<_> = timeline
            .marks()
            .filter(|mark| inside.places().contains(&mark.place))
            .filter(|mark| matches!(&mark.event.what, What::Sent { command, .. } if *command == self.command))
            .collect();
        if sent.is_empty() {
            return Finding::inconclusive(format!("`{}` was never sent in the method", self.command));
        }
        self.of_all(&sent, timeline)
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        super::unless_open(self.judge(timeline))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        let shows = self.shows.iter();
        shows.map(|shows| Asked { signal: &shows.signal, at: &["shows", "field"] }).collect()
    }

    fn contradiction(&self) -> Option<&'static str> {
        match self.valid {
            true if self.may_ignore => {
                Some("`may_ignore` is for an invalid command; a valid one is answered")
            }
            true if self.shows.is_some() => {
                Some("`shows` is for an invalid command, which must change nothing")
            }
            _ => None,
        }
    }
}

impl RespondsTo {
    fn of_all(&self, sent: &[Mark<'_>], timeline: &Timeline<'_>) -> Finding {
        let (mut good, mut open) = (0_u64, 0_u64);
        let mut shown = Vec::new();
        let mut figures = Vec::new();
        let mut unanswered: Vec<Mark<'_>> = Vec::new();
        for mark in sent {
            let end = asked_next(mark, timeline);
            if let Some(finding) = self.obeyed(mark, end, timeline) {
                return finding;
            }
            match self.answer(mark, end, timeline) {
                Answer::Done(event, _) if !self.valid => {
                    return Finding::fail(format!(
                        "the device said that it did `{}`, sent at {}, which is invalid",
                        self.command, mark.event.at
                    ))
                    .showing([mark.event.n, event]);
                }
                Answer::Refused(event, _) if self.valid => {
                    return Finding::fail(format!(
                        "the device refused `{}`, sent at {}, which is valid",
                        self.command, mark.event.at
                    ))
                    .showing([mark.event.n, event]);
                }
                Answer::Done(event, took) | Answer::Refused(event, took) => {
                    figures.push(Figure::new("time_to_answer", took));
                    shown.extend([mark.event.n, event]);
                    if took > self.within {
                        return Finding::fail(format!(
                            "`{}` was answered only after {}; expected within {}",
                            self.command,
                            elapsed(took),
                            self.within
                        ))
                        .showing([mark.event.n, event])
                        .measuring(figures);
                    }
                    good += 1;
                }
                Answer::None if self.may_ignore => good += 1,
                Answer::None => unanswered.push(*mark),
                Answer::Open => open += 1,
            }
        }
        let expected = if self.valid { "answered" } else { "refused" };
        if let Some(first) = unanswered.first() {
            let finding = Finding::fail_by_absence(format!(
                "`{}`, sent at {}, was not {expected} within {} ({good} of {} were)",
                self.command,
                first.event.at,
                self.within,
                sent.len()
            ));
            let by_console = unanswered.iter().filter(|_| timeline.is_answered_on_console(&self.command));
            return by_console
                .fold(finding, |f, m| f.resting_on(Heard::Console, m.event.at, m.event.at + self.within))
                .showing(unanswered.iter().map(|m| m.event.n))
                .measuring(figures);
        }
        if good == 0 {
            return Finding::inconclusive(format!(
                "`{}` was sent {}, and cut short before {} was over",
                self.command,
                times(sent.len() as u64),
                self.within
            ))
            .showing(sent.iter().map(|m| m.event.n));
        }
        let cut = if open == 0 { String::new() } else { format!("; {open} cut short") };
        let obeyed = match &self.shows {
            Some(shows) => format!(" and changed nothing in `{}` of `{}`", shows.field, shows.signal),
            None => String::new(),
        };
        Finding::pass(format!("`{}` was {expected} {}{obeyed}{cut}", self.command, times(good)))
            .showing(shown)
            .measuring(figures)
    }

    /// What the device said to one sending, up to the place at which it was asked for something else.
    fn answer(&self, sent: &Mark<'_>, end: usize, timeline: &Timeline<'_>) -> Answer {
        let behind = || timeline.marks().take(end).skip(sent.place + 1);
        for mark in behind() {
            let took = mark.event.at - sent.event.at;
            match &mark.event.what {
                What::Answered { command, .. } if *command == self.command => {
                    return Answer::Done(mark.event.n, took);
                }
                What::SettingAcknowledged { .. } | What::SettingRead { .. } => {
                    return Answer::Done(mark.event.n, took);
                }
                What::Refused { command, .. } if *command == self.command => {
                    return Answer::Refused(mark.event.n, took);
                }
                What::Injected { .. } | What::Rail { on: false, .. } => return Answer::Open,
                _ if took >= self.within => return Answer::None,
                _ => {}
            }
        }
        let until = timeline.events().get(end).map_or_else(|| timeline.observed_until(), |event| event.at);
        if until >= sent.event.at + self.within { Answer::None } else { Answer::Open }
    }

    /// A fail if what an invalid command would change did change.
    fn obeyed(&self, sent: &Mark<'_>, end: usize, timeline: &Timeline<'_>) -> Option<Finding> {
        let shows = self.shows.as_ref().filter(|_| !self.valid)?;
        let value = |s: &super::SignalMark<'_>| s.fields.get(&shows.field).cloned();
        let before = timeline.signals(&shows.signal, 0..sent.place).filter_map(|s| value(&s)).last()?;
        let changed = timeline
            .signals(&shows.signal, sent.place..end)
            .find(|s| value(s).is_some_and(|now| !same_value(&now, &before)))?;
        Some(
            Finding::fail(format!(
                "`{}` of `{}` went from {} to {} after an invalid `{}`, sent at {}",
                shows.field,
                shows.signal,
                quoted(&before),
                quoted(&value(&changed).unwrap_or_default()),
                self.command,
                sent.event.at
            ))
            .showing([sent.event.n, changed.event.n]),
        )
    }
}

/// The place at which the device is next asked for something, or nothing more tells of its own doing.
fn asked_next(sent: &Mark<'_>, timeline: &Timeline<'_>) -> usize {
    let last = timeline.observed_to();
    let asks = |mark: &Mark<'_>| matches!(mark.event.what, What::Sent { .. } | What::SettingSent { .. });
    timeline.marks().take(last).skip(sent.place + 1).find(asks).map_or(last, |mark| mark.place)
}
