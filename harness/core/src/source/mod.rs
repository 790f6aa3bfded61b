//! Where a signal is recognised: on the console, in the log, in what the device publishes, in its traffic.

mod mqtt;
mod network;

pub(crate) use mqtt::{DEVICE, topic};
pub use mqtt::{Pointer, Published, TopicFilter};
pub use network::NetworkSignal;

use crate::board_file::{groups, pattern};
use crate::language::decode::{Shape, one_kind};
use crate::language::{Decode, Diagnostics, Node, Value};
use crate::pattern::compile;
use crate::port::Port;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where a signal is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A console line that a regular expression matches.
    Console(String),
    /// A log message of the firmware (defmt over RTT) that a regular expression matches.
    Log(String),
    /// A message that the device publishes.
    Mqtt(Published),
    /// Something that every device on a network does.
    Network(NetworkSignal),
}

/// A kind of source: its word, and what stands behind it.
pub type SourceKind = (&'static str, fn() -> Shape);

impl Source {
    /// The words of its kinds, and what stands behind them.
    pub const TABLE: &'static [SourceKind] = &[
        ("console", || Shape::Scalar("a regular expression", "'app: ready'")),
        ("log", || Shape::Scalar("a regular expression", "'app: ready'")),
        ("mqtt", || Shape::Record(mqtt::MqttShape::RECORD)),
        ("network", NetworkSignal::shape),
    ];

    /// The names of what it catches; `None` where only the device knows them.
    pub fn groups(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::Console(pattern) | Self::Log(pattern) => {
                Some(compile(pattern).map(|regex| groups(&regex)).unwrap_or_default())
            }
            Self::Mqtt(_) => None,
            Self::Network(signal) => Some(signal.groups().iter().map(|group| (*group).to_owned()).collect()),
        }
    }

    /// The port by which it comes.
    pub const fn port(&self) -> Port {
        match self {
            Self::Console(_) => Port::Console,
            Self::Log(_) => Port::Debug,
            Self::Mqtt(_) => Port::Services,
            Self::Network(signal) => signal.port(),
        }
    }
}

impl Decode for Source {
    fn shape() -> Shape {
        Shape::Kind("sources")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        // `sequence` stands beside `mqtt`, not inside it.
        if let Value::Map(entries) = &node.value
            && entries.iter().any(|(key, _)| key.text == "mqtt")
        {
            return mqtt::MqttShape::decode(node, out).map(|shape| Self::Mqtt(shape.into()));
        }
        let words: Vec<_> = Self::TABLE.iter().map(|(word, _)| *word).collect();
        let (word, value) = one_kind(node, "source", &words, out)?;
        match word {
            "network" => NetworkSignal::decode(value, out).map(Self::Network),
            "log" => pattern(value, out).map(Self::Log),
            _ => pattern(value, out).map(Self::Console),
        }
    }
}
