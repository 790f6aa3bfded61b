//! Scenario × board × rig × seed → plans: every name is looked up, every port is there, nothing is left open.

use crate::board_file::{BoardFile, GET, SET};
use crate::check::Check;
use crate::fault::Fault;
use crate::language::diagnostic::did_you_mean;
use crate::language::render::Problems;
use crate::language::{Diagnostic, Diagnostics, Mention, Span, Value};
use crate::names::{Command, Defect, Dut, Setting, Signal};
use crate::plan::{BoardPlan, DefectPlan, Image, Plan, Source, VERSION};
use crate::port::Port;
use crate::rig_file::{RigDut, RigFile};
use crate::scenario::{ScenarioCase, ScenarioFile};
use crate::step::Step;
use crate::trigger::BOOT;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Where the images of board files are, in the project.
pub const IMAGES: &str = "fixtures/firmware/images";

/// The image that runs when nobody says otherwise.
pub const CURRENT: &str = "current";

/// What the command line decides about a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The base seed, from which [`seed_of`] makes that of each plan.
    pub seed: u64,
    /// The defect that the firmware is to have.
    pub defect: Option<Defect>,
    /// An image to run instead: a name under the board's `images`, or a path.
    pub image: Option<String>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// The scenario does not fit board and rig.
    #[error(transparent)]
    Scenario(#[from] Problems),
    /// Something given beside the scenario is wrong: an option, the choice of board, an image file.
    #[error("{message}")]
    Given {
        /// What, in one line.
        message: String,
        /// What to do.
        help: String,
    },
}

/// Makes the plans of a scenario, one for each case, in its order.
///
/// `digest` gives the SHA-256 of an image file in hex, by its path in the project, or says why it cannot.
///
/// # Errors
/// All problems of the scenario together, or what is wrong with what was given beside it.
pub fn resolve(
    scenario: &ScenarioFile,
    board: &BoardFile,
    rig: &RigFile,
    options: &Options,
    digest: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Vec<Plan>, Unresolved> {
    let mut problems: Vec<Diagnostic> = Vec::new();
    for case in &scenario.cases {
        let mut out = Diagnostics::new();
        Fit { case, board, rig }.check(&mut out);
        for problem in out.into_sorted() {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    if !problems.is_empty() {
        problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
        let (path, text) = (scenario.path.clone(), scenario.text.clone());
        return Err(Problems { path, text, found: problems }.into());
    }
    let board_plan = board_plan(board, options, digest)?;
    scenario
        .cases
        .iter()
        .map(|case| {
            let (dut, rig_dut) = rig.dut(case.scenario.dut.as_ref()).ok_or_else(|| Unresolved::Given {
                message: format!("the rig `{}` has no device", rig.name),
                help: format!("add one under `duts` in {}", rig.path),
            })?;
            if rig_dut.board != board.name {
                return Err(Unresolved::Given {
                    message: format!("`{dut}` is a `{}`, not a `{}`", rig_dut.board, board.name),
                    help: format!("its board stands in {}", rig.path),
                });
            }
            Ok(plan(scenario, case, dut, rig_dut, rig, options.seed, board_plan.clone()))
        })
        .collect()
}

/// The seed of one plan: the first 53 bits of SHA-256 over the base seed, the scenario's name and the case. It stays
/// the same when scenarios or cases are added, and any reader of JSON can hold it exactly.
pub fn seed_of(base: u64, scenario: &str, case: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(b"brownout seed 1\0");
    hash.update(base.to_be_bytes());
    hash.update((scenario.len() as u64).to_be_bytes());
    hash.update(scenario);
    hash.update(case);
    let digest = hash.finalize();
    digest.iter().take(8).fold(0u64, |seed, byte| seed << 8 | u64::from(*byte)) >> 11
}

fn plan(
    file: &ScenarioFile,
    case: &ScenarioCase,
    dut: &Dut,
    rig_dut: &RigDut,
    rig: &RigFile,
    base: u64,
    board: BoardPlan,
) -> Plan {
    let scenario = &case.scenario;
    Plan {
        version: VERSION,
        scenario: file.name.clone(),
        title: scenario.title.clone(),
        tags: scenario.tags.clone(),
        case: case.case.clone(),
        seed: seed_of(base, &file.name, &case.name()),
        rig: rig.name.clone(),
        clock: rig.clock,
        dut: dut.clone(),
        board,
        drivers: rig_dut.ports.iter().map(|(port, driver)| (*port, driver.kind.clone())).collect(),
        steady: scenario.steady.clone(),
        method: scenario.method.clone(),
        expect: scenario.expect.clone(),
    }
}

fn board_plan(
    file: &BoardFile,
    options: &Options,
    digest: &dyn Fn(&str) -> Result<String, String>,
) -> Result<BoardPlan, Unresolved> {
    let board = &file.board;
    let value = match (&options.defect, &board.defects) {
        (None, _) => None,
        (Some(defect), Some(defects)) => match defects.known.get(defect.as_str()) {
            Some(word) => Some(word.0),
            None => {
                return Err(Unresolved::Given {
                    message: format!("unknown defect `{defect}`"),
                    help: near(
                        defect.as_str(),
                        defects.known.keys().map(String::as_str),
                        &file.path,
                        "defects",
                    ),
                });
            }
        },
        (Some(defect), None) => {
            return Err(Unresolved::Given {
                message: format!("unknown defect `{defect}`: no image of `{}` has any", file.name),
                help: format!("describe an image with defects under `defects` in {}", file.path),
            });
        }
    };
    let has_defects = |key: &str| board.defects.as_ref().is_some_and(|defects| defects.image == key);
    let default = match &board.defects {
        Some(defects) if value.is_some() => defects.image.as_str(),
        _ => CURRENT,
    };
    let key = options.image.as_deref().unwrap_or(default);
    let path = match (board.images.get(key), &options.image) {
        (Some(image), _) => format!("{IMAGES}/{image}"),
        (None, Some(path)) => path.clone(),
        (None, None) => {
            return Err(Unresolved::Given {
                message: format!("the board `{}` has no image `{key}`", file.name),
                help: format!("name a file under `images` in {}, or give one with `--image`", file.path),
            });
        }
    };
    // An image of one's own is taken to have the defects when one is asked for, and to have none otherwise.
    let selects = value.is_some() || has_defects(key);
    let defect = board.defects.as_ref().filter(|_| selects).map(|defects| DefectPlan {
        name: options.defect.clone(),
        address: defects.word.0,
        value: value.unwrap_or(defects.none.0),
    });
    let sha256 = digest(&path).map_err(|why| Unresolved::Given {
        message: format!("cannot read the image {path}: {why}"),
        help: "build it, or give another with `--image`".to_owned(),
    })?;
    let fresh = board
        .fresh
        .iter()
        .filter_map(|region| board.flash.get(region.as_str()))
        .map(|range| (range.start, range.end - range.start))
        .collect();
    Ok(BoardPlan {
        name: file.name.clone(),
        chip: board.chip.clone(),
        baud: board.console.baud,
        image: Image { path, sha256 },
        fresh,
        defect,
        signals: board.signals.iter().map(|(name, s)| (Signal(name.clone()), s.clone())).collect(),
        commands: board.commands.iter().map(|(name, c)| (Command(name.clone()), c.clone())).collect(),
    })
}

/// One case of a scenario against board and rig.
struct Fit<'a> {
    case: &'a ScenarioCase,
    board: &'a BoardFile,
    rig: &'a RigFile,
}

impl Fit<'_> {
    fn check(&self, out: &mut Diagnostics) {
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
                Mention::Region(_) => {}
            }
        }
        self.fault_ports(out);
        self.checks(out);
    }

    fn signal(&self, signal: &Signal, span: Span, out: &mut Diagnostics) {
        match self.board.signal(signal) {
            Some(Source::Console(_)) => {
                self.port(Port::Console, &format!("the signal `{signal}`"), span, out)
            }
            Some(Source::Log(_)) => self.port(Port::Debug, &format!("the signal `{signal}`"), span, out),
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
        if self.board.command(command).is_some() {
            self.port(Port::Console, &format!("the command `{command}`"), span, out);
            return;
        }
        let known = self.board.board.commands.keys().map(String::as_str);
        let help = near(command.as_str(), known, &self.board.path, "commands");
        out.error(span, format!("unknown command `{command}`"), "the board has no such command", Some(help));
    }

    fn setting(&self, setting: &Setting, span: Span, out: &mut Diagnostics) {
        let missing: Vec<_> =
            [SET, GET].into_iter().filter(|name| !self.board.board.commands.contains_key(*name)).collect();
        if missing.is_empty() {
            self.port(Port::Console, &format!("the setting `{setting}`"), span, out);
            return;
        }
        let missing = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        out.error(
            span,
            format!("the board `{}` does not say how a setting is written and read", self.board.name),
            format!("needs the command {missing}"),
            Some(format!("add {missing} under `commands` in {}", self.board.path)),
        );
    }

    /// A board without any known defects can run the scenario all the same; one with others cannot have meant this.
    fn defect(&self, defect: &Defect, span: Span, out: &mut Diagnostics) {
        if self.board.knows_defect(defect) == Some(false) {
            let known = self.board.board.defects.iter().flat_map(|d| d.known.keys()).map(String::as_str);
            let help = near(defect.as_str(), known, &self.board.path, "defects");
            out.error(span, format!("unknown defect `{defect}`"), "the board has no such defect", Some(help));
        }
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
            ("check", "boots_at_most" | "reset_cause") | ("trigger", "boot") | ("step", "reset")
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
            Some(boot) if word == "reset_cause" && !boot.groups().contains("cause") => out.error(
                span,
                format!("`reset_cause` needs a group `cause` in the signal `boot` of `{}`", self.board.name),
                "needs `cause`",
                Some(format!(r"write `(?<cause>\w+)` where the cause stands, in {}", self.board.path)),
            ),
            Some(_) => self.port(
                if matches!(self.board.signal(&Signal::from(BOOT)), Some(Source::Log(_))) {
                    Port::Debug
                } else {
                    Port::Console
                },
                &format!("`{word}`"),
                span,
                out,
            ),
        }
    }

    /// Steps are decoded in the order in which `flatten` walks them, so faults and their places pair up.
    fn fault_ports(&self, out: &mut Diagnostics) {
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
            for port in fault.needs() {
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
            match check {
                Check::Seen(seen) => {
                    let Some(source) = self.board.signal(&seen.signal) else { continue };
                    let groups = source.groups();
                    let Some(Value::Map(written)) = node.at(&["seen", "where"]).map(|node| &node.value)
                    else {
                        continue;
                    };
                    for (key, _) in written.iter().filter(|(key, _)| !groups.contains(&key.text)) {
                        let help = near(
                            &key.text,
                            groups.iter().map(String::as_str),
                            &self.board.path,
                            "its groups",
                        );
                        out.error(
                            key.span,
                            format!("the signal `{}` has no group `{}`", seen.signal, key.text),
                            "no such group",
                            Some(help),
                        );
                    }
                }
                Check::Durable(durable) => {
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
                _ => {}
            }
        }
    }
}

fn flatten<'a>(steps: &'a [Step], all: &mut Vec<&'a Step>) {
    for step in steps {
        all.push(step);
        flatten(step.inner(), all);
    }
}

/// A nearby name, or all there are.
fn near<'a>(written: &str, known: impl Iterator<Item = &'a str> + Clone, path: &str, field: &str) -> String {
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

impl Plan {
    /// The case in words: `cut_at=25%`; empty for the only case.
    pub fn case_name(&self) -> String {
        crate::language::substitute::case_name(&self.case)
    }

    /// SHA-256, in hex, of the plan as JSON without spaces, fields in the order of their types, names sorted.
    pub fn digest(&self) -> String {
        // Writing to memory cannot fail, and a plan has no map whose keys are not texts.
        let json = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
