//! Scenario files: what a person writes, with its cases.

use crate::check::Check;
use crate::coverage::Cover;
use crate::language::render::Problems;
use crate::language::substitute::{Axis, Case, NOT_VARIED, Substitution, axes, case_name, cases};
use crate::language::{Decode, Diagnostic, Diagnostics, Mention, Node, Span, Value, parse};
use crate::names::{Defect, Dut};
use crate::port::Port;
use crate::step::{Steady, Step};
use std::collections::{BTreeMap, BTreeSet};

crate::record! {
    /// What is done to a device and what is expected of it.
    ///
    /// `{scenario: power is cut, method: [power_cut: {}], expect: [never: panic]}`
    pub struct Scenario {
        /// What happens, in a few words; shown as the title.
        title: String = "scenario" (NotEmpty),
        /// Words to choose scenarios by: `brownout run --tag nightly`.
        tags: Vec<String> = "tags" or Vec::new(),
        /// Ports the rig must have besides those that steps and checks need anyway.
        needs: Vec<Port> = "needs" or Vec::new(),
        /// What it covers: a class of failure (`class:dns`), a test of AWS IoT Core Device Advisor
        /// (`aws-iot-device-advisor/TLS_Connect`), or a requirement by its name in your own list.
        covers: Vec<Cover> = "covers" or Vec::new(),
        /// The known defect that it was made to catch. Firmware built with that defect must fail here.
        catches: Option<Defect> = "catches" optional,
        /// The device of the rig that it speaks to; the rig's first if left out.
        dut: Option<Dut> = "dut" optional,
        /// What must be seen before anything is done to the device.
        steady: Vec<Steady> = "steady" or Vec::new(),
        /// What is done, in order.
        method: Vec<Step> = "method" or Vec::new(),
        /// What is expected; at least one check.
        expect: Vec<Check> = "expect" (NotEmpty),
        /// Names with the values they take, one run for each combination; `$name` stands for the value.
        vary: BTreeMap<String, Vec<String>> = "vary" or BTreeMap::new(),
    }
}

/// A scenario file, read.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    /// Its name: the path without `scenarios/` and `.yaml` (`power/cut-while-writing`).
    pub name: String,
    /// Its title as it was written, `$name` and all.
    pub title: String,
    /// Its path, for messages.
    pub path: String,
    /// Its text, for messages.
    pub text: String,
    /// Its cases, at least one, in the order of `vary` with the last name turning fastest.
    pub cases: Vec<ScenarioCase>,
}

/// One case of a scenario.
#[derive(Clone, Debug)]
pub struct ScenarioCase {
    /// The values of `vary`; empty if there is only one case.
    pub case: Case,
    /// The scenario with these values in it; its `vary` is empty.
    pub scenario: Scenario,
    /// The names that rig and board must know, in reading order.
    pub mentions: Vec<(Mention, Span)>,
    /// The tree that it was read from.
    pub(crate) node: Node,
}

impl ScenarioCase {
    /// The case in words: `cut_at=25%`; empty for the only case.
    pub fn name(&self) -> String {
        case_name(&self.case)
    }
}

impl ScenarioFile {
    /// Reads a scenario. `path` is its path for messages; its name is made from that.
    ///
    /// # Errors
    /// Everything that is wrong with the text, as far as it can be known without rig and board.
    pub fn read(path: &str, text: &str) -> Result<Self, Problems> {
        match read(text) {
            Ok((title, cases)) => {
                let (name, path, text) = (scenario_name(path), path.to_owned(), text.to_owned());
                Ok(Self { name, title, path, text, cases })
            }
            Err(found) => Err(Problems { path: path.to_owned(), text: text.to_owned(), found }),
        }
    }

    /// The scenario of the first case: its title, tags and needs.
    pub fn first(&self) -> &Scenario {
        &self.cases[0].scenario
    }
}

/// `scenarios/power/x.yaml` → `power/x`. Only what follows the last `scenarios/` counts.
fn scenario_name(path: &str) -> String {
    let path = path.replace('\\', "/");
    let inside = match path.rfind("scenarios/") {
        Some(at) if at == 0 || path[..at].ends_with('/') => &path[at + "scenarios/".len()..],
        _ => path.rsplit('/').next().unwrap_or(&path),
    };
    inside.strip_suffix(".yaml").or_else(|| inside.strip_suffix(".yml")).unwrap_or(inside).to_owned()
}

fn read(text: &str) -> Result<(String, Vec<ScenarioCase>), Vec<Diagnostic>> {
    let node = parse(text)?;
    let mut out = Diagnostics::new();
    let vary = match &node.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.text == "vary").map(|(_, value)| value),
        _ => None,
    };
    let axes = match vary {
        Some(vary) => axes(vary, &mut out).ok_or(()),
        None => Ok(Vec::new()),
    };
    let Ok(axes) = axes else {
        // What `$name` stands for is not known; complain of the rest only.
        return Err(out.into_sorted());
    };
    let mut read = Vec::new();
    let mut seen = BTreeSet::new();
    let mut used = BTreeSet::new();
    let mut problems = Vec::new();
    let mut any_unknown = false;
    for case in cases(&axes) {
        let mut here = Diagnostics::new();
        let mut substitution = Substitution::of(&case);
        let tree = without_vary(&node, |value| substitution.apply(value, &mut here));
        used.extend(substitution.used().iter().cloned());
        let scenario = Scenario::decode(&tree, &mut here).filter(|_| here.is_empty());
        let mentions = here.mentions().to_vec();
        any_unknown |= !substitution.unknown().is_empty();
        for mut problem in here.into_sorted() {
            // A problem of the text itself comes back in every case; show it once.
            // What stands for nothing is no good value either; the first complaint is enough.
            let again = substitution.unknown().contains(&problem.span) && problem.label != NOT_VARIED;
            if !again && seen.insert((problem.span.start, problem.span.end, problem.label.clone())) {
                if let Some(note) = substitution.note(problem.span) {
                    problem.label = format!("{}; {note}", problem.label);
                }
                problems.push(problem);
            }
        }
        if let Some(scenario) = scenario {
            read.push(ScenarioCase { case: case.clone(), scenario, mentions, node: tree });
        }
    }
    for axis in &axes {
        if !any_unknown && !used.contains(&axis.name.text) {
            problems.push(unused(axis));
        }
    }
    if problems.is_empty() {
        return Ok((written_title(&node), read));
    }
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    Err(problems)
}

/// The title before anything was put in.
fn written_title(node: &Node) -> String {
    let Value::Map(entries) = &node.value else { return String::new() };
    let title = entries.iter().find(|(key, _)| key.text == "scenario").map(|(_, title)| &title.value);
    match title {
        Some(Value::Scalar { text, .. }) => text.clone(),
        _ => String::new(),
    }
}

/// Changes every value and leaves `vary` out, which is spent when the cases are made (and may be long).
fn without_vary(node: &Node, mut change: impl FnMut(&Node) -> Node) -> Node {
    match &node.value {
        Value::Map(entries) => {
            let entries = entries
                .iter()
                .filter(|(key, _)| key.text != "vary")
                .map(|(key, value)| (key.clone(), change(value)))
                .collect();
            Node { span: node.span, value: Value::Map(entries) }
        }
        _ => change(node),
    }
}

fn unused(axis: &Axis) -> Diagnostic {
    Diagnostic {
        message: format!("`{}` varies but nothing uses it", axis.name.text),
        span: axis.name.span,
        label: "never used".to_owned(),
        help: Some(format!("write `${}` where its values belong, or take it away", axis.name.text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_follows_the_last_scenarios_folder() {
        assert_eq!(scenario_name("scenarios/power/x.yaml"), "power/x");
        assert_eq!(scenario_name("/home/me/scenarios/old/scenarios/ota/y.yml"), "ota/y");
        assert_eq!(scenario_name("../my-scenarios/z.yaml"), "z");
        assert_eq!(scenario_name("x"), "x");
    }

    #[test]
    fn each_case_has_its_own_values() {
        let text = "scenario: for $off\nmethod: [power_cut: {for: $off}]\nexpect: [never: panic]\nvary: {off: [1s, 2s]}\n";
        let file = ScenarioFile::read("scenarios/a.yaml", text).unwrap();
        let titles: Vec<_> =
            file.cases.iter().map(|case| (case.name(), case.scenario.title.as_str())).collect();
        assert_eq!(titles, [("off=1s".to_owned(), "for 1s"), ("off=2s".to_owned(), "for 2s")]);
    }

    #[test]
    fn many_cases_are_read_quickly() {
        let values = (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        let text = format!("scenario: $n\nexpect: [never: panic]\nvary: {{n: [{values}]}}\n");
        assert_eq!(ScenarioFile::read("a", &text).unwrap().cases.len(), 10_000);
    }
}
