//! The page that says what is covered, in Markdown.

use super::{Class, Cover, Covering, advisor};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const HEAD: &str = "# What the scenarios cover

Made by `brownout coverage --write` from the scenarios' `covers` and `catches`; do not edit it. A scenario that names no
class of failure has that of its folder. What proves a scenario is firmware with that defect, which must fail there:
`brownout prove`.
";

/// The page. It depends on nothing but the scenarios, in whatever order they come.
pub fn page(scenarios: &[Covering]) -> String {
    let scenarios: BTreeSet<_> = scenarios.iter().collect();
    let of = |cover: &Cover| scenarios.iter().filter(|s| s.is_of(cover)).copied().collect::<Vec<_>>();
    let mut out = HEAD.to_owned();
    let classes: Vec<_> = Class::ALL.iter().map(|class| (*class, of(&Cover::Class(*class)))).collect();
    let _ = writeln!(
        out,
        "\n| class of failure | `covers` | scenarios | proved by a defect |\n|---|---|---|---|"
    );
    for (class, scenarios) in &classes {
        let count = if scenarios.is_empty() { "**open**".to_owned() } else { scenarios.len().to_string() };
        let proved = scenarios.iter().filter(|s| s.catches.is_some()).count();
        let name = Cover::Class(*class);
        let _ = writeln!(out, "| {} | `{name}` | {count} | {proved} |", class.title());
    }
    for (class, scenarios) in classes.iter().filter(|(_, scenarios)| !scenarios.is_empty()) {
        let title = class.title();
        let (first, rest) = title.split_at(title.chars().next().map_or(0, char::len_utf8));
        let _ = writeln!(
            out,
            "\n## {}{rest}\n\n| scenario | what happens | defect that proves it |\n|---|---|---|",
            first.to_uppercase()
        );
        for scenario in scenarios {
            let defect = scenario.catches.as_ref().map_or_else(|| "none".to_owned(), |d| format!("`{d}`"));
            let _ = writeln!(out, "| {} | {} | {defect} |", link(scenario), cell(&scenario.title));
        }
    }
    let _ =
        writeln!(out, "\n## AWS IoT Core Device Advisor\n\n| test | a device | scenarios |\n|---|---|---|");
    for (id, what) in advisor::TESTS {
        let _ = writeln!(out, "| `{id}` | {what} | {} |", links(&of(&Cover::Advisor(id))));
    }
    let own: BTreeSet<_> = scenarios
        .iter()
        .flat_map(|scenario| &scenario.covers)
        .filter(|cover| matches!(cover, Cover::Own(_)))
        .collect();
    if !own.is_empty() {
        let _ = writeln!(out, "\n## Other requirements\n\n| requirement | scenarios |\n|---|---|");
        for cover in own {
            let _ = writeln!(out, "| {} | {} |", cell(&cover.to_string()), links(&of(cover)));
        }
    }
    out
}

fn links(scenarios: &[&Covering]) -> String {
    if scenarios.is_empty() {
        return "**open**".to_owned();
    }
    scenarios.iter().map(|scenario| link(scenario)).collect::<Vec<_>>().join(", ")
}

/// The page stands in `scenarios/`.
fn link(scenario: &Covering) -> String {
    format!("[{0}]({0}.yaml)", cell(&scenario.name))
}

/// A text that stays in its cell and says there what it says.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' => out.extend(['\\', c]),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_what_is_covered_what_proves_it_and_what_is_open() {
        let scenario = |name: &str, catches: Option<&str>, covers: &[&str]| Covering {
            name: name.to_owned(),
            title: "it | goes `wrong`".to_owned(),
            catches: catches.map(Into::into),
            covers: covers.iter().map(|cover| cover.parse().unwrap()).collect(),
        };
        let mut scenarios = vec![
            scenario(
                "tls/expired",
                Some("accepts_expired"),
                &["class:credentials", "aws-iot-device-advisor/tls-expired-server-cert"],
            ),
            scenario("power/cut", None, &["class:power", "class:integrity", "REQ_1"]),
        ];
        let text = page(&scenarios);
        insta::assert_snapshot!(text);
        scenarios.reverse();
        assert_eq!(page(&scenarios), text);
    }
}
