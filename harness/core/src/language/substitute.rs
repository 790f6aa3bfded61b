//! `vary` and `$name`: one text, many cases.
//!
//! `$name` or `${name}` in a value stands for the value that `name` has in a case, and `$$` for a `$`. A `$` before
//! anything else is just a `$`. It happens on the tree, before typing, so `within: ${n}s` is as good as `within: $t`.
//! Keys are left alone.

use super::diagnostic::{Diagnostics, did_you_mean};
use super::node::{Key, Node, Span, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How many cases a scenario may have.
pub const MAX_CASES: usize = 10_000;

/// The label at a name that no case has.
pub(crate) const NOT_VARIED: &str = "not under `vary`";

/// The values of one case, by name.
pub type Case = BTreeMap<String, String>;

/// One name with the values that it takes in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The name, where it stands.
    pub name: Key,
    /// Its values as written.
    pub values: Vec<String>,
}

/// Reads the mapping under `vary`.
pub fn axes(node: &Node, out: &mut Diagnostics) -> Option<Vec<Axis>> {
    let entries = match &node.value {
        Value::Map(entries) => entries,
        Value::Null => return Some(Vec::new()),
        other => {
            out.error(
                node.span,
                format!("expected a mapping from names to lists of values, found {}", other.kind()),
                "expected a mapping",
                Some("write it as `{cut_at: [1%, 25%]}`".to_owned()),
            );
            return None;
        }
    };
    let axes: Vec<_> = entries.iter().map(|(key, node)| axis(key, node, out)).collect();
    let axes = axes.into_iter().collect::<Option<Vec<_>>>()?;
    let cases = axes.iter().try_fold(1usize, |n, axis| n.checked_mul(axis.values.len()));
    match cases {
        Some(n) if n <= MAX_CASES => Some(axes),
        _ => {
            let count = cases.map_or_else(|| "too many".to_owned(), |n| n.to_string());
            out.error(
                node.span,
                format!("this makes {count} cases; at most {MAX_CASES} are run"),
                "too many cases",
                Some("take some values away, or make two scenarios of it".to_owned()),
            );
            None
        }
    }
}

fn axis(key: &Key, node: &Node, out: &mut Diagnostics) -> Option<Axis> {
    if !is_name(&key.text) {
        out.error(
            key.span,
            format!("`{}` cannot be a name for `$`", key.text.replace('`', "'")),
            "not a name",
            Some("a name has letters, digits and `_`, and begins with a letter".to_owned()),
        );
        return None;
    }
    let Value::List(items) = &node.value else {
        out.error(
            node.span,
            format!("expected a list of values, found {}", node.value.kind()),
            "expected a list",
            Some(format!("write `{}: [first, second]`", key.text)),
        );
        return None;
    };
    if items.is_empty() {
        out.error(node.span, format!("`{}` has no values", key.text), "expected at least one value", None);
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut values = Vec::new();
    let mut whole = true;
    for item in items {
        match &item.value {
            Value::Scalar { text, .. } if seen.insert(text.as_str()) => values.push(text.clone()),
            Value::Scalar { text, .. } => {
                out.error(item.span, format!("`{text}` stands twice"), "the second one", None);
                whole = false;
            }
            other => {
                out.error(
                    item.span,
                    format!("expected a value, found {}", other.kind()),
                    "expected a value",
                    None,
                );
                whole = false;
            }
        }
    }
    whole.then(|| Axis { name: key.clone(), values })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Every combination of values, the last name turning fastest. One empty case if there are no names.
pub fn cases(axes: &[Axis]) -> Vec<Case> {
    axes.iter().fold(vec![Case::new()], |cases, axis| {
        cases
            .iter()
            .flat_map(|case| {
                axis.values.iter().map(|value| {
                    let mut case = case.clone();
                    case.insert(axis.name.text.clone(), value.clone());
                    case
                })
            })
            .collect()
    })
}

/// The case in words: `cut_at=25%`, several joined by `,` in the order of their names; empty for the only case.
pub fn case_name(case: &Case) -> String {
    case.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

/// Puts values in for names.
pub struct Substitution<'a> {
    case: &'a Case,
    used: BTreeSet<String>,
    changed: Vec<(Span, Vec<String>)>,
    unknown: Vec<Span>,
}

impl<'a> Substitution<'a> {
    /// For one case.
    pub fn of(case: &'a Case) -> Self {
        Self { case, used: BTreeSet::new(), changed: Vec::new(), unknown: Vec::new() }
    }

    /// The node with all values in place. A name that the case does not have is a problem.
    pub fn apply(&mut self, node: &Node, out: &mut Diagnostics) -> Node {
        let value = match &node.value {
            Value::Null => Value::Null,
            Value::Scalar { text, plain } if text.contains('$') => {
                Value::Scalar { text: self.text(text, node.span, out), plain: *plain }
            }
            Value::Scalar { .. } => node.value.clone(),
            Value::List(items) => Value::List(items.iter().map(|item| self.apply(item, out)).collect()),
            Value::Map(entries) => {
                Value::Map(entries.iter().map(|(key, value)| (key.clone(), self.apply(value, out))).collect())
            }
        };
        Node { span: node.span, value }
    }

    /// The names used so far.
    pub fn used(&self) -> &BTreeSet<String> {
        &self.used
    }

    /// Where a name stands that the case does not have.
    pub fn unknown(&self) -> &[Span] {
        &self.unknown
    }

    /// What the names at a place stood for (`$hold = 30`), if any stand there.
    pub fn note(&self, span: Span) -> Option<String> {
        let (_, names) = self.changed.iter().find(|(changed, _)| *changed == span)?;
        let values = names.iter().map(|name| format!("${name} = {}", self.case[name])).collect::<Vec<_>>();
        Some(values.join(", "))
    }

    fn text(&mut self, text: &str, span: Span, out: &mut Diagnostics) -> String {
        let mut result = String::with_capacity(text.len());
        let mut names = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            result.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix('$') {
                result.push('$');
                rest = after;
                continue;
            }
            let (name, after) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, after)) if is_name(name) => (name, after),
                _ => {
                    let end =
                        after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                    after.split_at(end)
                }
            };
            if !is_name(name) {
                result.push('$');
                rest = &rest[at + 1..];
                continue;
            }
            match self.case.get(name) {
                Some(value) => {
                    result.push_str(value);
                    self.used.insert(name.to_owned());
                    names.push(name.to_owned());
                }
                None => {
                    self.unknown.push(span);
                    unknown(name, self.case, span, out);
                }
            }
            rest = after;
        }
        result.push_str(rest);
        if !names.is_empty() {
            self.changed.push((span, names));
        }
        result
    }
}

fn unknown(name: &str, case: &Case, span: Span, out: &mut Diagnostics) {
    let names = || case.keys().map(String::as_str);
    let help = match did_you_mean(name, names()) {
        Some(near) => format!("did you mean `${near}`?"),
        None if case.is_empty() => {
            format!("give it values: `vary: {{{name}: [first, second]}}`; or write `$$` for a `$`")
        }
        None => format!("`vary` has: {}; write `$$` for a `$`", names().collect::<Vec<_>>().join(", ")),
    };
    out.error(span, format!("unknown name `${name}`"), NOT_VARIED, Some(help));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::parse;

    fn substituted(text: &str, case: &[(&str, &str)]) -> Result<String, String> {
        let case = case.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let node =
            Node { span: Span::default(), value: Value::Scalar { text: text.to_owned(), plain: true } };
        let mut out = Diagnostics::new();
        let node = Substitution::of(&case).apply(&node, &mut out);
        match (node.value, out.into_sorted().pop()) {
            (Value::Scalar { text, .. }, None) => Ok(text),
            (_, problem) => Err(problem.map(|p| p.message).unwrap_or_default()),
        }
    }

    #[test]
    fn names_are_replaced_in_whole_and_in_part() {
        let case = [("n", "5"), ("cut_at", "25%")];
        assert_eq!(substituted("$cut_at", &case).unwrap(), "25%");
        assert_eq!(substituted("${n}ms and $n/s", &case).unwrap(), "5ms and 5/s");
        assert_eq!(substituted("$$n costs 3$ or $$", &case).unwrap(), "$n costs 3$ or $");
        assert_eq!(substituted("$nms", &case).unwrap_err(), "unknown name `$nms`");
    }

    #[test]
    fn a_value_is_not_substituted_again() {
        assert_eq!(substituted("$a", &[("a", "$b"), ("b", "c")]).unwrap(), "$b");
    }

    #[test]
    fn the_last_name_turns_fastest() {
        let mut out = Diagnostics::new();
        let axes = axes(&parse("{b: [1, 2], a: [x, y]}").unwrap(), &mut out).unwrap();
        let names: Vec<_> = cases(&axes).iter().map(case_name).collect();
        assert_eq!(names, ["a=x,b=1", "a=y,b=1", "a=x,b=2", "a=y,b=2"]);
    }

    #[test]
    fn without_names_there_is_one_case() {
        assert_eq!(cases(&[]), [Case::new()]);
        assert_eq!(case_name(&Case::new()), "");
    }

    #[test]
    fn too_many_cases_are_refused() {
        let values = (0..101).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        let text = format!("{{a: [{values}], b: [{values}]}}");
        let mut out = Diagnostics::new();
        assert!(axes(&parse(&text).unwrap(), &mut out).is_none());
        assert_eq!(out.into_sorted()[0].message, "this makes 10201 cases; at most 10000 are run");
    }
}
