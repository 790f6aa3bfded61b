//! A bench and a device in a few lines: performs what the machine asks for, on a time axis of its own.

use crate::action::{Action, ActionId, Done, FlashCut, FlashOp, FlashOpKind, Input, Output, Seen, Sighting};
use crate::check::Check;
use crate::command::{CommandWords, Qos, Route};
use crate::event::{Ended, Event, What};
use crate::machine::Machine;
use crate::names::Dut;
use crate::network::{Conn, Impair, Impairment, Misbehaviour, MqttSeen, Payload, Traffic};
use crate::plan::{self, BoardPlan, Clock, Image, InputKind, Plan, Symbol};
use crate::port::{Port, PortError, Trouble};
use crate::source::{NetworkSignal, Published, Source};
use crate::step::{Steady, SteadySeen, Step};
use crate::time::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const DIGEST: &str = "d1ge57";

/// More inputs than any of these runs has.
const INPUTS_AT_MOST: u32 = 100_000;

pub(super) fn plan(method: Vec<Step>, expect: Vec<Check>) -> Plan {
    let signal = |name: &str, pattern: &str| (name.into(), Source::Console(pattern.to_owned()));
    let command = |name: &str, send: &str, ack: Option<&str>| {
        let (send, ack) = (send.to_owned(), ack.map(str::to_owned));
        let refused = Some("^error: (?<reason>.+)".to_owned());
        (name.into(), CommandWords { send, ack, refused, ..CommandWords::default() })
    };
    let on_a_network = method
        .iter()
        .filter_map(Step::fault)
        .any(|fault| fault.needs().iter().any(|port| port.is_asked_for()));
    Plan {
        version: plan::VERSION,
        scenario: "test".to_owned(),
        title: "test".to_owned(),
        tags: Vec::new(),
        case: BTreeMap::new(),
        control: false,
        seed: 7,
        rig: "bench".to_owned(),
        clock: Clock::Virtual,
        dut: "dut".into(),
        board: BoardPlan {
            name: "board".to_owned(),
            chip: "chip".to_owned(),
            baud: 115_200,
            image: Image { path: "image".to_owned(), sha256: String::new() },
            fresh: Vec::new(),
            provision: None,
            defect: None,
            signals: BTreeMap::from([
                signal("boot", "^boot: cause=(?<cause>\\w+)"),
                signal("ready", "^ready"),
                signal("control", "^control"),
                signal("panic", "^panicked"),
            ]),
            commands: BTreeMap::from([
                command("set", "set {key} {value}", Some("^ok: {key}={value}$")),
                command("get", "get {key}", Some("^value: {key}=(?<value>.+)")),
                command("hang", "hang", None),
            ]),
            inputs: [
                ("temperature", InputKind::Temperature),
                ("battery", InputKind::Battery),
                ("button", InputKind::Button),
                ("lfclk", InputKind::Clock),
            ]
            .map(|(name, kind)| (name.into(), kind))
            .into(),
            regions: BTreeMap::from([("settings".into(), (0xfc000, 0x2000))]),
            symbols: BTreeMap::from([
                ("TARGET_TENTHS".to_owned(), Symbol { address: 0x2000_0000, size: 4 }),
                ("control_round".to_owned(), Symbol { address: 0x1000, size: 40 }),
            ]),
        },
        drivers: Port::ALL
            .iter()
            .filter(|port| !port.is_asked_for() || on_a_network)
            .map(|port| (*port, "simulated".to_owned()))
            .collect(),
        steady: vec![Steady::Seen(SteadySeen { signal: "ready".into(), within: Duration::from_secs(2) })],
        method,
        expect,
    }
}

/// The same on a network, with telemetry and a command that is published.
pub(super) fn networked(method: Vec<Step>) -> Plan {
    let mut plan = plan(method, Vec::new());
    for port in [Port::Link, Port::Services] {
        plan.drivers.insert(port, "simulated".to_owned());
    }
    let topic = "devices/{device}/telemetry".parse().unwrap();
    let telemetry = Published { topic, sequence: Some("/seq".parse().unwrap()) };
    plan.board.signals.insert("telemetry".into(), Source::Mqtt(telemetry));
    plan.board.signals.insert("net.connack".into(), Source::Network(NetworkSignal::Connack));
    plan.board.signals.insert("net.tls".into(), Source::Network(NetworkSignal::Tls));
    let remote = CommandWords {
        send: r#"{"id":"{id}","set":{"{key}":{value}}}"#.to_owned(),
        publish: Some(Route {
            topic: "devices/{device}/command".to_owned(),
            qos: Qos::AtLeastOnce,
            retain: false,
        }),
        answers: Some("devices/{device}/answer".parse().unwrap()),
        ack: Some(r#""id":"{id}","ok":true"#.to_owned()),
        refused: Some(r#""id":"{id}","ok":false"#.to_owned()),
        example: None,
    };
    plan.board.commands.insert("remote".into(), remote);
    plan
}

/// What a device does that it should not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    /// Says nothing at all.
    pub(super) mute: bool,
    /// Boots, but is never ready after the first time.
    pub(super) never_ready_again: bool,
    /// Acknowledges values that it does not keep.
    pub(super) forgets: bool,
    /// Refuses every value.
    pub(super) refuses: bool,
    /// Says a wrong reset cause.
    pub(super) wrong_cause: bool,
    /// Does not answer commands.
    pub(super) deaf: bool,
    /// Says nothing after the first time that it booted.
    pub(super) mute_again: bool,
    /// Says nothing more once anything was done to its core, its memory, its console, its supply or its inputs.
    pub(super) sulks: bool,
}

/// What a bench does that it should not.
#[derive(Clone, Debug)]
pub(super) struct Mishaps {
    /// Actions that fail, by number.
    pub(super) failing: Vec<u32>,
    /// From this action on every one fails.
    pub(super) failing_from: u32,
    /// Ports that go away, and when.
    pub(super) lost: Vec<(Instant, Port)>,
    /// When somebody wishes to stop.
    pub(super) interrupts: Vec<Instant>,
    /// The bench cannot see the supply rail.
    pub(super) blind: bool,
    /// How long an action takes.
    pub(super) latency: Duration,
    /// Power does not go away, whatever the switch says.
    pub(super) welded: bool,
    /// An armed cut never strikes.
    pub(super) blunt: bool,
    /// Instruments do nothing to the core, the memory, the console, the supply or the inputs of a device, and say so
    /// where they look.
    pub(super) dull: bool,
}

impl Default for Mishaps {
    fn default() -> Self {
        Self {
            failing: Vec::new(),
            failing_from: u32::MAX,
            lost: Vec::new(),
            interrupts: Vec::new(),
            blind: false,
            latency: Duration::from_millis(1),
            welded: false,
            blunt: false,
            dull: false,
        }
    }
}

#[derive(Debug)]
enum Due {
    Input(Input),
    /// The device does something, unless it lost power or was reset since.
    Device {
        life: u32,
        deed: Deed,
    },
}

#[derive(Debug)]
enum Deed {
    Say(String),
    Control,
    Keep(String, String),
    Publish(String),
}

pub(super) struct World {
    machine: Machine,
    flaws: Flaws,
    mishaps: Mishaps,
    now: Instant,
    due: BTreeMap<(Instant, u64), Due>,
    scheduled: u64,
    pub(super) powered: bool,
    pub(super) running: bool,
    pub(super) cut: Option<FlashCut>,
    /// What was done to the device and not undone, by port.
    pub(super) disturbed: BTreeSet<&'static str>,
    life: u32,
    kept: BTreeMap<String, String>,
    tracing: bool,
    operations: u64,
    readies: u32,
    /// The sequence number of the last telemetry, of a device on a network.
    sent: Option<u64>,
    pub(super) performed: Vec<Action>,
    pub(super) events: Vec<Event>,
    /// Promises that are open.
    pub(super) promised: BTreeMap<u32, Action>,
    /// Every promise there ever was.
    pub(super) promises: u32,
    finished: bool,
}

impl World {
    pub(super) fn new(plan: &Plan, flaws: Flaws, mishaps: Mishaps) -> Self {
        let mut world = Self {
            machine: Machine::new(plan.clone(), DIGEST.to_owned()).unwrap(),
            flaws,
            mishaps,
            now: Instant::ZERO,
            due: BTreeMap::new(),
            scheduled: 0,
            powered: true,
            running: true,
            cut: None,
            disturbed: BTreeSet::new(),
            life: 0,
            kept: BTreeMap::from([("target".to_owned(), "21".to_owned())]),
            tracing: false,
            operations: 0,
            readies: 0,
            sent: plan.board.signals.contains_key(&"telemetry".into()).then_some(0),
            performed: Vec::new(),
            events: Vec::new(),
            promised: BTreeMap::new(),
            promises: 0,
            finished: false,
        };
        for (at, port) in world.mishaps.lost.clone() {
            world.at(at, Due::Input(sighting(at, Seen::Lost(trouble(port)))));
        }
        for at in world.mishaps.interrupts.clone() {
            world.at(at, Due::Input(Input::Interrupt));
        }
        world
    }

    /// A whole run.
    pub(super) fn run(plan: &Plan, flaws: Flaws, mishaps: Mishaps) -> Self {
        let mut world = Self::new(plan, flaws, mishaps);
        world.play();
        world
    }

    /// A run in which nothing goes wrong but what the plan says.
    pub(super) fn good(plan: &Plan) -> Self {
        Self::run(plan, Flaws::default(), Mishaps::default())
    }

    /// Something that will be seen.
    pub(super) fn sighted(&mut self, when: Instant, seen: Seen) {
        self.at(when, Due::Input(sighting(when, seen)));
    }

    pub(super) fn play(&mut self) {
        self.input(Input::Begin);
        for _ in 0..INPUTS_AT_MOST {
            if self.finished {
                return;
            }
            let next = self.due.first_key_value().map(|((at, _), _)| *at);
            let deadline = self.machine.deadline();
            match (next, deadline) {
                (Some(next), deadline) if deadline.is_none_or(|deadline| next <= deadline) => {
                    let Some(((at, _), due)) = self.due.pop_first() else { return };
                    self.now = self.now.max(at);
                    self.happen(due);
                }
                (_, Some(deadline)) => {
                    self.now = self.now.max(deadline);
                    self.input(Input::Tick);
                }
                (_, None) => panic!("nothing will ever happen:\n{}", self.text()),
            }
        }
        panic!("the run does not end:\n{}", self.text());
    }

    pub(super) fn ended(&self) -> Ended {
        match self.events.last().map(|event| &event.what) {
            Some(What::RunEnded(ended)) => ended.clone(),
            other => panic!("ended with {other:?}:\n{}", self.text()),
        }
    }

    /// The timeline as text.
    pub(super) fn text(&self) -> String {
        let line = |event: &Event| {
            let json = serde_json::to_string(&event.what).unwrap();
            format!("{:>4} {:>9}  {json}", event.n.to_string(), event.at.to_string())
        };
        self.events.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn input(&mut self, input: Input) {
        self.machine.handle(self.now, input);
        while let Some(output) = self.machine.output() {
            assert!(!self.finished, "after the end: {output:?}");
            match output {
                Output::Do { id, action, .. } => self.perform(id, action),
                Output::Promise { key, revert, .. } => {
                    self.promises += 1;
                    assert!(self.promised.insert(key, revert).is_none(), "promise {key} was made twice");
                }
                Output::Kept { key } => {
                    assert!(self.promised.remove(&key).is_some(), "{key} was never promised");
                }
                Output::Log(event) => self.events.push(event),
                Output::Finished => self.finished = true,
            }
        }
    }

    fn perform(&mut self, id: ActionId, action: Action) {
        if action == (Action::Power { on: false }) {
            let owed = self.promised.values().any(|revert| *revert == Action::Power { on: true });
            assert!(owed, "power is taken away and nobody promised that it comes back");
        }
        if matches!(action, Action::ArmCut(_)) {
            assert!(self.promised.values().any(|revert| *revert == Action::DisarmCut));
        }
        let failing = self.mishaps.failing.contains(&id.0) || id.0 >= self.mishaps.failing_from;
        let result = if failing {
            Err(trouble(action.port()))
        } else {
            self.effect(&action);
            self.disturbance(&action)
        };
        self.performed.push(action);
        self.within(self.mishaps.latency, Due::Input(Input::Acted { id, result }));
    }

    fn effect(&mut self, action: &Action) {
        match action {
            Action::Power { on: false } if self.powered && !self.mishaps.welded => self.power_off(),
            Action::Power { on: true } if !self.powered => {
                self.powered = true;
                self.rail();
                self.boot("power_on");
            }
            Action::Program => {
                self.life += 1;
                self.running = false;
            }
            Action::Reset { .. } if self.powered => self.boot("pin"),
            Action::TraceFlash { on } => {
                self.tracing = *on;
                self.operations = 0;
            }
            Action::ArmCut(cut) => self.cut = Some(cut.clone()),
            Action::DisarmCut => self.cut = None,
            Action::Send { line } if self.running && !self.flaws.deaf => self.answer(&line.clone()),
            Action::Publish(message) if self.running && !self.flaws.deaf => {
                if let Ok(asked) = serde_json::from_slice::<serde_json::Value>(&message.payload.0)
                    && let Some(id) = asked["id"].as_str()
                {
                    let good = asked["set"]["target"].as_f64().is_some_and(|target| target < 35.0);
                    self.deed(5, Deed::Publish(format!(r#"{{"id":"{id}","ok":{good}}}"#)));
                }
            }
            _ => {}
        }
    }

    /// Does to the device what only some instruments can.
    fn disturbance(&mut self, action: &Action) -> Result<Done, PortError> {
        let what = match action {
            Action::Halt | Action::Resume => "halted",
            Action::LoseProbe { .. } | Action::Attach => "probe",
            Action::Flood { .. } | Action::EndFlood => "flood",
            Action::Unplug { .. } => "cable",
            Action::Supply(_) | Action::SupplyNominal => "supply",
            Action::Stimulate { .. } | Action::Release { .. } => "input",
            Action::BreakAt { .. } | Action::WatchAt { .. } | Action::ClearBreaks => "breakpoint",
            Action::Impair(_) | Action::Mend { .. } => "link",
            Action::Misbehave(_) | Action::Behave { .. } => "service",
            Action::FlipMemory { .. } | Action::FlipRegister { .. } | Action::CorruptFlash(_) => "",
            Action::Noise(_) => "",
            Action::Read(_) => {
                // A bench that cannot see the rail cannot know that an instrument took the power.
                assert!(self.powered || self.mishaps.blind, "a device without power is read");
                assert!(!self.disturbed.contains("probe"), "it is read without a probe");
                return if self.powered {
                    Ok(Done::Value(self.readies * 100))
                } else {
                    Err(trouble(Port::Debug))
                };
            }
            _ => return Ok(Done::Plain),
        };
        let undoes = matches!(
            action,
            Action::Resume
                | Action::Attach
                | Action::EndFlood
                | Action::Unplug { unplugged: false }
                | Action::SupplyNominal
                | Action::Release { .. }
                | Action::ClearBreaks
                | Action::Mend { .. }
                | Action::Behave { .. }
        );
        if undoes {
            self.disturbed.remove(what);
        } else if self.mishaps.dull
            && action.port() != Port::Supply
            && !matches!(action, Action::Stimulate { .. } | Action::Impair(_) | Action::Misbehave(_))
        {
            let unchanged = || "00".to_owned();
            return match action {
                Action::Flood { .. } => Ok(Done::Plain),
                Action::FlipMemory { .. } | Action::FlipRegister { .. } | Action::CorruptFlash(_) => {
                    Ok(Done::Changed { before: unchanged(), after: unchanged() })
                }
                _ => Err(trouble(action.port())),
            };
        } else {
            assert!(
                what.is_empty() || !self.promised.is_empty(),
                "{action:?} is done and nobody promised to undo it"
            );
            self.life += u32::from(self.flaws.sulks);
            if !what.is_empty() {
                self.disturbed.insert(what);
            }
        }
        let now = self.now;
        match action {
            Action::Supply(course) if !self.mishaps.dull => {
                for point in &course.points {
                    let seen = Seen::Voltage { millivolts: point.millivolts };
                    self.within(point.over, Due::Input(sighting(now, seen)));
                }
            }
            Action::Stimulate { input, .. } if !self.mishaps.dull => {
                let seen = Seen::Touched { input: input.clone(), times: 1 };
                self.within(Duration::from_millis(3), Due::Input(sighting(now, seen)));
            }
            Action::Impair(Impairment { name, .. }) | Action::Misbehave(Misbehaviour { name, .. })
                if !self.mishaps.dull =>
            {
                if let Action::Impair(Impairment { how: Impair::Unplug | Impair::Flap { .. }, .. }) = action {
                    let seen = Seen::Traffic(Traffic::Carrier { up: false });
                    self.within(Duration::ZERO, Due::Input(sighting(now, seen)));
                }
                let seen = Seen::Met { name: name.clone(), times: 1 };
                self.within(Duration::from_millis(3), Due::Input(sighting(now, seen)));
            }
            Action::BreakAt { address, .. } => {
                let seen = Seen::Halted { address: *address, pc: *address };
                self.within(Duration::from_millis(3), Due::Input(sighting(now, seen)));
            }
            _ => {}
        }
        let (before, after) = ("00".to_owned(), "01".to_owned());
        Ok(match action {
            Action::FlipMemory { .. } | Action::FlipRegister { .. } => Done::Changed { before, after },
            Action::CorruptFlash(_) => {
                self.boot("soft");
                self.life += u32::from(self.flaws.sulks);
                Done::Changed { before, after }
            }
            Action::EndFlood | Action::Noise(_) => Done::Sent { bytes: u64::from(!self.mishaps.dull) },
            Action::Stimulate { .. } => Done::Stimulated { observes: true },
            _ => Done::Plain,
        })
    }

    fn power_off(&mut self) {
        self.powered = false;
        self.running = false;
        self.life += 1;
        self.rail();
    }

    fn rail(&mut self) {
        if !self.mishaps.blind {
            let seen = Seen::Rail { on: self.powered };
            self.within(Duration::ZERO, Due::Input(sighting(self.now, seen)));
        }
    }

    fn boot(&mut self, cause: &str) {
        self.life += 1;
        self.running = true;
        self.readies += 1;
        let cause = if self.flaws.wrong_cause { "unknown" } else { cause };
        self.deed(10, Deed::Say(format!("boot: cause={cause}")));
        self.deed(20, Deed::Keep("boots".to_owned(), self.readies.to_string()));
        if self.readies > 1 && self.flaws.mute_again {
            return;
        }
        if self.readies == 1 || !self.flaws.never_ready_again {
            self.deed(50, Deed::Say("ready".to_owned()));
        }
        self.deed(100, Deed::Control);
    }

    fn answer(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["set", ..] if self.flaws.refuses => self.deed(1, Deed::Say("error: no".to_owned())),
            ["set", key, value] => {
                if !self.flaws.forgets {
                    self.deed(2, Deed::Keep((*key).to_owned(), (*value).to_owned()));
                }
                self.deed(3, Deed::Say(format!("ok: {key}={value}")));
            }
            ["get", key] => {
                let answer = match self.kept.get(*key) {
                    Some(value) => format!("value: {key}={value}"),
                    None => "error: unknown".to_owned(),
                };
                self.deed(1, Deed::Say(answer));
            }
            ["hang"] => self.life += 1,
            other => panic!("{other:?}"),
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Input(input) => self.input(input),
            Due::Device { life, .. } if life != self.life => {}
            Due::Device { deed: Deed::Say(text), .. } => self.say(text),
            Due::Device { deed: Deed::Control, .. } => {
                self.say("control".to_owned());
                if let Some(seq) = &mut self.sent {
                    *seq += 1;
                    let text = format!(r#"{{"seq":{seq},"mode":"normal"}}"#);
                    self.publish("devices/dut/telemetry", &text);
                }
                self.deed(100, Deed::Control);
            }
            Due::Device { deed: Deed::Keep(key, value), .. } => self.keep(key, value),
            Due::Device { deed: Deed::Publish(text), .. } => self.publish("devices/dut/answer", &text),
        }
    }

    fn keep(&mut self, key: String, value: String) {
        self.operations += 1;
        let struck = match &mut self.cut {
            Some(cut) if !self.mishaps.blunt => {
                cut.nth = cut.nth.saturating_sub(1);
                cut.nth == 0
            }
            _ => false,
        };
        if self.tracing {
            let op = FlashOpKind::Write;
            let op = FlashOp { nth: self.operations, op, address: 0xfc000, complete: !struck };
            self.input(sighting(self.now, Seen::Flash(op)));
        }
        if struck {
            self.cut = None;
            self.power_off();
        } else {
            self.kept.insert(key, value);
        }
    }

    fn say(&mut self, text: String) {
        if !self.flaws.mute {
            self.input(sighting(self.now, Seen::Line { text, offset: 0 }));
        }
    }

    /// The device publishes a message.
    fn publish(&mut self, topic: &str, text: &str) {
        let (topic, payload) = (topic.to_owned(), Payload::from(text));
        let seen =
            MqttSeen::Publish { conn: Conn(1), topic, payload, qos: 1, dup: false, retain: false, id: None };
        self.input(sighting(self.now, Seen::Traffic(Traffic::Mqtt(seen))));
    }

    fn deed(&mut self, ms: u64, deed: Deed) {
        let due = Due::Device { life: self.life, deed };
        self.within(Duration::from_millis(ms), due);
    }

    fn within(&mut self, time: Duration, due: Due) {
        self.at(self.now + time, due);
    }

    fn at(&mut self, at: Instant, due: Due) {
        self.scheduled += 1;
        self.due.insert((at, self.scheduled), due);
    }
}

fn sighting(at: Instant, what: Seen) -> Input {
    Input::Sighting(Sighting { at, dut: Dut::from("dut"), what })
}

fn trouble(port: Port) -> PortError {
    PortError { port, trouble: Trouble::Silent, message: "it is gone".to_owned(), help: None }
}
