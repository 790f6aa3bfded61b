//! The board file's regular expressions, compiled.

use crate::names::{Command, Signal};
use crate::pattern;
use crate::plan::{BoardPlan, CommandWords, Source};
use regex::{Captures, Regex};
use std::collections::BTreeMap;

/// A pattern of a plan that does not compile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern `{pattern}` does not compile: {message}")]
pub struct BadPattern {
    /// The pattern.
    pub pattern: String,
    /// What the regex crate says of it.
    pub message: String,
}

fn compile(pattern: &str) -> Result<Regex, BadPattern> {
    pattern::compile(pattern)
        .map_err(|error| BadPattern { pattern: pattern.to_owned(), message: error.to_string() })
}

/// Recognises signals.
pub(super) struct Matcher {
    console: Vec<(Signal, Regex)>,
    log: Vec<(Signal, Regex)>,
    commands: BTreeMap<Command, CommandWords>,
}

/// A command ready to be sent, with the answers to look for.
pub(super) struct Dialogue {
    pub(super) line: String,
    pub(super) ack: Option<Regex>,
    pub(super) refused: Option<Regex>,
}

impl Matcher {
    pub(super) fn new(board: &BoardPlan) -> Result<Self, BadPattern> {
        let (mut console, mut log) = (Vec::new(), Vec::new());
        for (name, source) in &board.signals {
            match source {
                Source::Console(pattern) => console.push((name.clone(), compile(pattern)?)),
                Source::Log(pattern) => log.push((name.clone(), compile(pattern)?)),
            }
        }
        let matcher = Self { console, log, commands: board.commands.clone() };
        for command in matcher.commands.keys() {
            matcher.dialogue(command, "key", "value")?;
        }
        Ok(matcher)
    }

    pub(super) fn in_line(&self, text: &str) -> Vec<(Signal, BTreeMap<String, String>)> {
        recognise(&self.console, text)
    }

    pub(super) fn in_log(&self, text: &str) -> Vec<(Signal, BTreeMap<String, String>)> {
        recognise(&self.log, text)
    }

    /// The words of a command for one setting and value; `None` inside if the board has no such command.
    pub(super) fn dialogue(
        &self,
        command: &Command,
        key: &str,
        value: &str,
    ) -> Result<Option<Dialogue>, BadPattern> {
        let Some(words) = self.commands.get(command) else { return Ok(None) };
        let fill = |text: &str, key: &str, value: &str| text.replace("{key}", key).replace("{value}", value);
        let (escaped_key, escaped_value) = (regex::escape(key), regex::escape(value));
        let pattern = |text: &Option<String>| -> Result<Option<Regex>, BadPattern> {
            text.as_ref().map(|text| compile(&fill(text, &escaped_key, &escaped_value))).transpose()
        };
        Ok(Some(Dialogue {
            line: fill(&words.send, key, value),
            ack: pattern(&words.ack)?,
            refused: pattern(&words.refused)?,
        }))
    }
}

fn recognise(patterns: &[(Signal, Regex)], text: &str) -> Vec<(Signal, BTreeMap<String, String>)> {
    patterns
        .iter()
        .filter_map(|(name, regex)| Some((name.clone(), fields(regex, &regex.captures(text)?))))
        .collect()
}

/// What the named groups caught.
fn fields(regex: &Regex, caught: &Captures<'_>) -> BTreeMap<String, String> {
    regex
        .capture_names()
        .flatten()
        .filter_map(|name| Some((name.to_owned(), caught.name(name)?.as_str().to_owned())))
        .collect()
}
