//! The board file's signals and commands, ready to be recognised and sent.

use crate::action::Action;
use crate::command::CommandWords;
use crate::event::What;
use crate::filling::Filling;
use crate::names::{Command, Dut, Signal};
use crate::network::{MqttSeen, Payload, Publication, Service, Traffic};
use crate::pattern;
use crate::plan::BoardPlan;
use crate::source::{DEVICE, NetworkSignal, Published, Source, TopicFilter};
use regex::{Captures, Regex};
use std::borrow::Cow;
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

/// Recognises signals, and knows the words of commands.
pub(super) struct Matcher {
    dut: Dut,
    console: Vec<(Signal, Regex)>,
    log: Vec<(Signal, Regex)>,
    /// The topics are those of the device itself.
    mqtt: Vec<(Signal, Published)>,
    network: Vec<(Signal, NetworkSignal)>,
    commands: BTreeMap<Command, CommandWords>,
}

type Recognised = Vec<(Signal, BTreeMap<String, String>)>;

/// A command ready to be sent, with the answers to look for.
pub(super) struct Dialogue {
    pub(super) message: Message,
    /// The topics by which it is answered; `None` for the console.
    answers: Option<TopicFilter>,
    pub(super) ack: Option<Regex>,
    pub(super) refused: Option<Regex>,
}

/// What is sent.
#[derive(Clone)]
pub(super) enum Message {
    /// A line on the console.
    Line(String),
    /// A message of the cloud.
    Publish(Publication),
}

impl Message {
    /// In words, for the timeline.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Line(line) => line.clone(),
            Self::Publish(message) => message.payload.shown(),
        }
    }

    /// What sends it.
    pub(super) fn action(self) -> Action {
        match self {
            Self::Line(line) => Action::Send { line },
            Self::Publish(message) => Action::Publish(message),
        }
    }
}

impl Dialogue {
    /// The text in which an event may answer, if it may.
    pub(super) fn answer<'e>(&self, dut: &Dut, what: &'e What) -> Option<Cow<'e, str>> {
        match (&self.answers, what) {
            (None, What::Console { dut: of, text, .. }) if of == dut => Some(Cow::Borrowed(text)),
            (
                Some(topics),
                What::Traffic { dut: of, seen: Traffic::Mqtt(MqttSeen::Publish { topic, payload, .. }) },
            ) if of == dut && topics.matches(topic) => Some(String::from_utf8_lossy(&payload.0)),
            _ => None,
        }
    }
}

impl Matcher {
    pub(super) fn new(board: &BoardPlan, dut: &Dut) -> Result<Self, BadPattern> {
        let mut matcher = Self {
            dut: dut.clone(),
            console: Vec::new(),
            log: Vec::new(),
            mqtt: Vec::new(),
            network: Vec::new(),
            commands: board.commands.clone(),
        };
        for (name, source) in &board.signals {
            let name = name.clone();
            match source {
                Source::Console(pattern) => matcher.console.push((name, compile(pattern)?)),
                Source::Log(pattern) => matcher.log.push((name, compile(pattern)?)),
                Source::Mqtt(of) => {
                    let (topic, sequence) = (of.topic.of(dut), of.sequence.clone());
                    matcher.mqtt.push((name, Published { topic, sequence }));
                }
                Source::Network(signal) => matcher.network.push((name, *signal)),
            }
        }
        let filling = Filling { words: vec![("key", "key"), ("value", "value")], id: "id".to_owned() };
        for command in matcher.commands.keys() {
            matcher.dialogue(command, &filling)?;
        }
        Ok(matcher)
    }

    /// Whether it is of this device.
    pub(super) fn is_of(&self, dut: &Dut) -> bool {
        self.dut == *dut
    }

    pub(super) fn in_line(&self, text: &str) -> Recognised {
        recognise(&self.console, text)
    }

    pub(super) fn in_log(&self, text: &str) -> Recognised {
        recognise(&self.log, text)
    }

    /// `service` is that of the connection, if it is of one.
    pub(super) fn in_traffic(&self, seen: &Traffic, service: Option<Service>) -> Recognised {
        let mut recognised = Vec::new();
        if !self.network.is_empty()
            && let Some((signal, fields)) = NetworkSignal::of(seen, service)
        {
            let named = self.network.iter().filter(|(_, of)| *of == signal);
            recognised.extend(named.map(|(name, _)| (name.clone(), fields.clone())));
        }
        if let Traffic::Mqtt(MqttSeen::Publish { topic, payload, .. }) = seen {
            let named = self.mqtt.iter().filter(|(_, of)| of.topic.matches(topic));
            recognised.extend(named.map(|(name, of)| (name.clone(), of.fields(payload))));
        }
        recognised
    }

    /// The words of a command with something in the place of `{key}` and its like; `None` inside if the board has no
    /// such command.
    pub(super) fn dialogue(
        &self,
        command: &Command,
        filling: &Filling<'_>,
    ) -> Result<Option<Dialogue>, BadPattern> {
        let Some(words) = self.commands.get(command) else { return Ok(None) };
        let pattern = |text: &Option<String>| -> Result<Option<Regex>, BadPattern> {
            text.as_ref().map(|text| compile(&filling.fill(text, &self.dut, true))).transpose()
        };
        let text = filling.fill(&words.send, &self.dut, false);
        let message = match &words.publish {
            None => Message::Line(text),
            Some(route) => Message::Publish(Publication {
                topic: self.topic(&route.topic),
                payload: Payload(text.into_bytes()),
                qos: route.qos.level(),
                retain: route.retain,
            }),
        };
        Ok(Some(Dialogue {
            message,
            answers: words.answers.as_ref().map(|topics| topics.of(&self.dut)),
            ack: pattern(&words.ack)?,
            refused: pattern(&words.refused)?,
        }))
    }

    /// A topic with the device's name in it.
    pub(super) fn topic(&self, topic: &str) -> String {
        topic.replace(DEVICE, self.dut.as_str())
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
