//! Events in words. One place says how an event reads; terminal, JUnit and HTML all ask here.

use crate::escape::visible_capped;
use crate::spans::short;
mod traffic;

use brownout_core::action::{Action, ActionId, Corruption, Done, FlashOpKind, InputState, Noise, Reset};
use brownout_core::event::{Ended, Event, EventNo, FaultNo, Phase, StepNo, StepOutcome, What};
use brownout_core::names::{Dut, Signal};
use brownout_core::plan::InputKind;
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
            What::Halted { dut, address, pc } => {
                ("halted", self.of(dut, format!("core halted at {address:#010x} (pc {pc:#010x})")), Warn, Key)
            }
            What::Voltage { dut, millivolts } => {
                ("supply", self.of(dut, format!("supply at {}", volts(*millivolts))), Warn, Key)
            }
            What::Touched { dut, input, times } => {
                let detail = if *times == 1 { Key } else { Bulk };
                ("input", self.of(dut, format!("device took notice of {input} ({times})")), Plain, detail)
            }
            What::Traffic { dut, seen } => {
                let (topic, text, tone, detail) = traffic::narrate(seen);
                (topic, self.of(dut, text), tone, detail)
            }
            What::Met { dut, name, times } => {
                let detail = if *times == 1 { Key } else { Bulk };
                let often = if *times == 1 { String::new() } else { format!(" ({times} times by now)") };
                ("met", self.of(dut, format!("device met `{name}`{often}")), Warn, detail)
            }
            What::Published { dut, message } => {
                let text = format!("published to {}: {}", message.topic, traffic::brief(&message.payload));
                ("mqtt", self.of(dut, text), Plain, Fine)
            }
            What::Memory { dut, name, value } => {
                ("memory", self.of(dut, format!("{name} holds {value} ({value:#x})")), Faint, Fine)
            }
            What::Sent { dut, line, .. } => ("sent", self.of(dut, format!("sent: {line}")), Faint, Fine),
            What::SettingSent { dut, setting, value } => {
                ("setting", self.of(dut, format!("asked to keep {setting} = {value}")), Plain, Fine)
            }
            What::SettingAcknowledged { dut, setting, value, .. } => {
                ("setting", self.of(dut, format!("device keeps {setting} = {value}")), Plain, Fine)
            }
            What::Answered { dut, command, .. } => {
                ("setting", self.of(dut, format!("device did {command}")), Plain, Fine)
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
            Done::Value(value) => {
                ("action", format!("{action}: {value} ({value:#x})"), Tone::Faint, Detail::Bulk)
            }
            Done::Changed { before, after } => {
                ("action", format!("{action}: {before} became {after}{took}"), Tone::Warn, Detail::Key)
            }
            Done::Sent { bytes } => {
                ("action", format!("{action}: {bytes} bytes sent{took}"), Tone::Warn, Detail::Key)
            }
            Done::Counted { times } => {
                let often = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
                ("action", format!("{action}: was met {often}{took}"), Tone::Plain, Detail::Key)
            }
            Done::Stimulated { .. } => ("action", format!("{action}: done{took}"), Tone::Faint, Detail::Fine),
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
        Action::Halt => "halt the core".to_owned(),
        Action::Resume => "let the core go on".to_owned(),
        Action::Read(word) => format!("read {}", word.name),
        Action::FlipMemory { address, mask } => {
            format!("invert bits of memory at {address:#010x} ({} bytes)", mask.len())
        }
        Action::FlipRegister { register, mask } => format!("invert bits {mask:#010x} of {register}"),
        Action::CorruptFlash(c) => {
            format!(
                "corrupt {} bytes of flash at {:#010x} ({})",
                c.length,
                c.address,
                corruption_words(c.how)
            )
        }
        Action::BreakAt { address, nth } => format!("set a breakpoint at {address:#010x} (time {nth})"),
        Action::WatchAt { word, nth, .. } => format!("set a watchpoint on {} (time {nth})", word.name),
        Action::ClearBreaks => "take back breakpoints and watchpoints".to_owned(),
        Action::LoseProbe { halted: true } => "pull the debug probe with the core halted".to_owned(),
        Action::LoseProbe { halted: false } => "pull the debug probe".to_owned(),
        Action::Supply(course) => {
            let points: Vec<_> = course.points.iter().map(|point| volts(point.millivolts)).collect();
            format!("run the supply through {}", points.join(", "))
        }
        Action::SupplyNominal => "set the supply back".to_owned(),
        Action::Noise(noise) => match noise {
            Noise::Bytes(bytes) => format!("send {} bytes of noise on the console", bytes.len()),
            Noise::Framing { characters, .. } => {
                format!("send {characters} misframed characters on the console")
            }
            Noise::Break { time } => format!("send a break of {} on the console", short(*time)),
        },
        Action::Flood { time, .. } => format!("flood the console for {}", short(*time)),
        Action::EndFlood => "end the flood on the console".to_owned(),
        Action::Unplug { unplugged: true } => "pull the console's cable".to_owned(),
        Action::Unplug { unplugged: false } => "plug the console's cable in".to_owned(),
        Action::Stimulate { input, kind, state } => format!("{input}: {}", state_words(*kind, state)),
        Action::Release { input, .. } => format!("{input}: let go"),
        Action::StartServices => "start the services".to_owned(),
        Action::StopServices => "stop the services".to_owned(),
        Action::Connect => "plug the network cable".to_owned(),
        Action::Disconnect => "pull the network cable".to_owned(),
        Action::Impair(impairment) => format!("impair the link: {}", impairment.name),
        Action::Mend { name } => format!("mend the link: {name}"),
        Action::Misbehave(misbehaviour) => format!("let a service misbehave: {}", misbehaviour.name),
        Action::Behave { name } => format!("let the service behave: {name}"),
        Action::Publish(message) => format!("publish to {}", message.topic),
    }
}

fn volts(millivolts: u32) -> String {
    format!("{}.{:03}V", millivolts / 1000, millivolts % 1000)
}

fn corruption_words(how: Corruption) -> String {
    match how {
        Corruption::Bits(1) => "1 bit".to_owned(),
        Corruption::Bits(count) => format!("{count} bits"),
        Corruption::Erased => "erased".to_owned(),
        Corruption::Torn => "torn".to_owned(),
        Corruption::Noise => "noise".to_owned(),
    }
}

fn state_words(kind: InputKind, state: &InputState) -> String {
    let value = |thousandths: i64| {
        let (sign, size) = (if thousandths < 0 { "-" } else { "" }, thousandths.unsigned_abs());
        let (unit, number) = match kind {
            InputKind::Temperature => ("C", format!("{}.{:03}", size / 1000, size % 1000)),
            InputKind::Battery => ("V", format!("{}.{:03}", size / 1000, size % 1000)),
            InputKind::Clock => ("ppm", format!("{}", size / 1000)),
            InputKind::Button => ("", size.to_string()),
        };
        format!("{sign}{number}{unit}")
    };
    match state {
        InputState::Value(to) => value(*to),
        InputState::Stuck(Some(0)) if kind == InputKind::Button => "stuck released".to_owned(),
        InputState::Stuck(Some(_)) if kind == InputKind::Button => "stuck pressed".to_owned(),
        InputState::Stuck(Some(at)) => format!("stuck at {}", value(*at)),
        InputState::Stuck(None) => "stuck".to_owned(),
        InputState::Noisy { amplitude, .. } => format!("noise of {}", value(i64::from(*amplitude))),
        InputState::Silent => "does not answer".to_owned(),
        InputState::HoldsBus => "holds its bus".to_owned(),
        InputState::Sags { value: open, milliohms } => {
            format!("{} behind {}.{:03} ohm", value(*open), milliohms / 1000, milliohms % 1000)
        }
        InputState::Pressed(true) => "pressed".to_owned(),
        InputState::Pressed(false) => "not pressed".to_owned(),
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
