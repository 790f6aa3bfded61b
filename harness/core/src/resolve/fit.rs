//! Whether a scenario fits a board and a rig: every name is known, every port is there, and what checks ask about
//! happens.

use crate::board_file::BoardFile;
use crate::check::{Check, SEQUENCE};
use crate::command::{GET, SET, SettingCommand};
use crate::fault::Fault;
use crate::language::diagnostic::did_you_mean;
use crate::language::{Diagnostics, Mention, Node, Span, Value};
use crate::names::{Command, Defect, Dut, Input, Region, Setting, Signal};
use crate::plan::Symbol;
use crate::port::Port;
use crate::rig_file::RigFile;
use crate::scenario::ScenarioCase;
use crate::source::{NetworkSignal, Source};
use crate::step::Step;
use crate::trigger::BOOT;
use std::collections::{BTreeMap, BTreeSet};

/// The named groups of each signal that has known ones. Compiling patterns is slow, and there may be many cases.
pub(super) type Groups<'a> = BTreeMap<&'a str, BTreeSet<String>>;

/// One case of a scenario against board and rig.
pub(super) struct Fit<'a> {
    pub(super) case: &'a ScenarioCase,
    pub(super) board: &'a BoardFile,
    pub(super) rig: &'a RigFile,
    pub(super) groups: &'a Groups<'a>,
    /// The symbols of the image, if there is one that can be read.
    pub(super) symbols: Option<&'a BTreeMap<String, Symbol>>,
}

impl Fit<'_> {
    /// Complains of all that does not fit.
    pub(super) fn check(&self, out: &mut Diagnostics) {
        for (mention, span) in &self.case.mentions {
            match mention {
                Mention::Signal(signal) => self.signal(signal, *span, out),
                Mention::Command(command) => self.command(command, *span, out),
                Mention::Setting(setting) => self.setting(setting, *span, out),
                Mention::Defect(defect) => self.defect(defect, *span, out),
                Mention::Dut(dut) => self.dut(dut, *span, out),
                Mention::Port(port) => self.port(*port, "the scenario", *span, out),
                Mention::Fault(kind) => self.fault_kind(kind, false, *span, out),
                Mention::FaultOrCommand(name) => self.fault_kind(name, true, *span, out),
                Mention::Kind { noun, word } => self.kind(noun, word, *span, out),
                Mention::Symbol(name) => self.symbol(name, *span, out),
                Mention::Input(input) => self.input(input, *span, out),
                Mention::Region(region) => self.region(region, *span, out),
            }
        }
        self.publishes(out);
        self.faults(out);
        self.strikes(out);
        self.checks(out);
    }

    fn signal(&self, signal: &Signal, span: Span, out: &mut Diagnostics) {
        if let Some(source) = self.board.signal(signal) {
            self.port(source.port(), &format!("the signal `{signal}`"), span, out);
            return;
        }
        match NetworkSignal::reserved(signal) {
            Some(Some(network)) => self.port(network.port(), &format!("the signal `{signal}`"), span, out),
            Some(None) => {
                let known: Vec<_> = NetworkSignal::ALL.iter().map(|known| known.reserved_name()).collect();
                let help = match did_you_mean(signal.as_str(), known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it is one of: {}", known.join(", ")),
                };
                out.error(
                    span,
                    format!("unknown signal `{signal}` of the network"),
                    "no such signal",
                    Some(help),
                );
            }
            None => {
                let known = self.board.board.signals.keys().map(String::as_str);
                let help = near(signal.as_str(), known, &self.board.path, "signals");
                out.error(
                    span,
                    format!("unknown signal `{signal}`"),
                    "the board has no such signal",
                    Some(help),
                );
            }
        }
    }

    fn command(&self, command: &Command, span: Span, out: &mut Diagnostics) {
        if let Some(words) = self.board.command(command) {
            for port in words.needs() {
                self.port(port, &format!("the command `{command}`"), span, out);
            }
            return;
        }
        let known = self.board.board.commands.keys().map(String::as_str);
        let help = near(command.as_str(), known, &self.board.path, "commands");
        out.error(span, format!("unknown command `{command}`"), "the board has no such command", Some(help));
    }

    /// A setting is written and read by the commands that its steps name, which are `set` and `get` if they name none.
    fn setting(&self, setting: &Setting, span: Span, out: &mut Diagnostics) {
        let mut steps = Vec::new();
        flatten(&self.case.scenario.method, &mut steps);
        let mut by: BTreeMap<&str, SettingCommand> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Set(set) if set.setting == *setting => Some((set.by.as_str(), SettingCommand::Set)),
                Step::Get(get) if get.setting == *setting => Some((get.by.as_str(), SettingCommand::Get)),
                _ => None,
            })
            .collect();
        // What is written is read, and the other way round, by a board that is whole.
        if by.is_empty() || by.contains_key(SET) || by.contains_key(GET) {
            by.extend([(SET, SettingCommand::Set), (GET, SettingCommand::Get)]);
        }
        let commands = &self.board.board.commands;
        let missing: Vec<_> = [SET, GET]
            .iter()
            .filter(|name| by.contains_key(*name) && !commands.contains_key(**name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(" and ");
            out.error(
                span,
                format!("the board `{}` does not say how a setting is written and read", self.board.name),
                format!("needs the command {missing}"),
                Some(format!("add {missing} under `commands` in {}", self.board.path)),
            );
            return;
        }
        for (name, of) in by {
            // One that is not there is complained of where it is named.
            let Some(words) = commands.get(name) else { continue };
            for port in words.needs() {
                self.port(port, &format!("the setting `{setting}`"), span, out);
            }
            if let Some(unsaid) = words.not_said(of) {
                out.error(
                    span,
                    format!("the command `{name}` {} to be one for settings", unsaid.message),
                    unsaid.label,
                    Some(format!("{}, in {}", unsaid.help, self.board.path)),
                );
            }
        }
    }

    /// A board without known defects can run the scenario all the same: there is nothing it could be proved with. Where
    /// there are some, a name that is none of them would quietly take the scenario out of the proof that it can fail.
    fn defect(&self, defect: &Defect, span: Span, out: &mut Diagnostics) {
        let Some(defects) = &self.board.board.defects else { return };
        if defects.known.contains_key(defect.as_str()) {
            return;
        }
        let help =
            near(defect.as_str(), defects.known.keys().map(String::as_str), &self.board.path, "defects");
        out.error(span, format!("unknown defect `{defect}`"), "the board has no such defect", Some(help));
    }

    fn symbol(&self, name: &str, span: Span, out: &mut Diagnostics) {
        let Some(symbols) = self.symbols.filter(|symbols| !symbols.contains_key(name)) else { return };
        let help = match did_you_mean(name, symbols.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if symbols.is_empty() => {
                "it was stripped of its symbol table; write an address, or keep `.symtab`".to_owned()
            }
            None => "`nm` on the image shows its symbols; a `static` or function may be left out or renamed \
                     unless it says `#[unsafe(no_mangle)]` and is used"
                .to_owned(),
        };
        out.error(span, format!("the image has no symbol `{name}`"), "no such symbol", Some(help));
    }

    fn region(&self, region: &Region, span: Span, out: &mut Diagnostics) {
        if self.board.board.flash.contains_key(region.as_str()) {
            return;
        }
        let known = self.board.board.flash.keys().map(String::as_str);
        let help = near(region.as_str(), known, &self.board.path, "flash");
        out.error(
            span,
            format!("unknown flash region `{region}`"),
            "the board has no such region",
            Some(help),
        );
    }

    fn input(&self, input: &Input, span: Span, out: &mut Diagnostics) {
        let Some(kind) = self.board.board.inputs.get(input.as_str()) else {
            let known = self.board.board.inputs.keys().map(String::as_str);
            let help = near(input.as_str(), known, &self.board.path, "inputs");
            out.error(span, format!("unknown input `{input}`"), "the board has no such input", Some(help));
            return;
        };
        let mut steps = Vec::new();
        flatten(&self.case.scenario.method, &mut steps);
        let other = steps.iter().find_map(|step| match step.input() {
            Some((of, wanted)) if of == input && wanted != *kind => Some((step.kind(), wanted)),
            _ => None,
        });
        if let Some((step, wanted)) = other {
            let fitting: Vec<_> = self
                .board
                .board
                .inputs
                .iter()
                .filter(|(_, kind)| **kind == wanted)
                .map(|(name, _)| name.as_str())
                .collect();
            let help = match fitting.as_slice() {
                [] => format!("{} has no input of kind `{}`", self.board.path, wanted.word()),
                fitting => format!("of kind `{}`: {}", wanted.word(), fitting.join(", ")),
            };
            out.error(
                span,
                format!(
                    "`{step}` is for an input of kind `{}`; `{input}` is a `{}`",
                    wanted.word(),
                    kind.word()
                ),
                format!("a `{}`", kind.word()),
                Some(help),
            );
            return;
        }
        self.port(Port::Stimulus, &format!("the input `{input}`"), span, out);
    }

    fn dut(&self, dut: &Dut, span: Span, out: &mut Diagnostics) {
        if self.rig.dut(Some(dut)).is_none() {
            let known = self.rig.duts.iter().map(|(name, _)| name.as_str());
            let help = near(dut.as_str(), known, &self.rig.path, "duts");
            out.error(span, format!("unknown device `{dut}`"), "the rig has no such device", Some(help));
        }
    }

    fn port(&self, port: Port, who: &str, span: Span, out: &mut Diagnostics) {
        let Some((dut, rig_dut)) = self.rig.dut(self.case.scenario.dut.as_ref()) else { return };
        if port.is_asked_for() && !self.case.scenario.needs.contains(&port) {
            out.error(
                span,
                format!("{who} needs the port `{port}`, which this scenario does not ask for"),
                format!("needs `{port}`"),
                Some(
                    "write `needs: [link, services]`: without it the device has no network in this scenario"
                        .to_owned(),
                ),
            );
            return;
        }
        if rig_dut.driver(port).is_none() {
            out.error(
                span,
                format!("{who} needs the port `{port}`, which the rig `{}` does not have", self.rig.name),
                format!("needs `{port}`"),
                Some(format!(
                    "add `{port}: {{<driver>: {{…}}}}` to `{dut}` in {}, or choose another rig with `--rig`",
                    self.rig.path
                )),
            );
        }
    }

    /// What a check says of a fault must be of one that the method has.
    fn fault_kind(&self, name: &str, or_command: bool, span: Span, out: &mut Diagnostics) {
        let mut steps = Vec::new();
        flatten(&self.case.scenario.method, &mut steps);
        let faults: BTreeSet<&str> = steps.iter().filter(|s| s.fault().is_some()).map(|s| s.kind()).collect();
        let sent: BTreeSet<&str> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Send(send) if or_command => Some(send.command.as_str()),
                _ => None,
            })
            .collect();
        if faults.contains(name) || sent.contains(name) {
            return;
        }
        let is_fault = Fault::TABLE.iter().any(|(word, _)| *word == name);
        let is_command = or_command && self.board.board.commands.contains_key(name);
        let used = || faults.iter().chain(&sent).copied();
        if is_fault || is_command {
            let verb = if is_fault { "has no" } else { "does not send" };
            let help = match used().next() {
                Some(_) => format!("the method has: {}", used().collect::<Vec<_>>().join(", ")),
                None => "add it to `method`".to_owned(),
            };
            out.error(span, format!("the method {verb} `{name}`"), "never happens", Some(help));
            return;
        }
        let what = if or_command { "fault or command" } else { "fault" };
        let known = Fault::TABLE.iter().map(|(word, _)| *word).chain(sent.iter().copied());
        let help = match did_you_mean(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of: {}", known.collect::<Vec<_>>().join(", ")),
        };
        out.error(span, format!("unknown {what} `{name}`"), "not known", Some(help));
    }

    /// What some kinds cannot do without the `boot` signal.
    fn kind(&self, noun: &str, word: &str, span: Span, out: &mut Diagnostics) {
        let needs_boot = matches!(
            (noun, word),
            ("check", "boots_at_most" | "reset_cause" | "reset_storm" | "heap_and_boots_stable")
                | ("trigger", "boot")
                | ("step", "reset")
        );
        if !needs_boot {
            return;
        }
        match self.board.signal(&Signal::from(BOOT)) {
            None => out.error(
                span,
                format!(
                    "`{word}` needs the signal `boot`, which the board `{}` does not have",
                    self.board.name
                ),
                "needs `boot`",
                Some(format!(
                    "say how the device shows that it starts: `boot: {{console: '…'}}` under `signals` in {}",
                    self.board.path
                )),
            ),
            Some(_)
                if word == "reset_cause" && self.groups.get(BOOT).is_some_and(|g| !g.contains("cause")) =>
            {
                out.error(
                    span,
                    format!(
                        "`reset_cause` needs a group `cause` in the signal `boot` of `{}`",
                        self.board.name
                    ),
                    "needs `cause`",
                    Some(format!(r"write `(?<cause>\w+)` where the cause stands, in {}", self.board.path)),
                )
            }
            Some(source) => self.port(source.port(), &format!("`{word}`"), span, out),
        }
    }

    /// What is published is published by a broker.
    fn publishes(&self, out: &mut Diagnostics) {
        for (mention, span) in &self.case.mentions {
            if matches!(mention, Mention::Kind { noun: "step", word: "publish" }) {
                self.port(Port::Services, "`publish`", *span, out);
            }
        }
    }

    /// Steps are decoded in the order in which `flatten` walks them, so faults and their places pair up.
    fn faults(&self, out: &mut Diagnostics) {
        let mut steps = Vec::new();
        flatten(&self.case.scenario.method, &mut steps);
        let faults = steps.iter().filter_map(|step| step.fault());
        let is_fault = |word: &str| Fault::TABLE.iter().any(|(fault, _)| *fault == word);
        let places =
            self.case.mentions.iter().enumerate().filter_map(|(at, (mention, span))| match mention {
                Mention::Kind { noun: "step", word } if is_fault(word) => Some((at, *span)),
                _ => None,
            });
        for (fault, (at, span)) in faults.zip(places) {
            let timing = fault.timing();
            if timing.when.is_none() && !timing.during.is_empty() {
                out.error(
                    span,
                    format!(
                        "the steps under `while` would never run: this `{}` strikes at once",
                        fault.kind()
                    ),
                    "has `while` but no `when`",
                    Some("say `when` it strikes, or move the steps in front of it".to_owned()),
                );
            }
            // The input says it where it is named.
            let by_input = fault.as_kind().input().is_some();
            for port in fault.needs().into_iter().filter(|port| !(by_input && *port == Port::Stimulus)) {
                // The trigger comes right after its fault.
                let trigger = self.case.mentions[at..].iter().find_map(|(mention, span)| match mention {
                    Mention::Kind { noun: "trigger", word } => Some((*word, *span)),
                    _ => None,
                });
                match (port, trigger) {
                    (Port::FlashTrace, Some((word, span))) => {
                        self.port(port, &format!("`{word}`"), span, out)
                    }
                    _ => self.port(port, &format!("`{}`", fault.kind()), span, out),
                }
            }
        }
    }

    fn checks(&self, out: &mut Diagnostics) {
        let Some(Value::List(nodes)) = self.case.node.at(&["expect"]).map(|node| &node.value) else { return };
        for (check, node) in self.case.scenario.expect.iter().zip(nodes) {
            for asked in check.asks() {
                self.groups_of(asked.signal, written(node, check.kind(), asked.at), out);
            }
            let sampled = check.samples().map(|_| Port::Debug);
            let needed: BTreeSet<_> = check.needs().iter().copied().chain(sampled).collect();
            for port in needed {
                self.port(port, &format!("`{}`", check.kind()), node.span, out);
            }
            if let Some(why) = check.contradiction() {
                out.error(node.span, why, "these fields do not go together", None);
            }
            if let Some(signal) = check.numbered() {
                self.numbered(signal, check, node, out);
            }
            if let Check::Durable(durable) = check {
                let mut steps = Vec::new();
                flatten(&self.case.scenario.method, &mut steps);
                let sets =
                    steps.iter().any(|s| matches!(s, Step::Set(set) if set.setting == durable.setting));
                if !sets {
                    out.error(
                        node.span,
                        format!("the method never sets `{}`", durable.setting),
                        "nothing to keep",
                        Some(format!("add `set: {{setting: {}, to: …}}` to the method", durable.setting)),
                    );
                }
            }
        }
    }

    /// A signal that a check takes for numbered records has numbers.
    fn numbered(&self, signal: &Signal, check: &Check, node: &Node, out: &mut Diagnostics) {
        let kind = check.kind();
        let span = written(node, kind, &["signal"]).map_or(node.span, |node| node.span);
        let (board, path) = (&self.board.name, &self.board.path);
        let help = match self.board.signal(signal) {
            // One that is named is complained of where it stands.
            None if span != node.span => return,
            None => {
                out.error(
                    span,
                    format!("`{kind}` needs the signal `{signal}`, which the board `{board}` does not have"),
                    format!("needs `{signal}`"),
                    Some(format!(
                        "say how it shows, like `{signal}: {{mqtt: 'devices/+/telemetry', sequence: /seq}}` under \
                         `signals` in {path}, or name another `signal`"
                    )),
                );
                return;
            }
            Some(source @ Source::Mqtt(of)) => {
                if span == node.span {
                    self.port(source.port(), &format!("the signal `{signal}`"), span, out);
                }
                match of.sequence {
                    Some(_) => return,
                    None => format!("say where it stands, like `sequence: /seq`, in {path}"),
                }
            }
            Some(source) if source.groups().is_none_or(|groups| groups.contains(SEQUENCE)) => return,
            Some(_) => format!(r"write `(?<{SEQUENCE}>\d+)` where the number stands, in {path}"),
        };
        let message = format!("the signal `{signal}` of `{board}` has no sequence number");
        out.error(span, message, format!("`{kind}` needs one"), Some(help));
    }

    /// The groups that a check asks about, as a mapping from their names or as one name, must be the signal's.
    fn groups_of(&self, signal: &Signal, named: Option<&Node>, out: &mut Diagnostics) {
        let (Some(groups), Some(named)) = (self.groups.get(signal.as_str()), named) else { return };
        let named: Vec<(&str, Span)> = match &named.value {
            Value::Map(entries) => entries.iter().map(|(key, _)| (key.text.as_str(), key.span)).collect(),
            Value::Scalar { text, .. } => vec![(text, named.span)],
            _ => Vec::new(),
        };
        for (name, span) in named.into_iter().filter(|(name, _)| !groups.contains(*name)) {
            let help = near(name, groups.iter().map(String::as_str), &self.board.path, "groups");
            out.error(
                span,
                format!("the signal `{signal}` has no group `{name}`"),
                "no such group",
                Some(help),
            );
        }
    }
}

/// Where a field of a check is written, if it is.
fn written<'n>(node: &'n Node, kind: &str, at: &[&str]) -> Option<&'n Node> {
    let path: Vec<_> = std::iter::once(kind).chain(at.iter().copied()).collect();
    node.at(&path)
}

fn flatten<'a>(steps: &'a [Step], all: &mut Vec<&'a Step>) {
    for step in steps {
        all.push(step);
        let (first, second) = step.parts();
        flatten(first, all);
        flatten(second, all);
    }
}

/// A nearby name, or all there are.
pub(super) fn near<'a>(
    written: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    path: &str,
    field: &str,
) -> String {
    match did_you_mean(written, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<_> = known.collect();
            if known.is_empty() {
                format!("{path} has none under `{field}`")
            } else {
                format!("{path} has these {field}: {}", known.join(", "))
            }
        }
    }
}
