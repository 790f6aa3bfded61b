//! `{mqtt: 'devices/+/telemetry', sequence: /seq}`: a signal that is a message of the device.

use crate::check::SEQUENCE;
use crate::language::decode::{Ruled, Shape};
use crate::language::scalar::from_str;
use crate::language::{Decode, Diagnostics, Node};
use crate::names::Dut;
use crate::network::Payload;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The most fields that are taken out of one message.
const FIELDS_AT_MOST: usize = 64;

/// The most characters of a field, and of its name.
const TEXT_AT_MOST: usize = 256;

/// Which messages of the device are a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Their topics.
    pub topic: TopicFilter,
    /// Where their sequence number stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Pointer>,
}

crate::record! {
    /// A message that the device publishes to such a topic. Its payload, if it is an object in JSON, gives the fields: its
    /// values that are texts, numbers or truth values. `{device}` in the topic stands for the device's own name.
    ///
    /// `{mqtt: 'devices/+/telemetry', sequence: /seq}`
    pub struct MqttShape {
        /// The topics: a filter with `+` and `#` (MQTT 5.0 section 4.7).
        topic: TopicFilter = "mqtt",
        /// Where the sequence number of a message stands in its payload (RFC 6901); it becomes the field `seq`.
        sequence: Option<Pointer> = "sequence" optional,
    }
}

impl From<MqttShape> for Published {
    fn from(shape: MqttShape) -> Self {
        Self { topic: shape.topic, sequence: shape.sequence }
    }
}

impl Published {
    /// What a payload says: the scalars of the object that it is, and its sequence number. Nothing of one that is no
    /// JSON. Texts are cut off behind 256 characters, and at most 64 fields are taken.
    pub fn fields(&self, payload: &Payload) -> BTreeMap<String, String> {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&payload.0) else {
            return BTreeMap::new();
        };
        let scalars = value.as_object().into_iter().flatten();
        let mut fields: BTreeMap<_, _> = scalars
            .filter_map(|(key, value)| Some((capped(key), scalar(value)?)))
            .take(FIELDS_AT_MOST)
            .collect();
        if let Some(sequence) = self.sequence.as_ref().and_then(|at| value.pointer(&at.0)).and_then(scalar) {
            fields.insert(SEQUENCE.to_owned(), sequence);
        }
        fields
    }
}

fn capped(text: &str) -> String {
    text.chars().take(TEXT_AT_MOST).collect()
}

fn scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(capped(text)),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

/// A topic filter (MQTT 5.0 section 4.7): `+` stands for one level, `#` at the end for all that follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicFilter(String);

impl TopicFilter {
    /// Whether a topic passes. Topics that begin with `$` pass no filter that begins with a wildcard.
    pub fn matches(&self, topic: &str) -> bool {
        if topic.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut levels = topic.split('/');
        for wanted in self.0.split('/') {
            match (wanted, levels.next()) {
                ("#", _) | ("+", Some(_)) => {}
                (wanted, Some(level)) if wanted == level => {}
                _ => return false,
            }
            if wanted == "#" {
                return true;
            }
        }
        levels.next().is_none()
    }

    /// The same with `{device}` replaced by the name of a device.
    #[must_use]
    pub fn of(&self, dut: &Dut) -> Self {
        Self(self.0.replace(DEVICE, dut.as_str()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What stands for the name of the device in a topic.
pub(crate) const DEVICE: &str = "{device}";

/// The longest topic, in bytes (MQTT 5.0 section 1.5.4).
const TOPIC_AT_MOST: usize = 65_535;

/// Why a text is neither topic nor filter.
fn no_topic(text: &str) -> Option<String> {
    if text.is_empty() {
        Some("a topic is not empty; write one like `devices/+/telemetry`".to_owned())
    } else if text.len() > TOPIC_AT_MOST || text.contains('\0') {
        Some("a topic has at most 65535 bytes, none of them zero; take a shorter one".to_owned())
    } else {
        None
    }
}

/// Checks that a text is the name of a topic, to which can be published (MQTT 5.0 section 4.7).
pub(crate) fn topic(text: &str) -> Result<(), String> {
    match no_topic(text) {
        Some(why) => Err(why),
        None if text.contains(['+', '#']) => {
            Err(format!("nothing can be published to `{text}`; `+` and `#` are for filters"))
        }
        None => Ok(()),
    }
}

impl FromStr for TopicFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(why) = no_topic(text) {
            return Err(why);
        }
        let mut levels = text.split('/').peekable();
        while let Some(level) = levels.next() {
            if level.len() > 1 && level.contains(['+', '#']) {
                return Err(format!(
                    "a wildcard takes a whole level, and `{level}` has more; write `/+/` or `/#`"
                ));
            }
            if level == "#" && levels.peek().is_some() {
                return Err("`#` is the last level or none; write `+` for a level in the middle".to_owned());
            }
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for TopicFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TopicFilter> for String {
    fn from(filter: TopicFilter) -> Self {
        filter.0
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ruled for TopicFilter {}

impl Decode for TopicFilter {
    fn shape() -> Shape {
        Shape::Scalar("a topic filter", "'devices/+/telemetry'")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a topic filter", out)
    }
}

/// A place in a JSON document (RFC 6901): `/seq`, `/meta/counter`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer(String);

impl FromStr for Pointer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!(
                "`{text}` is no JSON pointer (RFC 6901); write it like `/seq` or `/meta/counter`"
            ));
        }
        let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if escaped {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` has a `~` that escapes nothing; write `~0` for `~` and `~1` for `/`"))
        }
    }
}

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.0
    }
}

impl Ruled for Pointer {}

impl Decode for Pointer {
    fn shape() -> Shape {
        Shape::Scalar("a JSON pointer", "/seq")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a JSON pointer", out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn filters_match_as_the_standard_says() {
        for (filter, topic, passes) in [
            ("devices/+/telemetry", "devices/a/telemetry", true),
            ("devices/+/telemetry", "devices/telemetry", false),
            ("devices/+/telemetry", "devices/a/b/telemetry", false),
            ("devices/+/telemetry", "devices/a/telemetry/x", false),
            ("devices/#", "devices/a/b", true),
            ("devices/#", "devices", true),
            ("#", "a/b", true),
            ("#", "$SYS/load", false),
            ("+/load", "$SYS/load", false),
            ("$SYS/#", "$SYS/load", true),
            ("+", "", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
        ] {
            let filter: TopicFilter = filter.parse().unwrap();
            assert_eq!(filter.matches(topic), passes, "{filter} {topic}");
        }
        for wrong in ["", "a/b+", "a#", "#/a", "a/\0"] {
            assert!(wrong.parse::<TopicFilter>().is_err(), "{wrong}");
        }
        assert!(topic("devices/+/x").is_err() && topic("devices/a/x").is_ok());
    }

    #[test]
    fn a_payload_gives_its_scalars_and_its_sequence_number() {
        let source = Published { topic: "a".parse().unwrap(), sequence: Some("/meta/n~1m".parse().unwrap()) };
        let json = r#"{"temp":21.50,"heater":true,"mode":"normal","none":null,"meta":{"n/m":7},"list":[1]}"#;
        let fields = source.fields(&Payload::from(json));
        let expected =
            [("heater", "true"), ("mode", "normal"), ("none", "null"), ("seq", "7"), ("temp", "21.50")];
        assert!(fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).eq(expected), "{fields:?}");
        for hostile in ["[1,2]", "no json", "{\"a\":", "7", &"[".repeat(100_000)] {
            assert!(source.fields(&Payload::from(hostile)).is_empty());
        }
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(4000));
        assert_eq!(source.fields(&Payload::from(long.as_str()))["a"].len(), 256);
        let wrong = ["seq", "/a~2", "/~"];
        assert!(wrong.iter().all(|text| text.parse::<Pointer>().is_err()));
    }

    proptest! {
        #[test]
        fn a_topic_without_wildcards_passes_itself(topic in "[a-z$/]{1,12}", other in "[a-z$/+#]{0,12}") {
            prop_assert!(topic.parse::<TopicFilter>().unwrap().matches(&topic));
            if let Ok(filter) = other.parse::<TopicFilter>() {
                filter.matches(&topic);
            }
        }

        #[test]
        fn any_payload_gives_fields_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let source = Published { topic: "a".parse().unwrap(), sequence: None };
            source.fields(&Payload(bytes));
        }
    }
}
