//! The steps of a scenario: what steadies the device, and what the method does.

use crate::command::{GET, Qos, SET, Topic};
use crate::event::StepNo;
use crate::fault::Fault;
use crate::names::{Command, Input, Setting, Signal};
use crate::network::Payload;
use crate::plan::InputKind;
use crate::quantity::Temperature;
use crate::time::{Duration, LONGEST_WRITTEN};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

crate::kinds! {
    /// A step of the method. Faults are steps too.
    pub enum Step("step", "steps") {
        "wait" => Wait(Wait),
        "pause" => Pause(Pause),
        "set" => Set(Set),
        "get" => Get(Get),
        "send" => Send(Send),
        "repeat" => Repeat(Repeat),
        "press" => Press(Press),
        "sense" => Sense(Sense),
        "publish" => Publish(Publish),
    } else Fault(Fault)
}

impl Step {
    /// The fault in this step, if it is one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    /// The steps inside it, in reading order.
    pub fn inner(&self) -> impl Iterator<Item = &Self> {
        let (first, second) = self.parts();
        first.iter().chain(second)
    }

    /// The steps inside it: those that are repeated or performed while a trigger is awaited, and those that are performed
    /// while a fault is in force.
    pub fn parts(&self) -> (&[Self], &[Self]) {
        match self {
            Self::Repeat(r) => (&r.steps, &[]),
            Self::Fault(fault) => {
                let timing = fault.timing();
                (timing.during, timing.meanwhile)
            }
            _ => (&[], &[]),
        }
    }
}

/// One step of a method with its number.
#[derive(Clone, Copy, Debug)]
pub struct Numbered<'a> {
    /// Its number.
    pub no: StepNo,
    /// The step.
    pub step: &'a Step,
    /// How often a method that is walked to its end performs it; `None` inside a fault (`while`), where the trigger
    /// decides how far the steps come.
    pub times: Option<u64>,
}

/// The steps of a method in reading order, inner steps after the step that holds them, numbered from 1.
pub fn numbered(method: &[Step]) -> Vec<Numbered<'_>> {
    fn walk<'a>(steps: &'a [Step], times: Option<u64>, out: &mut Vec<Numbered<'a>>) {
        for step in steps {
            let no = StepNo::try_from(out.len() + 1).unwrap_or(StepNo::MAX);
            out.push(Numbered { no, step, times });
            let inner_times = match step {
                // Never at all stays never, wherever it stands.
                Step::Repeat(r) if r.times == 0 => Some(0),
                Step::Repeat(r) => times.map(|t| t.saturating_mul(u64::from(r.times))),
                _ if times == Some(0) => Some(0),
                _ => None,
            };
            let (first, second) = step.parts();
            walk(first, inner_times, out);
            // What is done while a fault is in force is done whenever that strikes.
            walk(second, times, out);
        }
    }
    let mut out = Vec::new();
    walk(method, Some(1), &mut out);
    out
}

crate::record! {
    /// Waits until the device shows a signal. A wait that times out ends the method there. What the device shows counts
    /// from the last thing on that was done to it; under a fault, from when the fault was seen to bite.
    ///
    /// `wait: {for: ready, within: 10s}`
    pub struct Wait {
        /// Which signal.
        signal: Signal = "for",
        /// How long at most.
        within: Duration = "within" (Positive) or Duration::from_secs(30),
    }
}

crate::record! {
    /// Lets time pass.
    ///
    /// `pause: {for: 2s}`
    pub struct Pause {
        /// How long.
        time: Duration = "for" (Positive),
    }
}

crate::record! {
    /// Asks the device to keep a value and waits until it says that it does.
    ///
    /// `set: {setting: target, to: 22.5}`
    pub struct Set {
        /// Which setting.
        setting: Setting = "setting",
        /// The value, in the device's own words.
        to: String = "to" (OneLine),
        /// The command that asks for it.
        #[serde(skip_serializing_if = "is_set")]
        by: Command = "by" or Command::from(SET),
        /// How long the answer may take.
        within: Duration = "within" (Positive) or Duration::from_secs(5),
    }
}

crate::record! {
    /// Asks the device for a value and records the answer.
    ///
    /// `get: {setting: target}`
    pub struct Get {
        /// Which setting.
        setting: Setting = "setting",
        /// The command that asks for it.
        #[serde(skip_serializing_if = "is_get")]
        by: Command = "by" or Command::from(GET),
        /// How long the answer may take.
        within: Duration = "within" (Positive) or Duration::from_secs(5),
    }
}

fn is_set(command: &Command) -> bool {
    command.as_str() == SET
}

fn is_get(command: &Command) -> bool {
    command.as_str() == GET
}

crate::record! {
    /// Sends a command of the board file, on the console or by the broker as that says. If it says how the command is
    /// acknowledged, waits for that.
    ///
    /// `send: {command: set_remotely, with: {value: 99}}`
    pub struct Send {
        /// Which command.
        command: Command = "command",
        /// What takes the place of words in braces in it: `{value: 99}` that of `{value}`.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        with: BTreeMap<String, String> = "with" or BTreeMap::new(),
        /// How long the answer may take.
        within: Duration = "within" (Positive) or Duration::from_secs(5),
    }
}

crate::record! {
    /// Performs steps several times.
    ///
    /// `repeat: {times: 5, steps: [power_cut: {for: 200ms}, wait: {for: ready}]}`
    pub struct Repeat {
        /// How often.
        times: u32 = "times" (Positive),
        /// What.
        steps: Vec<Step> = "steps" (NotEmpty),
    }
}

crate::record! {
    /// Presses a button of the device for a while.
    ///
    /// `press: {input: button, for: 200ms}`
    pub struct Press {
        /// Which input of the board file; one of kind `button`.
        input: Input = "input",
        /// How long.
        time: Duration = "for" (Positive) or Duration::from_millis(200),
    }
}

crate::record! {
    /// Gives a sensor something else to sense, for the rest of the run: a world that changes, not a fault.
    ///
    /// `sense: {input: temperature, value: 15C}`
    pub struct Sense {
        /// Which input of the board file; one of kind `temperature`.
        input: Input = "input",
        /// What is true from now on.
        value: Temperature = "value",
    }
}

crate::record! {
    /// Publishes a message to the device, well-formed or not, and does not wait for an answer.
    ///
    /// `publish: {topic: 'devices/{device}/command', payload: '{"set":{"target":1e400}}'}`
    pub struct Publish {
        /// The topic; `{device}` in it stands for the device's own name.
        topic: Topic = "topic",
        /// What it says: a text, or any bytes as `hex:00ff…`.
        payload: Payload = "payload",
        /// Its quality of service.
        qos: Qos = "qos" or Qos::AtLeastOnce,
        /// Whether the broker keeps it for those who come later.
        retain: bool = "retain" or false,
    }
}

impl Step {
    /// The input of the device that the step acts on, and the kind that it must be of.
    pub fn input(&self) -> Option<(&Input, InputKind)> {
        match self {
            Self::Press(press) => Some((&press.input, InputKind::Button)),
            Self::Sense(sense) => Some((&sense.input, InputKind::Temperature)),
            Self::Fault(fault) => fault.as_kind().input(),
            _ => None,
        }
    }
}

crate::kinds! {
    /// A condition of the steady state: what must be seen before anything is done to the device.
    pub enum Steady("condition", "steady conditions") {
        "seen" => Seen(SteadySeen),
        "rate" => Rate(SteadyRate),
    }
}

impl Steady {
    /// As a scenario would say it, in one line, without what may be left out.
    pub fn text(&self) -> String {
        crate::language::written::one_line(self, self.kind(), Self::TABLE)
    }
}

crate::record! {
    /// A signal is seen.
    ///
    /// `seen: {signal: ready, within: 10s}`
    pub struct SteadySeen {
        /// Which signal.
        signal: Signal = "signal",
        /// How long it may take.
        within: Duration = "within" (Positive) or Duration::from_secs(30),
    }
}

crate::record! {
    /// A signal keeps coming.
    ///
    /// `rate: {signal: control, at_least: 1/s, for: 5s}`
    pub struct SteadyRate {
        /// Which signal.
        signal: Signal = "signal",
        /// How often at least.
        at_least: Rate = "at_least",
        /// Over how long.
        over: Duration = "for" (Positive),
        /// How long it may take until that is seen.
        within: Duration = "within" (Positive) or Duration::from_secs(60),
    }
}

/// So many in a length of time: `2/s`, `30/min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In how long.
    pub per: Duration,
}

impl Serialize for Rate {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per = self.per.to_string();
        write!(f, "{}/{}", self.count, per.strip_prefix('1').unwrap_or(&per))
    }
}

impl std::str::FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a rate; write a number, `/` and a unit of time, like `2/s` or `30/min`")
        };
        let (count, per) = text.split_once('/').ok_or_else(wrong)?;
        let count = count.trim().parse().map_err(|_| wrong())?;
        let per = per.trim();
        let per =
            if per.starts_with(|c: char| c.is_ascii_digit()) { per.to_owned() } else { format!("1{per}") };
        let per: Duration = per.parse().map_err(|_| wrong())?;
        if per == Duration::ZERO || per > LONGEST_WRITTEN { Err(wrong()) } else { Ok(Self { count, per }) }
    }
}

impl crate::language::Decode for Rate {
    fn shape() -> crate::language::Shape {
        crate::language::Shape::Scalar("a rate", "2/s")
    }

    fn decode(node: &crate::language::Node, out: &mut crate::language::Diagnostics) -> Option<Self> {
        crate::language::scalar::from_str(node, "a rate", out)
    }
}
