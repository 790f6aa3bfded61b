//! Events in words. One place says how an event reads; terminal, JUnit and HTML all ask here.

use crate::escape::visible_capped;
use crate::spans::short;
use brownout_core::action::{Action, ActionId, Done, FlashOpKind, Reset};
use brownout_core::event::{Ended, Event, EventNo, FaultNo, Phase, StepNo, StepOutcome, What};
use brownout_core::names::{Dut, Signal};
use brownout_core::port::PortError;
use brownout_core::time::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Longest text of one event, in characters. A console line may be 4 KiB of noise.
const LONGEST: usize = 400;

/// How a line is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Less important than the rest.
    Faint,
    /// A heading.
    Strong,
    /// As it should be.
    Good,
    /// Worth a look: nobody can tell, or a fault is at work.
    Warn,
    /// Not as it should be.
    Bad,
}

/// How much detail an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Comes in masses: console lines, flash operations, signals that keep coming.
    Bulk,
    /// Of use when looking closer.
    Fine,
    /// The story of the run.
    Key,
}

/// An event in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// One word for its kind, the same for related events: `step`, `fault`, `console`.
    pub kind: &'static str,
    /// What happened, already escaped: one line, capped in length.
    pub text: String,
    /// How to colour it.
    pub tone: Tone,
    /// How much detail it is.
    pub detail: Detail,
}

/// Tells events in words, in order. It remembers what later events only number: the kind of a fault, the text of a
/// step, the action behind an id.
#[derive(Clone, Debug, Default)]
pub struct Narrator {
    faults: BTreeMap<FaultNo, String>,
    steps: BTreeMap<StepNo, (String, Instant)>,
    actions: BTreeMap<ActionId, (String, Instant)>,
    /// The first device of the run; only others are named.
    dut: Option<Dut>,
    /// Signals seen since the last thing that changed the world.
    fresh: BTreeSet<(Dut, Signal)>,
}

impl Narrator {
    /// A narrator before the first event.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells the next event.
    pub fn tell(&mut self, event: &Event) -> Told {
        let (kind, text, tone, detail) = self.words(event);
        Told { kind, text: visible_capped(&text, LONGEST), tone, detail }
    }

    /// Tells only the events asked for; the others are read for what they teach.
    pub fn tell_these(events: &[Event], wanted: &BTreeSet<EventNo>) -> BTreeMap<EventNo, (Instant, Told)> {
        let mut narrator = Self::new();
        let mut told = BTreeMap::new();
        for event in events {
            // The words of every event are not kept, but its lessons are.
            let words = narrator.tell(event);
            if wanted.contains(&event.n) {
                told.insert(event.n, (event.at, words));
            }
        }
        told
    }

    /// The text of a step, escaped; empty if it never began.
    pub fn step_text(&self, step: StepNo) -> String {
        self.steps.get(&step).map(|(text, _)| visible_capped(text, LONGEST)).unwrap_or_default()
    }

    fn words(&mut self, event: &Event) -> (&'static str, String, Tone, Detail) {
        use Detail::{Bulk, Fine, Key};
        use Tone::{Bad, Faint, Good, Plain, Strong, Warn};
        let at = event.at;
        match &event.what {
            What::RunStarted { scenario, case, seed, .. } => {
                let case = if case.is_empty() { String::new() } else { format!("  {case}") };
                ("run", format!("{scenario}{case}  seed {seed}"), Strong, Key)
            }
            What::Phase(phase) => {
                self.fresh.clear();
                ("phase", phase_name(*phase).to_owned(), Strong, Key)
            }
            What::Step { step, text } => {
                self.fresh.clear();
                self.steps.insert(*step, (text.clone(), at));
                ("step", format!("step {step}: {text}"), Plain, Key)
            }
            What::StepEnded { step, outcome } => {
                let (text, took) = match self.steps.get(step) {
                    Some((text, began)) => (text.as_str(), short(at.since(*began))),
                    None => ("", "an unknown time".to_owned()),
                };
                let (words, tone) = outcome_words(outcome, &took);
                ("step", format!("step {step} {words}: {text}"), tone, Key)
            }
            What::Action { id, dut, action } => {
                let text = self.of(dut, action_words(action));
                self.actions.insert(*id, (text.clone(), at));
                ("action", text, Faint, Fine)
            }
            What::Acted { id, done } => self.acted(*id, done, at),
            What::ActionFailed { id, error } => {
                let action = self.actions.get(id).map_or("an action", |(text, _)| text);
                ("action", format!("{action}: failed: {}", error_words(error)), Bad, Key)
            }
            What::Console { dut, text, .. } => ("console", self.of(dut, text.clone()), Faint, Bulk),
            What::Log { dut, level, text } => {
                let level = level.as_ref().map(|l| format!("{} ", l.to_uppercase())).unwrap_or_default();
                ("log", self.of(dut, format!("{level}{text}")), Faint, Bulk)
            }
            What::Signal { dut, name, nth, fields, .. } => {
                if name.as_str() == "boot" {
                    self.fresh.clear();
                }
                let first = self.fresh.insert((dut.clone(), name.clone()));
                let mut text = name.to_string();
                for (field, value) in fields {
                    text.push_str(&format!(" {field}={value}"));
                }
                if *nth > 1 {
                    text.push_str(&format!(" ({} time)", ordinal(*nth)));
                }
                ("signal", self.of(dut, text), Plain, if first { Key } else { Bulk })
            }
            What::Rail { dut, on } => {
                self.fresh.clear();
                let (text, tone) = if *on { ("power rail on", Good) } else { ("power rail off", Warn) };
                ("rail", self.of(dut, text.to_owned()), tone, Key)
            }
            What::FlashOp { dut, op } => {
                let what = match op.op {
                    FlashOpKind::Write => format!("write at {:#010x}", op.address),
                    FlashOpKind::Erase => format!("erase page at {:#010x}", op.address),
                    FlashOpKind::EraseAll => "erase of all flash".to_owned(),
                };
                let (torn, tone, detail) =
                    if op.complete { ("", Faint, Bulk) } else { (", cut short by loss of power", Warn, Key) };
                ("flash", self.of(dut, format!("flash operation {}: {what}{torn}", op.nth)), tone, detail)
            }
            What::Sent { dut, line, .. } => ("sent", self.of(dut, format!("sent: {line}")), Faint, Fine),
            What::SettingSent { dut, setting, value } => {
                ("setting", self.of(dut, format!("asked to keep {setting} = {value}")), Plain, Fine)
            }
            What::SettingAcknowledged { dut, setting, value, .. } => {
                ("setting", self.of(dut, format!("device keeps {setting} = {value}")), Plain, Fine)
            }
            What::Refused { dut, command, .. } => {
                ("setting", self.of(dut, format!("device refused {command}")), Warn, Key)
            }
            What::SettingRead { dut, setting, value, .. } => {
                ("setting", self.of(dut, format!("{setting} reads {value}")), Plain, Key)
            }
            What::Armed { fault, kind, trigger, .. } => {
                self.faults.insert(*fault, kind.clone());
                ("fault", format!("{kind} #{fault} armed: {trigger}"), Warn, Key)
            }
            What::Fired { fault, source } => {
                self.fresh.clear();
                let by = source.map(|n| format!(" by event {n}")).unwrap_or_default();
                ("fault", format!("{} fired{by}", self.fault(*fault)), Warn, Key)
            }
            What::NeverFired { fault, waited } => {
                let text = format!(
                    "{} never fired: its trigger did not come in {}",
                    self.fault(*fault),
                    short(*waited)
                );
                ("fault", text, Bad, Key)
            }
            What::Injected { fault } => {
                self.fresh.clear();
                ("fault", format!("{} injected", self.fault(*fault)), Warn, Key)
            }
            What::Confirmed { fault, evidence } => {
                let by: Vec<String> = evidence.iter().map(EventNo::to_string).collect();
                let by = if by.is_empty() { String::new() } else { format!(" by event {}", by.join(", ")) };
                ("fault", format!("{} confirmed{by}", self.fault(*fault)), Warn, Key)
            }
            What::Reverted { fault } => {
                self.fresh.clear();
                ("fault", format!("{} reverted", self.fault(*fault)), Good, Key)
            }
            What::Lost { dut, error } => {
                ("lost", self.of(dut, format!("lost: {}", error_words(error))), Bad, Key)
            }
            What::Interrupted => ("run", "interrupted: somebody asked the run to stop".to_owned(), Bad, Key),
            What::RunEnded(ended) => {
                let (text, tone) = ended_words(ended);
                ("run", text, tone, Key)
            }
            // The enum grows; a kind this version has no words for is still shown, as it is stored.
            other => {
                let text = serde_json::to_string(other).unwrap_or_else(|_| format!("{other:?}"));
                ("other", text, Plain, Fine)
            }
        }
    }

    fn acted(&self, id: ActionId, done: &Done, at: Instant) -> (&'static str, String, Tone, Detail) {
        let (action, took) = match self.actions.get(&id) {
            Some((text, began)) => (text.as_str(), format!(" in {}", short(at.since(*began)))),
            None => ("an action", String::new()),
        };
        match done {
            Done::Plain => ("action", format!("{action}: done{took}"), Tone::Faint, Detail::Fine),
            Done::Programmed { bytes, unchanged: true } => (
                "action",
                format!("{action}: {bytes} bytes were there already{took}"),
                Tone::Plain,
                Detail::Key,
            ),
            Done::Programmed { bytes, unchanged: false } => (
                "action",
                format!("{action}: {bytes} bytes written and verified{took}"),
                Tone::Plain,
                Detail::Key,
            ),
        }
    }

    fn fault(&self, fault: FaultNo) -> String {
        format!("{} #{fault}", self.faults.get(&fault).map_or("fault", String::as_str))
    }

    /// Says which device, where it is not the first one.
    fn of(&mut self, dut: &Dut, text: String) -> String {
        if self.dut.get_or_insert_with(|| dut.clone()) == dut { text } else { format!("[{dut}] {text}") }
    }
}

/// The name of a phase.
pub(crate) const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Arrange => "arrange",
        Phase::Steady => "steady",
        Phase::Method => "method",
        Phase::Teardown => "teardown",
    }
}

/// How a step ended, in words with its tone; `took` is its elapsed time.
pub(crate) fn outcome_words(outcome: &StepOutcome, took: &str) -> (String, Tone) {
    match outcome {
        StepOutcome::Done => (format!("done in {took}"), Tone::Good),
        StepOutcome::TimedOut { waited } => (format!("timed out after {}", short(*waited)), Tone::Bad),
        StepOutcome::Refused => (format!("refused by the device after {took}"), Tone::Warn),
        StepOutcome::CutShort => (format!("cut short after {took}"), Tone::Warn),
        StepOutcome::Abandoned => (format!("abandoned after {took}"), Tone::Bad),
    }
}

fn action_words(action: &Action) -> String {
    match action {
        Action::Power { on: true } => "switch the mains on".to_owned(),
        Action::Power { on: false } => "switch the mains off".to_owned(),
        Action::Attach => "attach the debug probe".to_owned(),
        Action::Detach => "detach the debug probe".to_owned(),
        Action::Program => "program the image".to_owned(),
        Action::Reset { how: Reset::Pin } => "reset by pin".to_owned(),
        Action::Reset { how: Reset::Soft } => "soft reset".to_owned(),
        Action::OpenConsole => "open the console".to_owned(),
        Action::Send { line } => format!("send on the console: {line}"),
        Action::TraceFlash { on: true } => "begin to trace flash operations".to_owned(),
        Action::TraceFlash { on: false } => "end the trace of flash operations".to_owned(),
        Action::ArmCut(cut) => format!("arm a power cut at flash operation {}", cut.nth),
        Action::DisarmCut => "disarm the power cut".to_owned(),
    }
}

fn error_words(error: &PortError) -> String {
    match &error.help {
        Some(help) => format!("{error} ({help})"),
        None => error.to_string(),
    }
}

fn ended_words(ended: &Ended) -> (String, Tone) {
    match ended {
        Ended::Completed => ("run completed".to_owned(), Tone::Plain),
        Ended::NotSteady { missing } => {
            (format!("run ended: the device was never steady: {missing}"), Tone::Bad)
        }
        Ended::RigFailed { why } => (format!("run ended: the rig failed: {why}"), Tone::Bad),
        Ended::Interrupted => ("run ended: interrupted".to_owned(), Tone::Bad),
    }
}

fn ordinal(n: u64) -> String {
    let suffix = match (n % 10, n % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}
