//! `durable: target`: what the device acknowledged is still there after it booted again.

use super::decimal::same_value;
use super::{CheckKind, Timeline, quoted, times, unless_open};
use crate::event::{EventNo, Phase, What};
use crate::names::{Command, Setting};
use crate::trigger::BOOT;
use crate::verdict::Finding;

crate::record! {
    /// A setting that the device acknowledged has that value, or one asked for later and not refused, whenever it is
    /// read after. Before anything is acknowledged, the first value read is what the device began with.
    ///
    /// Decimal numbers are compared by value (`21.50` is `21.5`), all else as text. The check passes only if the
    /// device restarted (a boot, or its rail seen off) between learning a value and a reading.
    ///
    /// `durable: {setting: target}`
    pub struct Durable {
        /// Which setting.
        setting: Setting = "setting",
    }
}

/// A value, and the event that told it.
#[derive(Clone, Copy, Debug)]
struct Told<'a> {
    value: &'a str,
    n: EventNo,
}

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", quoted(self.value), self.n)
    }
}

/// The value that must be there unless a later one is.
#[derive(Clone, Copy, Debug)]
struct Known<'a> {
    told: Told<'a>,
    /// Acknowledged, or only read before.
    acknowledged: bool,
    /// Whether the device restarted since.
    restarted: bool,
}

/// What may be found in the setting at one point of the timeline.
#[derive(Debug, Default)]
struct Register<'a> {
    known: Option<Known<'a>>,
    /// Values asked for after the known one.
    asked: Vec<Told<'a>>,
    /// Whether the device restarted in the method while no value was known.
    restarted_unknown: bool,
    /// Whether the last value asked for still waits for an answer, and with which command it was sent.
    waiting: Waiting<'a>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waiting<'a> {
    #[default]
    No,
    Unsent,
    For(&'a Command),
}

impl<'a> Register<'a> {
    fn ask(&mut self, told: Told<'a>) {
        self.asked.push(told);
        self.waiting = Waiting::Unsent;
    }

    fn sent(&mut self, command: &'a Command) {
        self.waiting = match self.waiting {
            Waiting::Unsent => Waiting::For(command),
            Waiting::For(of) if of == command => self.waiting,
            _ => Waiting::No,
        };
    }

    fn refused(&mut self, command: &Command) {
        let answers = match self.waiting {
            Waiting::No => false,
            Waiting::Unsent => true,
            Waiting::For(of) => of == command,
        };
        if answers {
            self.asked.pop();
            self.waiting = Waiting::No;
        }
    }

    /// An answer may be late: what was asked for after the acknowledged value may be there already.
    fn acknowledge(&mut self, told: Told<'a>) {
        if let Some(place) = self.asked.iter().rposition(|a| same_value(a.value, told.value)) {
            self.asked.drain(..=place);
        }
        self.known = Some(Known { told, acknowledged: true, restarted: false });
        self.waiting = Waiting::No;
    }

    fn restart(&mut self) {
        match &mut self.known {
            Some(known) => known.restarted = true,
            None => self.restarted_unknown = true,
        }
        self.waiting = Waiting::No;
    }

    /// Takes a reading. `Err` says what should have been there.
    fn read(&mut self, told: Told<'a>) -> Result<Option<Known<'a>>, Known<'a>> {
        let asked = self.asked.iter().any(|a| same_value(a.value, told.value));
        match self.known {
            // Either the first value asked for, or what was there before: no knowing which.
            None if asked => Ok(None),
            None => {
                self.known = Some(Known { told, acknowledged: false, restarted: false });
                Ok(None)
            }
            Some(known) if asked || same_value(known.told.value, told.value) => {
                Ok(Some(known).filter(|k| k.restarted))
            }
            Some(known) => Err(known),
        }
    }
}

impl CheckKind for Durable {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let ours = |setting: &Setting| *setting == self.setting;
        let mut register = Register::default();
        let mut proofs = Vec::new();
        for event in timeline.events() {
            let n = event.n;
            match &event.what {
                What::SettingSent { setting, value, .. } if ours(setting) => register.ask(Told { value, n }),
                What::SettingSent { .. } | What::StepEnded { .. } => register.waiting = Waiting::No,
                What::Sent { command, .. } => register.sent(command),
                What::SettingAcknowledged { setting, value, .. } if ours(setting) => {
                    register.acknowledge(Told { value, n });
                }
                What::Refused { command, .. } => register.refused(command),
                // Before the method the device is made ready; that is no restart that a setting could survive.
                What::Phase(Phase::Method) => register.restarted_unknown = false,
                What::Rail { on: false, .. } => register.restart(),
                What::Signal { name, .. } if name.as_str() == BOOT => register.restart(),
                What::SettingRead { setting, value, .. } if ours(setting) => {
                    let told = Told { value, n };
                    match register.read(told) {
                        Ok(Some(known)) => proofs.push((known, told)),
                        Ok(None) => {}
                        Err(known) => return self.lost(told, known, &register.asked),
                    }
                }
                _ => {}
            }
        }
        match proofs.last() {
            Some((known, read)) => Finding::pass(format!(
                "`{}` was read {} after a restart and was right; the last time {read}, {}",
                self.setting,
                times(proofs.len() as u64),
                known.in_words()
            ))
            .showing(proofs.iter().flat_map(|(known, read)| [known.told.n, read.n])),
            None => self.unproven(&register),
        }
    }

    /// Without a fault the device may never restart, which leaves it open.
    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        unless_open(self.judge(timeline))
    }
}

impl Durable {
    fn lost(&self, read: Told<'_>, known: Known<'_>, asked: &[Told<'_>]) -> Finding {
        let since = match asked {
            [] => "nothing asked for since".to_owned(),
            some => {
                let all: Vec<_> = some.iter().take(4).map(Told::to_string).collect();
                let more = if some.len() > all.len() { " and others" } else { "" };
                format!("asked for since: {}{more}", all.join(", "))
            }
        };
        Finding::fail(format!("`{}` was read as {read}, {}, {since}", self.setting, known.in_words()))
            .showing([known.told.n, read.n])
            .showing(asked.iter().map(|a| a.n))
    }

    fn unproven(&self, register: &Register<'_>) -> Finding {
        let setting = &self.setting;
        match register.known {
            None => Finding::inconclusive(format!(
                "`{setting}` was never acknowledged, nor read before it was asked for, so there is nothing to compare \
                 with: get or set it first"
            )),
            Some(known) if known.restarted => Finding::inconclusive(format!(
                "`{setting}` was not read after the device restarted; {}",
                known.in_words()
            ))
            .showing([known.told.n]),
            Some(known) if register.restarted_unknown => Finding::inconclusive(format!(
                "when the device restarted, `{setting}` had been neither acknowledged nor read: get or set it first; {}",
                known.in_words_after()
            ))
            .showing([known.told.n]),
            Some(known) => Finding::inconclusive(format!(
                "the device did not restart between telling `{setting}` and a reading; {}",
                known.in_words()
            ))
            .showing([known.told.n]),
        }
    }
}

impl Known<'_> {
    fn in_words(&self) -> String {
        let how = if self.acknowledged { "acknowledged as" } else { "read before as" };
        format!("{how} {}", self.told)
    }

    fn in_words_after(&self) -> String {
        let how = if self.acknowledged { "acknowledged" } else { "read" };
        format!("{how} only after that, as {}", self.told)
    }
}
