//! What a board understands: what is sent to it, by which way, and how it answers.

use crate::board_file::{checked, groups};
use crate::filling::Filling;
use crate::language::decode::{Ruled, Shape};
use crate::language::diagnostic::did_you_mean;
use crate::language::scalar::{from_str, scalar};
use crate::language::{Decode, Diagnostics, Node, Span};
use crate::names::Dut;
use crate::pattern::compile;
use crate::port::Port;
use crate::source::TopicFilter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The command that asks a device to keep a value.
pub const SET: &str = "set";

/// The command that asks a device for a value.
pub const GET: &str = "get";

/// What stands for something in commands and their answers.
pub const PLACEHOLDERS: [&str; 4] = ["{key}", "{value}", "{id}", "{device}"];

/// A command and how the device answers it. `{key}` and `{value}` stand for a setting and its value, `{id}` for a text
/// that no other sending has, `{device}` for the device's own name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandWords {
    /// What is sent.
    pub send: String,
    /// The topic that it is published to; without one it is sent on the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<Route>,
    /// The topics by which the device answers; without them it answers on the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<TopicFilter>,
    /// The answer that says "done": a regular expression; in it, the placeholders match literally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<String>,
    /// The answer that says "no": a regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What takes the place of `{key}` and its like in a sound one, from which faults make unsound ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<BTreeMap<String, String>>,
}

/// By which way a command is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// To which topic.
    pub topic: String,
    /// With which quality of service.
    pub qos: Qos,
    /// Whether the broker keeps it for those who come later.
    pub retain: bool,
}

impl CommandWords {
    /// The ports that it cannot do without.
    pub fn needs(&self) -> Vec<Port> {
        let to = if self.publish.is_some() { Port::Services } else { Port::Console };
        let answered = self.ack.is_some() || self.refused.is_some();
        let from = if self.answers.is_some() { Port::Services } else { Port::Console };
        let mut ports = vec![to];
        ports.extend(Some(from).filter(|from| answered && *from != to));
        ports
    }

    /// A sound one, as its `example` has it. `{n}` in it is a number that no other message of the run has.
    pub(crate) fn sample(&self, dut: &Dut) -> Option<String> {
        let words = self.example.as_ref()?.iter().map(|(word, value)| (word.as_str(), value.as_str()));
        let filling = Filling { words: words.collect(), id: "brownout-{n}".to_owned() };
        Some(filling.fill(&self.send, dut, false))
    }

    /// What of a setting is not said when a value is kept (`set`) or asked for (`get`), and what to do.
    pub(crate) fn not_said(&self, of: SettingCommand) -> Option<Unsaid> {
        for want in of.placeholders() {
            let meant = misspelt(&self.send).is_some_and(|(_, near)| want.contains(near));
            if !self.send.contains(want) && !meant {
                return Some(Unsaid {
                    field: Some("send"),
                    message: format!("has to send `{want}`"),
                    label: format!("`{want}` is not in it"),
                    help: "`{key}` stands for the setting, `{value}` for what it becomes".to_owned(),
                });
            }
        }
        match (&self.ack, of) {
            (None, _) => Some(Unsaid {
                field: None,
                message: "needs an `ack`".to_owned(),
                label: "`ack` is missing here".to_owned(),
                help: format!("say how the device answers, like `ack: {}`", of.example()),
            }),
            (Some(ack), SettingCommand::Get)
                if !compile(&filled(ack)).is_ok_and(|regex| groups(&regex).contains("value")) =>
            {
                Some(Unsaid {
                    field: Some("ack"),
                    message: "needs a group named `value` in its answer".to_owned(),
                    label: "no such group".to_owned(),
                    help: r"write `(?<value>\S+)` where the value stands".to_owned(),
                })
            }
            _ => None,
        }
    }
}

/// What a command is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettingCommand {
    /// A value is to be kept.
    Set,
    /// A value is asked for.
    Get,
}

impl SettingCommand {
    const fn placeholders(self) -> &'static [&'static str] {
        match self {
            Self::Set => &["{key}", "{value}"],
            Self::Get => &["{key}"],
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Set => "'ok: {key}={value}'",
            Self::Get => r"'value: {key}=(?<value>\S+)'",
        }
    }
}

/// What a command does not say, and has to.
pub(crate) struct Unsaid {
    /// The field in which, if it is there.
    pub(crate) field: Option<&'static str>,
    /// What, behind the command's name.
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: String,
}

/// An answer's pattern with something in the place of what stands for something.
fn filled(pattern: &str) -> String {
    PLACEHOLDERS
        .iter()
        .fold(pattern.to_owned(), |text, word| text.replace(word, word.trim_matches(['{', '}'])))
}

/// A placeholder that is written nearly right, and what was probably meant. Other words in braces may be the device's
/// own.
fn misspelt(send: &str) -> Option<(String, &'static str)> {
    let known = PLACEHOLDERS.map(|word| word.trim_matches(['{', '}']));
    send.split('{').skip(1).find_map(|rest| {
        let (word, _) = rest.split_once('}')?;
        did_you_mean(word, known).filter(|near| *near != word).map(|near| (word.to_owned(), near))
    })
}

/// Complains of what the commands of a board file cannot mean.
pub(crate) fn consistent(commands: &BTreeMap<String, CommandWords>, node: &Node, out: &mut Diagnostics) {
    let mut shown = None;
    let span = |name: &str, field: &str| {
        let of = node.at(&["commands", name]).map_or(node.span, |node| node.span);
        node.at(&["commands", name, field]).map_or(of, |node| node.span)
    };
    for (name, words) in commands {
        if let Some((written, near)) = misspelt(&words.send) {
            let help = format!("did you mean `{{{near}}}`?");
            let message = format!("unknown placeholder `{{{written}}}`");
            out.error(span(name, "send"), message, "not a placeholder", Some(help));
        }
        if let Some(example) = &words.example {
            if let Some(of) = shown.replace(name) {
                out.error(
                    span(name, "example"),
                    format!("an example of `{name}`, and one of `{of}` before"),
                    "a second one",
                    Some("keep one: it is what faulty commands are made from".to_owned()),
                );
            }
            complete(name, words, example, span(name, "example"), out);
        }
        if words.answers.is_some() && words.ack.is_none() && words.refused.is_none() {
            out.error(
                span(name, "answers"),
                format!("`{name}` is answered on a topic, but nothing says how"),
                "neither `ack` nor `refused`",
                Some(r#"say what an answer looks like: `ack: '"id":"{id}","ok":true'`"#.to_owned()),
            );
        }
    }
    for (name, of) in [(SET, SettingCommand::Set), (GET, SettingCommand::Get)] {
        if let Some(unsaid) = commands.get(name).and_then(|words| words.not_said(of)) {
            let at = unsaid.field.map_or_else(|| span(name, ""), |field| span(name, field));
            out.error(at, format!("`{name}` {}", unsaid.message), unsaid.label, Some(unsaid.help));
        }
    }
}

/// Complains of an example that leaves something open, or fills what is not there.
fn complete(
    name: &str,
    words: &CommandWords,
    example: &BTreeMap<String, String>,
    span: Span,
    out: &mut Diagnostics,
) {
    let open = ["key", "value"]
        .into_iter()
        .find(|word| words.send.contains(&format!("{{{word}}}")) && !example.contains_key(*word));
    if let Some(word) = open {
        out.error(
            span,
            format!("the example of `{name}` does not say what takes the place of `{{{word}}}`"),
            format!("no `{word}`"),
            Some("write one that the device obeys: `example: {key: target, value: 21.5}`".to_owned()),
        );
    }
    if let Some(word) = example.keys().find(|word| !words.send.contains(&format!("{{{word}}}"))) {
        out.error(
            span,
            format!("`{{{word}}}` is not in what `{name}` sends"),
            "takes the place of nothing",
            Some(format!("take `{word}` away, or write `{{{word}}}` where it belongs")),
        );
    }
}

impl Decode for CommandWords {
    fn shape() -> Shape {
        Shape::Record(CommandShape::RECORD)
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let CommandShape { send, publish, qos, retain, answers, ack, refused, example } =
            CommandShape::decode(node, out)?;
        let published_only =
            ["qos", "retain", "example"].iter().find_map(|field| node.at(&[field]).map(|node| (field, node)));
        if let (None, Some((field, at))) = (&publish, published_only) {
            out.error(
                at.span,
                format!("`{field}` is for what is published"),
                "sent on the console",
                Some("say where to: `publish: 'devices/{device}/command'`".to_owned()),
            );
            return None;
        }
        let publish = publish.map(|Topic(topic)| Route { topic, qos, retain });
        Some(Self { send, publish, answers, ack: ack.map(|a| a.0), refused: refused.map(|r| r.0), example })
    }
}

crate::record! {
    /// A command: a line on the console or, with `publish`, a message. In it `{key}` and `{value}` stand for a setting and
    /// its value, `{id}` for a text that no other sending has, `{device}` for the device's own name.
    pub struct CommandShape {
        /// What is sent.
        send: String = "send" (NotEmpty),
        /// The topic that it is published to; `{device}` in it stands for the device's own name.
        publish: Option<Topic> = "publish" optional,
        /// The quality of service of what is published.
        qos: Qos = "qos" or Qos::AtLeastOnce,
        /// Whether the broker keeps what is published.
        retain: bool = "retain" or false,
        /// The topics by which the device answers, where that is not the console: a filter with `+` and `#`.
        answers: Option<TopicFilter> = "answers" optional,
        /// A regular expression for the answer that says "done".
        ack: Option<Answer> = "ack" optional,
        /// A regular expression for the answer that says "no".
        refused: Option<Answer> = "refused" optional,
        /// What takes the place of `{key}` and its like in a sound one, such as `{key: target, value: 21.5}`. Faults that spoil
        /// commands, like `payload`, make theirs from it; so at most one command has any.
        example: Option<BTreeMap<String, String>> = "example" optional,
    }
}

/// A pattern in which `{key}`, `{value}`, `{id}` and `{device}` match literally.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answer(pub String);

impl Decode for Answer {
    fn shape() -> Shape {
        Shape::Scalar("a regular expression; `{key}` and its like match literally", "'ok: {key}'")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let text = scalar(node, "a regular expression", out)?;
        checked(node, text, &filled(text), out).map(|_| Self(text.to_owned()))
    }
}

/// A topic to which can be published (MQTT 5.0 section 4.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Topic(pub String);

impl std::str::FromStr for Topic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        crate::source::topic(text).map(|()| Self(text.to_owned()))
    }
}

impl Ruled for Topic {}

impl Decode for Topic {
    fn shape() -> Shape {
        Shape::Scalar("a topic", "'devices/{device}/command'")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a topic", out)
    }
}

/// Quality of service of a message to the device (MQTT 5.0 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Qos {
    /// At most once.
    #[serde(rename = "0")]
    AtMostOnce,
    /// At least once.
    #[serde(rename = "1")]
    AtLeastOnce,
}

crate::words!(Qos { AtMostOnce = "0", AtLeastOnce = "1" });

impl Qos {
    /// As it stands in the packet.
    pub const fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CommandWords;
    use crate::names::Dut;

    #[test]
    fn an_example_fills_what_is_sent() {
        let words = |example: &[(&str, &str)]| CommandWords {
            send: r#"{"id":"{id}","to":"{device}","set":{"{key}":{value}}}"#.to_owned(),
            example: Some(
                example.iter().map(|(word, value)| ((*word).to_owned(), (*value).to_owned())).collect(),
            ),
            ..CommandWords::default()
        };
        let dut = Dut::from("d-1");
        assert_eq!(
            words(&[("key", "target"), ("value", "21.5")]).sample(&dut).as_deref(),
            Some(r#"{"id":"brownout-{n}","to":"d-1","set":{"target":21.5}}"#)
        );
        // What is put in is not looked at again.
        assert!(
            words(&[("key", "{value}"), ("value", "1")]).sample(&dut).unwrap().ends_with(r#"{"{value}":1}}"#)
        );
        assert_eq!(CommandWords::default().sample(&dut), None);
    }
}
